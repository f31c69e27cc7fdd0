"""Verify a plan from its configuration, a kept run, or a run that has just ended."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.config.loader import check_plan
from tradewind.engine.assemble import Builder, check_needs
from tradewind.errors import TradewindError, UserError
from tradewind.runs.capsule import load_result, read_provenance, write_verification
from tradewind.runs.execute import read_data, run_over
from tradewind.runs.provenance import code_hashes, versions_of
from tradewind.runs.reproduce import kept_plan
from tradewind.verify import verify, verify_shortly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.config.loader import LoadedPlan
    from tradewind.model import Bars
    from tradewind.registry import Registry
    from tradewind.runs.execute import Execution
    from tradewind.verify import Verdict

__all__ = ["PART_OF_RUN", "verified", "verify_plan", "verify_run"]

_MOST_CHANGES = 4
"""Of more changes than this since a run, so many are told."""
PART_OF_RUN = 0.25
"""Time that looking for look-ahead beside a run may take, as a part of the run's own."""
_SPARE = 0.8
"""Part of that time which is planned with; the next cut may take longer than the longest so far."""


def verify_plan(
    loaded: LoadedPlan,
    registry: Registry,
    *,
    cuts: int,
    whole_cuts: int,
    seed: int,
    tell: Callable[[str, int, int], None] | None = None,
) -> Verdict:
    """Return the full verdict on a loaded plan over the history of its feed.

    Raises
    ------
    TradewindError
        Whatever stands in the way of a run of it.
    """
    check_plan(loaded, registry)
    (tell or (lambda *_: None))("data", 0, 0)
    builder = Builder(loaded.plan, registry, loaded.directory)
    bars, _, _ = read_data(builder)
    return _verify(builder, bars, cuts, whole_cuts, seed, tell)


def verify_run(
    capsule: Path,
    registry: Registry,
    *,
    cuts: int,
    whole_cuts: int,
    seed: int,
    tell: Callable[[str, int, int], None] | None = None,
) -> Verdict:
    """Return the full verdict on the configuration of a kept backtest, and keep it in the run's capsule.

    Raises
    ------
    UserError
        If it is no backtest; if code, versions, data or decisions are no longer those of the run: the verdict would be
        on others.
    TradewindError
        Whatever stands in the way of a run of it.
    """
    result = load_result(capsule)
    if result.mode != "backtest":
        raise UserError(
            f"verify: {capsule.name} is a {result.mode} run, which hears of no bar before it is there; name a "
            f"backtest, or verify its configuration"
        )
    provenance = read_provenance(capsule)
    builder = Builder(kept_plan(capsule, result), registry, Path(provenance["config_directory"]))
    _require_same(capsule, _changes(builder, provenance))
    (tell or (lambda *_: None))("data", 0, 0)
    bars, _, _ = read_data(builder)
    if result.status == "partial":
        bars = bars.between(0, min(int(result.data["bars"]), len(bars)))
    if bars.sha256() != result.data_hash:
        _require_same(capsule, [f"data: {result.data_hash[:12]} then, {bars.sha256()[:12]} now"])
    _require_same(capsule, _other_decisions(builder, bars, result.decision_hash))
    verdict = _verify(builder, bars, cuts, whole_cuts, seed, tell)
    write_verification(capsule, verdict.as_data())
    return verdict


def verified(
    execution: Execution,
    registry: Registry,
    directory: Path,
    *,
    run_seconds: float,
    progress: Callable[[str, int, int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Execution:
    """Return a complete backtest with its short verdict, which takes `PART_OF_RUN` of ``run_seconds`` at most.

    Times are the processor's: what else a machine does would make of a quarter now half of it and now twice as much.
    """
    begun = time.process_time()
    if progress is not None:
        progress("verify", 0, 0)
    result = execution.result
    try:
        builder, records = Builder(execution.plan, registry, directory), execution.journal.records
        verdict = verify_shortly(
            builder,
            execution.bars,
            records,
            budget_seconds=PART_OF_RUN * _SPARE * run_seconds - (time.process_time() - begun),
            run_seconds=execution.seconds,
            seed=execution.plan.seed,
            stopped=stopped,
        )
    except TradewindError as error:
        # The run is complete, and is kept whatever comes of looking at its plan again.
        told = f"look-ahead: not verified, the plan cannot be put together again: {error}"
        return dataclasses.replace(execution, result=dataclasses.replace(result, warnings=(*result.warnings, told)))
    warnings = result.warnings
    if verdict.findings:
        warnings = (f"look-ahead: {verdict.sentence} `tradewind verify` shows what brings it about", *warnings)
    result = dataclasses.replace(result, verification=verdict.as_data(), warnings=warnings)
    return dataclasses.replace(execution, result=result)


def _changes(builder: Builder, provenance: Mapping[str, Any]) -> list[str]:
    """Return which versions and code are no longer those of a run."""
    code = code_hashes(builder.plan, builder.registry, builder.directory or Path())
    return [
        f"{name}: {provenance[kind].get(name)!s:.12} then, {new:.12} now"
        for kind, current in (("versions", versions_of(builder.registry)), ("code", code))
        for name, new in current.items()
        if provenance[kind].get(name) != new
    ]


def _other_decisions(builder: Builder, bars: Bars, kept: str) -> list[str]:
    """Return what says that a plan now decides otherwise than in its run, always in the same way.

    A module that a plugin imports, the environment or a file may have changed. Of a plan that decides otherwise each
    time the verdict says so.
    """
    now = run_over(builder, bars).ledger.journal.decision_hash
    if now == kept or run_over(builder, bars).ledger.journal.decision_hash != now:
        return []
    return [f"decisions: {kept[:12]} then, {now[:12]} now, of something that no hash of the run covers"]


def _require_same(capsule: Path, changes: Sequence[str]) -> None:
    if changes:
        more = f" and {len(changes) - _MOST_CHANGES} more" if len(changes) > _MOST_CHANGES else ""
        raise UserError(
            f"verify: {capsule.name} was made with other code, versions or data than there are now, of which a verdict "
            f"would say nothing: {'; '.join(changes[:_MOST_CHANGES])}{more}. Verify the configuration "
            f"(`tradewind verify CONFIG`), or run it again and verify that run"
        )


def _verify(
    builder: Builder, bars: Bars, cuts: int, whole_cuts: int, seed: int, tell: Callable[[str, int, int], None] | None
) -> Verdict:
    check_needs(builder, bars)
    told = tell or (lambda *_: None)
    return verify(builder, bars, cuts=cuts, whole_cuts=whole_cuts, seed=seed, fresh_process=True, tell=told)
