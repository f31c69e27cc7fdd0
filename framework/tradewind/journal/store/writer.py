"""The one writer of a session: entries in memory, then in one durable block."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.exc import SQLAlchemyError

from tradewind.errors import JournalError
from tradewind.journal.store import tables
from tradewind.journal.store.chain import BlockHead, EntryRow, block_hash, entry_crc
from tradewind.journal.store.failures import guarded
from tradewind.journal.store.head import Head, write_json
from tradewind.journal.store.mailbox import pending_commands
from tradewind.journal.store.prepared import Prepared
from tradewind.journal.store.times import microseconds_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Connection

    from tradewind.journal.store.locks import SessionLock
    from tradewind.journal.store.values import Command

__all__ = ["SessionWriter"]

_ENTRY = ("sequence", "block", "bar", "kind", "payload", "crc")
_FIXED = frozenset({"id", "name", "header", "started_at", "identity"})
_CHANGING = [name for name in (*Head._fields, "seal") if name not in _FIXED]
_UPDATE_HEAD = (
    update(tables.sessions)
    .where(tables.sessions.c.id == bindparam("of"), tables.sessions.c.seal == bindparam("old_seal"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_UPDATE_HEARTBEAT = update(tables.heartbeats).where(tables.heartbeats.c.session == bindparam("of"))
_TAKE = update(tables.commands).where(tables.commands.c.id == bindparam("taken"))


class SessionWriter:
    """Appends to one session; made by `JournalStore.begin` and `JournalStore.resume`, for one thread.

    After an error nothing more can be done with it: what the database holds is unknown until the session is resumed.
    """

    def __init__(self, connection: Connection, lock: SessionLock, head: Head, where: str) -> None:
        self._connection, self._lock, self._head, self._where = connection, lock, head, where
        self._rows: list[EntryRow] = []
        self._refusal: str | None = None
        self._closed = False
        self._bar = head.last_bar or 0
        dialect = connection.dialect
        self._insert_entries = Prepared(insert(tables.entries), dialect, ("session", *_ENTRY))
        self._insert_block = Prepared(insert(tables.blocks), dialect, ("session", *BlockHead._fields, "hash"))
        self._update_head = Prepared(_UPDATE_HEAD, dialect, [f"new_{name}" for name in _CHANGING])

    @property
    def session(self) -> int:
        """Number of the session."""
        return self._head.id

    @property
    def last_block(self) -> int:
        """Number of the last durable block, 0 before the first."""
        return self._head.last_block

    def append(self, bar: int, kind: str, payload: str) -> int:
        """Add an entry in memory and return its sequence number; `commit` makes it durable.

        Parameters
        ----------
        bar
            The bar it belongs to.
        kind
            A short word, as ``intent`` or ``fill``.
        payload
            JSON text.
        """
        self._require_usable()
        if not (kind.isascii() and payload.isascii()) or "\0" in payload or "\0" in kind:
            self._require_text(kind, payload)
        sequence, block = self._head.entries + len(self._rows) + 1, self._head.last_block + 1
        crc = entry_crc(self.session, sequence, block, bar, kind, payload)
        self._rows.append((sequence, block, bar, kind, payload, crc))
        self._bar = bar
        return sequence

    def commit(self) -> None:
        """Write what was appended as one block; it is durable when this returns."""
        self._require_usable()
        if self._rows:
            with self._transaction(f"commit block {self._head.last_block + 1} of session {self.session}"):
                head = self._write_block(self._head)
            self._head = head
            self._rows.clear()

    def beat(self, status: Mapping[str, Any]) -> None:
        """Tell the time, the process and a few figures to whoever asks for the session's state; not durable at once."""
        self._require_usable()
        values = {"status": write_json(status, self._where), "beaten_at": microseconds_now(), "pid": os.getpid()}
        with self._unhurried(), self._transaction(f"write the heartbeat of session {self.session}"):
            if self._connection.dialect.name == "postgresql":
                self._connection.execute(text("SET LOCAL synchronous_commit = off"))
            self._connection.execute(_UPDATE_HEARTBEAT, {"of": self.session, **values})

    def pending(self) -> list[Command]:
        """Return the commands that were posted and are not `done`, oldest first."""
        self._require_usable()
        with self._transaction(f"read the commands of session {self.session}", writes=False):
            return pending_commands(self._connection, self.session)

    def require_lock(self) -> None:
        """Raise where this is no longer the session's only writer, as far as the database knows."""
        self._require_usable()
        if not self._lock.can_vanish:
            return
        with self._transaction(f"see whether session {self.session} is still this process's", writes=False):
            if not self._lock.is_held():
                raise JournalError(
                    f"journal {self._where}: session {self.session} is no longer this process's: the connection with "
                    "its lock was taken away, as poolers do. Connect to the server itself, then the same command "
                    "continues it"
                )

    def done(self, numbers: Sequence[int]) -> None:
        """Take note that commands were carried out up to the last durable entry."""
        self._require_usable()
        with self._transaction(f"take the commands of session {self.session}"):
            taken = [{"taken": number, "sequence": self._head.entries} for number in numbers]
            self._connection.execute(_TAKE, taken)

    def finish(self, status: Literal["stopped", "finished"]) -> None:
        """Commit, and say that the session ended: ``stopped`` can be resumed, ``finished`` cannot."""
        self._require_usable()
        if status not in {"stopped", "finished"}:
            raise JournalError(f"journal {self._where}: status {status!r}; known: finished, stopped")
        with self._transaction(f"end session {self.session}"):
            head = self._write_block(self._head) if self._rows else self._head
            head = self._replace_head(head, head._replace(status=status, ended_at=microseconds_now()))
        self._head = head
        self._rows.clear()
        self._refusal = f"session {self.session} has {status}"

    def close(self) -> None:
        """Let the session go; raise if entries were appended and never committed."""
        lost = 0 if self._refusal else len(self._rows)
        self._release()
        if lost:
            raise JournalError(
                f"journal {self._where}: session {self.session} was closed with {lost} entries not committed; "
                "call commit before close"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._release()

    def _release(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._refusal = self._refusal or f"session {self.session} is closed"
        self._lock.release()
        with suppress(SQLAlchemyError):
            self._connection.close()

    def _write_block(self, head: Head) -> Head:
        rows, session = self._rows, self.session
        number = head.last_block + 1
        block = BlockHead(number, rows[0][2], rows[-1][2], len(rows), microseconds_now(), head.head_hash)
        digest = block_hash(head.identity, block, rows)
        self._insert_entries.run_each(self._connection, _entry_values(session, rows))
        self._insert_block.run(self._connection, {"session": session, **block._asdict(), "hash": digest})
        new = head._replace(
            last_block=number, last_bar=block.last_bar, entries=head.entries + len(rows), head_hash=digest
        )
        return self._replace_head(head, new)

    def _replace_head(self, old: Head, new: Head) -> Head:
        values = new.values()
        changed = {f"new_{name}": values[name] for name in _CHANGING}
        key = {"of": self.session, "old_seal": old.values()["seal"]}
        if self._update_head.run(self._connection, {**changed, **key}).rowcount != 1:
            raise JournalError(
                f"journal {self._where}: session {self.session} is no longer as this writer left it; another process "
                "wrote to it. End one of them, run tradewind audit verify, then resume"
            )
        return new

    @contextmanager
    def _transaction(self, doing: str, *, writes: bool = True) -> Iterator[None]:
        waiting = len(self._rows)
        try:
            with guarded(doing, self._where):
                self._connection.execution_options(journal_writes=writes)
                with self._connection.begin():
                    yield
        except BaseException as error:
            self._refusal = (
                f"an earlier step failed ({error}), with {waiting} entries appended that may or may not be durable; "
                f"close this writer and resume session {self.session}"
            )
            # A transaction left half done must not be completed by what uses the connection next.
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
            raise

    @contextmanager
    def _unhurried(self) -> Iterator[None]:
        """Let a transaction return before it is on the disk; the next durable one takes it along."""
        if self._connection.dialect.name != "sqlite":
            yield
            return
        raw: Any = self._connection.connection.driver_connection
        with guarded("set its durability", self._where):
            raw.execute("PRAGMA synchronous=NORMAL")
            try:
                yield
            finally:
                raw.execute("PRAGMA synchronous=FULL")

    def _require_usable(self) -> None:
        if self._refusal is not None:
            raise JournalError(f"journal {self._where}: refused: {self._refusal}")

    def _require_text(self, kind: str, payload: str) -> None:
        for name, value in (("kind", kind), ("payload", payload)):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise JournalError(f"journal {self._where}: the {name} of an entry is not text: {error}") from error
            if "\0" in value:
                raise JournalError(f"journal {self._where}: the {name} of an entry has a NUL character; escape it")


def _entry_values(session: int, rows: Sequence[EntryRow]) -> list[dict[str, Any]]:
    return [{"session": session, **dict(zip(_ENTRY, row, strict=True))} for row in rows]
