"""What the store hands out: frozen values, times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Command", "Entry", "Problem", "SessionInfo", "SessionStatus", "Tombstone", "Verdict"]

SessionStatus = Literal["open", "stopped", "finished"]
"""``open`` while written to (or after a crash), ``stopped`` to be resumed, ``finished`` for good."""


class Entry(NamedTuple):
    """One durable entry; ``payload`` is JSON text, ``committed_at`` the time of its block."""

    sequence: int
    block: int
    bar: int
    kind: str
    payload: str
    committed_at: datetime


class Command(NamedTuple):
    """What an operator asked of a session."""

    id: int
    command: str
    argument: Mapping[str, Any]
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A session as the journal knows it."""

    id: int
    name: str
    header: Mapping[str, Any]
    status: SessionStatus
    intact: bool
    """False where its row was changed from outside: what it says cannot be relied on."""
    started_at: datetime
    ended_at: datetime | None
    heartbeat_at: datetime
    heartbeat: Mapping[str, Any]
    """What the writer last told about itself."""
    pid: int
    """Process that writes or wrote last."""
    last_block: int
    """0 before the first."""
    last_bar: int | None
    entries: int
    head_hash: str
    """Hash of the last block; kept elsewhere, it proves that the journal was not rewritten as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of a session dropped by retention."""

    id: int
    name: str
    started_at: datetime
    ended_at: datetime
    pruned_at: datetime
    last_block: int
    entries: int
    head_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first thing found wrong; ``block`` and ``sequence`` are None where the fault is not in one."""

    session: int
    block: int | None
    sequence: int | None
    what: str
    expected: str
    received: str

    def __str__(self) -> str:
        place = [f"session {self.session}"]
        if self.block is not None:
            place.append(f"block {self.block}")
        if self.sequence is not None:
            place.append(f"entry {self.sequence}")
        return f"{', '.join(place)}: {self.what}; expected {self.expected}, received {self.received}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of a verification; the counts are of what was found good."""

    sessions: int
    blocks: int
    entries: int
    problem: Problem | None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None
