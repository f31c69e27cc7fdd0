"""Commands that other processes leave for a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from tradewind.journal.store import tables
from tradewind.journal.store.head import read_json
from tradewind.journal.store.times import as_time
from tradewind.journal.store.values import Command

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["pending_commands"]

_PENDING = (
    select(*(tables.commands.c[name] for name in ("id", "command", "argument", "posted_at")))
    .where(tables.commands.c.session == bindparam("session"), tables.commands.c.sequence.is_(None))
    .order_by(tables.commands.c.id)
)


def pending_commands(connection: Connection, session: int) -> list[Command]:
    """Return the commands that were posted to a session and not carried out yet, oldest first."""
    rows = connection.execute(_PENDING, {"session": session}).all()
    return [
        Command(number, command, read_json(argument), as_time(posted_at))
        for number, command, argument, posted_at in rows
    ]
