"""A session's row: what it is, and how far it has come; sealed, so that no field changes unseen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from tradewind.errors import JournalError
from tradewind.journal.store import tables
from tradewind.journal.store.chain import seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

__all__ = ["COLUMNS", "Head", "read_head", "read_json", "write_json"]


class Head(NamedTuple):
    """The sealed fields of a session's row, in the order of the table."""

    id: int
    name: str
    header: str
    started_at: int
    identity: str
    status: str
    ended_at: int | None
    last_block: int
    last_bar: int | None
    entries: int
    head_hash: str

    def values(self) -> dict[str, Any]:
        """Return the row, with its seal."""
        return {**self._asdict(), "seal": seal(self)}


COLUMNS = [tables.sessions.c[name] for name in Head._fields]


def read_head(connection: Connection, session: int, where: str) -> Head:
    """Return the row of a session; raise if it is missing or its seal is broken."""
    row = connection.execute(select(*COLUMNS, tables.sessions.c.seal).where(tables.sessions.c.id == session)).first()
    if row is None:
        known = [str(number) for number in connection.execute(select(tables.sessions.c.id)).scalars()]
        raise JournalError(f"journal {where}: no session {session}; known: {_shortened(known)}")
    head = Head(*row[:-1])
    if seal(head) != row[-1]:
        raise JournalError(
            f"journal {where}: the row of session {session} was changed from outside; tradewind audit verify says more"
        )
    return head


def write_json(value: Mapping[str, Any], where: str) -> str:
    """Return canonical JSON; raise for what has none."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise JournalError(f"journal {where}: {error}; give JSON values only") from error


def read_json(text: str) -> dict[str, Any]:
    """Return a stored object; damaged text as it is, so that the rest can still be read."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"unreadable": text}


def _shortened(names: Iterable[str]) -> str:
    listed = sorted(names, key=int)
    return ", ".join(listed[-10:]) or "none"
