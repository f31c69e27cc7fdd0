"""Run a capsule again and say whether it comes out the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tradewind.config.plan import Plan
from tradewind.errors import ConfigError
from tradewind.journal import read_journal
from tradewind.runs.capsule import load_result, read_provenance
from tradewind.runs.compare import Difference, first_record_difference
from tradewind.runs.execute import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.model import Result
    from tradewind.registry import Registry

__all__ = ["Reproduction", "kept_plan", "reproduce"]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Outcome of a reproduction.

    Parameters
    ----------
    same_decisions, same_data
        Whether the hashes are equal.
    decision_hash
        Hash of the new run.
    causes
        Versions and code that have changed since.
    first
        First differing journal record.
    """

    run: str
    same_decisions: bool
    same_data: bool
    decision_hash: str
    causes: tuple[str, ...]
    first: Difference | None


def kept_plan(capsule: Path, result: Result) -> Plan:
    """Return the plan of a kept run.

    Raises
    ------
    ConfigError
        If this version reads another configuration.
    """
    try:
        return Plan.model_validate(dict(result.config))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{capsule / 'config.yaml'}: {path}: {first['msg']}; this version reads another configuration"
        ) from error


def reproduce(
    capsule: Path, registry: Registry, progress: Callable[[str, int, int], None] | None = None
) -> Reproduction:
    """Execute the resolved configuration of a capsule and compare hashes and journal.

    A partial run is repeated up to its last bar.
    """
    before = load_result(capsule)
    provenance = read_provenance(capsule)
    plan = kept_plan(capsule, before)
    last = before.data["bars"] - 1 if before.status == "partial" else None

    def report(phase: str, bar: int, total: int) -> None:
        if progress is not None:
            progress(phase, bar, total)

    execution = execute(plan, registry, directory=Path(provenance["config_directory"]), progress=report, last_bar=last)
    now = execution.result
    changed = [
        f"{name}: {provenance[kind].get(name)} then, {new} now"
        for kind, current in (("versions", now.versions), ("code", execution.code))
        for name, new in current.items()
        if provenance[kind].get(name) != new
    ]
    return Reproduction(
        run=capsule.name,
        same_decisions=now.decision_hash == before.decision_hash,
        same_data=now.data_hash == before.data_hash,
        decision_hash=now.decision_hash,
        causes=tuple(changed),
        first=first_record_difference(read_journal(capsule / "journal.jsonl"), execution.journal.records),
    )
