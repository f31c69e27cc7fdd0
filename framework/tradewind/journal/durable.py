"""The decision journal of a session that outlives its process: what is decided anew must be what was decided."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tradewind.errors import JournalError
from tradewind.journal.journal import Journal, Record, encode
from tradewind.model import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradewind.model.typing import FloatArray

__all__ = ["DECISION_KINDS", "DurableJournal", "EntryWriter", "row_from", "row_to"]

DECISION_KINDS = frozenset(
    (
        "data",
        "regime",
        "signals",
        "targets",
        "exit",
        "cross",
        "intent",
        "resized",
        "order",
        "fill",
        "data_end",
        "activity",
        "gate",
        "breaker",
    )
)
"""Kinds of entries that are decisions and what became of them; a session has others beside them."""


_REMEDY = "Code, configuration or data have changed since; restore them, or start anew with --fresh"


class EntryWriter(Protocol):
    """Where entries become durable; `tradewind.journal.store.SessionWriter` is one."""

    def append(self, bar: int, kind: str, payload: str) -> int:
        """Append an entry."""
        ...

    def commit(self) -> None:
        """Return when all entries are durable."""
        ...


class DurableJournal(Journal):
    """A journal that compares what it is told with what was written before, and writes what is new.

    Parameters
    ----------
    writer
        Where new entries go.
    recorded
        Decisions of earlier processes of the session, in order.
    """

    def __init__(self, writer: EntryWriter, recorded: Iterable[Record] = ()) -> None:
        super().__init__()
        self._writer = writer
        self._recorded = deque(recorded)
        self.bar = -1
        """Bar of the last record."""
        self.latest: dict[str, str] = {}
        """Last payload by kind."""

    @property
    def repeats(self) -> bool:
        """Whether recorded decisions are still to come."""
        return bool(self._recorded)

    def write_text(self, bar: int, kind: str, payload: str) -> None:
        """Append one record.

        Raises
        ------
        JournalError
            If the record is not the one that was written here before.
        """
        super().write_text(bar, kind, payload)
        self.bar, self.latest[kind] = bar, payload
        if not self._recorded:
            self._writer.append(bar, kind, payload)
            return
        expected = self._recorded.popleft()
        if expected != (bar, kind, payload):
            raise JournalError(
                f"recovery: bar {bar} decides otherwise than its journal says; journal: bar {expected.bar} "
                f"{expected.kind} {_short(expected.payload)}, now: {kind} {_short(payload)}. {_REMEDY}"
            )

    def require_repeated(self) -> None:
        """Raise where a recorded decision was not made again.

        Raises
        ------
        JournalError
            Naming the first such decision.
        """
        if self._recorded:
            missing = self._recorded[0]
            raise JournalError(
                f"recovery: nothing was decided that is bar {missing.bar} {missing.kind} {_short(missing.payload)} of "
                f"the journal. {_REMEDY}"
            )

    def note(self, bar: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Append an entry that is no decision; all recorded decisions lie before it.

        Raises
        ------
        JournalError
            If a recorded decision was not made again.
        """
        self.require_repeated()
        self._writer.append(bar, kind, encode(payload))

    def commit(self) -> None:
        """Return when all entries are durable."""
        self._writer.commit()


def row_to(row: Row) -> dict[str, Any]:
    """Return a row as plain JSON types; null stands for NaN."""
    return {
        "time": str(row.timestamp),
        "fields": {name: _plain(values) for name, values in row.fields.items()},
        "references": {
            role: {name: _plain(values) for name, values in fields.items()} for role, fields in row.references.items()
        },
        "ended": list(row.ended),
    }


def row_from(fields: Mapping[str, Any]) -> Row:
    """Return the row that `row_to` described, equal to the last bit."""
    return Row(
        timestamp=np.datetime64(fields["time"], "ns"),
        fields={name: _array(values) for name, values in fields["fields"].items()},
        references={
            role: {name: _array(values) for name, values in named.items()}
            for role, named in fields["references"].items()
        },
        ended=tuple(fields["ended"]),
    )


def _plain(values: FloatArray) -> list[float | None]:
    return [value if value == value else None for value in values.tolist()]


def _array(values: list[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _short(payload: str) -> str:
    return payload if len(payload) <= 160 else f"{payload[:157]}..."
