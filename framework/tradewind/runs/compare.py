"""Compare two runs: the first difference, what it comes from, and the metrics side by side."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tradewind.journal import Record, read_journal
from tradewind.runs.capsule import load_result, read_provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tradewind.model import Result

__all__ = ["Comparison", "Difference", "compare_runs", "first_record_difference"]

_IGNORED_PARAMETERS = ("mode", "reports", "name")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its kind (``parameter``, ``data``, ``version``, ``code`` or ``bar``), where, and both values."""

    kind: str
    where: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: {self.first} | {self.second}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs have in common and what not.

    ``causes`` lists differing parameters, data, versions and code; ``first`` is the first differing journal record.
    """

    first_run: str
    second_run: str
    same_decisions: bool
    same_data: bool
    causes: tuple[Difference, ...]
    first: Difference | None
    metrics: Mapping[str, tuple[float, float]]

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "first_run": self.first_run,
            "second_run": self.second_run,
            "same_decisions": self.same_decisions,
            "same_data": self.same_data,
            "causes": [_plain(difference) for difference in self.causes],
            "first_difference": _plain(self.first) if self.first else None,
            "metrics": {
                name: [value if math.isfinite(value) else None for value in pair] for name, pair in self.metrics.items()
            },
        }


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compare two capsules.

    Raises
    ------
    UserError
        If one cannot be read.
    """
    one, two = load_result(first), load_result(second)
    left, right = read_provenance(first), read_provenance(second)
    causes = [
        *_differences("parameter", _parameters(one), _parameters(two)),
        *_differences("data", left["data"], right["data"]),
        *_differences("version", left["versions"], right["versions"]),
        *_differences("code", left["code"], right["code"]),
    ]
    record = first_record_difference(read_journal(first / "journal.jsonl"), read_journal(second / "journal.jsonl"))
    names = dict.fromkeys([*one.metrics, *two.metrics])
    return Comparison(
        first_run=first.name,
        second_run=second.name,
        same_decisions=one.decision_hash == two.decision_hash,
        same_data=one.data_hash == two.data_hash,
        causes=tuple(causes),
        first=record,
        metrics={name: (one.metrics.get(name, math.nan), two.metrics.get(name, math.nan)) for name in names},
    )


def first_record_difference(first: Iterable[Record], second: Iterable[Record]) -> Difference | None:
    """Return the first journal record that differs, down to the field."""
    for one, two in zip_longest(first, second):
        if one == two:
            continue
        bars = [str(record.bar) for record in (one, two) if record is not None]
        where = f"{' / '.join(dict.fromkeys(bars))}, {' / '.join(dict.fromkeys(r.kind for r in (one, two) if r))}"
        if one is None or two is None or (one.bar, one.kind) != (two.bar, two.kind):
            return Difference("bar", where, _text(one), _text(two))
        inner = next(_differences("bar", json.loads(one.payload), json.loads(two.payload)), None)
        if inner is None:
            return Difference("bar", where, one.payload, two.payload)
        return Difference("bar", f"{where}, {inner.where}", inner.first, inner.second)
    return None


def _parameters(result: Result) -> dict[str, Any]:
    return {key: value for key, value in result.config.items() if key not in _IGNORED_PARAMETERS}


def _differences(kind: str, first: Any, second: Any, where: str = "") -> Iterator[Difference]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in dict.fromkeys([*first, *second]):
            yield from _differences(kind, first.get(key), second.get(key), f"{where}.{key}" if where else str(key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (one, two) in enumerate(zip(first, second, strict=True)):
            yield from _differences(kind, one, two, f"{where}.{number}")
    elif first != second:
        yield Difference(kind, where, json.dumps(first), json.dumps(second))


def _text(record: Record | None) -> str:
    return "nothing" if record is None else f"{record.kind} {record.payload}"


def _plain(difference: Difference) -> dict[str, str]:
    return {
        "kind": difference.kind,
        "where": difference.where,
        "first": difference.first,
        "second": difference.second,
    }
