"""Dropping whole old sessions, so that audit can tell a pruned one from a vanished one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from tradewind.errors import JournalError
from tradewind.journal.store import tables
from tradewind.journal.store.chain import seal
from tradewind.journal.store.head import read_head
from tradewind.journal.store.times import as_time, microseconds_now
from tradewind.journal.store.values import Tombstone
from tradewind.journal.store.verify import TOMBSTONE_COLUMNS

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["bury", "delete_chunk", "old_sessions", "read_tombstones"]

_CHUNK = 5000
_DAY = 86_400_000_000


def old_sessions(connection: Connection, keep_days: float, where: str) -> list[int]:
    """Return the sessions that finished longer ago than that."""
    if not keep_days >= 0:
        raise JournalError(f"journal {where}: keep_days must be 0 or more; received {keep_days}")
    row = tables.sessions.c
    before = microseconds_now() - int(min(keep_days, 1e6) * _DAY)
    query = select(row.id).where(row.status == "finished", row.ended_at <= before).order_by(row.id)
    return list(connection.execute(query).scalars())


def bury(connection: Connection, session: int, where: str) -> None:
    """Put a tombstone in a session's place; its entries are left to `delete_chunk`."""
    head = read_head(connection, session, where)
    row: dict[str, Any] = {
        "session": head.id,
        "name": head.name,
        "started_at": head.started_at,
        "ended_at": head.ended_at,
        "pruned_at": microseconds_now(),
        "last_block": head.last_block,
        "entries": head.entries,
        "head_hash": head.head_hash,
    }
    row["seal"] = seal(row[column.name] for column in TOMBSTONE_COLUMNS)
    connection.execute(insert(tables.tombstones), row)
    connection.execute(delete(tables.sessions).where(tables.sessions.c.id == session))
    for table in (tables.heartbeats, tables.commands):
        connection.execute(delete(table).where(table.c.session == session))


def delete_chunk(connection: Connection) -> int:
    """Delete some rows of buried sessions and return how many: few at a time, so that no writer waits for long."""
    buried = select(tables.tombstones.c.session)
    for table, order in ((tables.entries, "sequence"), (tables.blocks, "number")):
        session = connection.execute(select(table.c.session).where(table.c.session.in_(buried)).limit(1)).scalar()
        if session is not None:
            mine = table.c.session == session
            last = connection.execute(
                select(table.c[order]).where(mine).order_by(table.c[order]).limit(1).offset(_CHUNK - 1)
            ).scalar()
            chunk = mine if last is None else mine & (table.c[order] <= last)
            return connection.execute(delete(table).where(chunk)).rowcount
    return 0


def read_tombstones(connection: Connection) -> list[Tombstone]:
    """Return what is left of pruned sessions, in the order they were begun."""
    rows = connection.execute(select(*TOMBSTONE_COLUMNS).order_by(tables.tombstones.c.session))
    return [
        Tombstone(
            id=row.session,
            name=row.name,
            started_at=as_time(row.started_at),
            ended_at=as_time(row.ended_at),
            pruned_at=as_time(row.pruned_at),
            last_block=row.last_block,
            entries=row.entries,
            head_hash=row.head_hash,
        )
        for row in rows
    ]
