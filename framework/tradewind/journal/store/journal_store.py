"""The store: sessions begun, resumed, listed and read."""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import insert, select, update

from tradewind.errors import JournalError
from tradewind.journal.store import retention, tables
from tradewind.journal.store.chain import seal, session_identity
from tradewind.journal.store.database import database_url, open_engine, shown, sqlite_path, writing
from tradewind.journal.store.failures import guarded
from tradewind.journal.store.head import COLUMNS, Head, read_head, read_json, write_json
from tradewind.journal.store.locks import is_locked, take_lock
from tradewind.journal.store.mailbox import pending_commands
from tradewind.journal.store.times import as_time, microseconds_now
from tradewind.journal.store.values import Entry, SessionInfo, SessionStatus
from tradewind.journal.store.verify import verify
from tradewind.journal.store.writer import SessionWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from sqlalchemy import URL, Connection, Engine

    from tradewind.journal.store.values import Command, Tombstone, Verdict

__all__ = ["JournalStore", "open_store"]

_PAGE = 2000
_HERE = {"host": platform.node()}


def open_store(url: str | Path, *, create: bool = True, writes: bool = True) -> JournalStore:
    """Open a durable journal, make it where there is none, and bring its tables up to date.

    Parameters
    ----------
    url
        Path of a SQLite file, ``sqlite:///PATH``, or ``postgresql://USER@HOST/DATABASE``.
    create
        False: a journal that is not there is an error.
    writes
        False: it is only read; a SQLite file is then opened for reading alone.

    Raises
    ------
    JournalError
        It cannot be read, is not a journal, or was written by a newer tradewind.
    """
    parsed = database_url(url)
    return JournalStore(open_engine(parsed, create=create and writes, writes=writes), parsed)


class JournalStore:
    """Sessions with their entries, in one SQLite file or PostgreSQL database; made by `open_store`."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine, self._url, self._where = engine, url, shown(url)

    @property
    def is_on_server(self) -> bool:
        """Whether it is a server's: a writer's lock then goes with its connection, and its process may stay."""
        return sqlite_path(self._url) is None

    def begin(self, name: str, header: Mapping[str, Any]) -> SessionWriter:
        """Begin a session of a name; ``header`` says what runs: configuration, versions, code hashes, seed."""
        described = write_json(header, self._where)
        with self._writer_connection(f"begin a session of {name}") as connection:
            with connection.begin():
                session = connection.execute(
                    update(tables.ledger)
                    .where(tables.ledger.c.id == 1)
                    .values(sessions=tables.ledger.c.sessions + 1)
                    .returning(tables.ledger.c.sessions)
                ).scalar_one()
                head = _new_head(session, name, described)
                connection.execute(insert(tables.sessions), head.values())
                connection.execute(insert(tables.heartbeats), _heartbeat(session))
            return self._locked(connection, head)

    def resume(self, session: int) -> SessionWriter:
        """Continue a session that has not finished, after its last durable block; one that verifies, that is."""
        with self._writer_connection(f"resume session {session}") as connection:
            with connection.begin():
                read_head(connection, session, self._where)
            return self._locked(connection, None, session)

    def sessions(self, name: str | None = None) -> list[SessionInfo]:
        """Return the sessions, of one name or all, in the order they were begun."""
        beat = tables.heartbeats.c
        query = (
            select(*COLUMNS, tables.sessions.c.seal, beat.beaten_at, beat.status.label("beat"), beat.pid)
            .outerjoin(tables.heartbeats, beat.session == tables.sessions.c.id)
            .order_by(tables.sessions.c.id)
        )
        if name is not None:
            query = query.where(tables.sessions.c.name == name)
        with self._reading("list the sessions") as connection:
            return [_info(Head(*row[:-4]), *row[-4:]) for row in connection.execute(query)]

    def entries(self, session: int, *, after: int = 0, kinds: Collection[str] = ()) -> Iterator[Entry]:
        """Yield the entries of a session after a sequence number, in order, in pages.

        Parameters
        ----------
        session
            Number of the session.
        after
            Sequence number; 0 for all.
        kinds
            Only entries of these kinds; empty for all.
        """
        with self._reading(f"read session {session}") as connection:
            read_head(connection, session, self._where)
        while True:
            page = self._page(session, after, kinds)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].sequence

    def verify(self, session: int | None = None) -> Verdict:
        """Check the hashes of one session or of the whole journal; the verdict names the first bad place."""
        with guarded("verify it", self._where), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                return verify(connection, session, self._where)

    def require_good(self, session: int) -> None:
        """Raise `JournalError` with what ``tradewind audit verify`` says of a session that is not as it was written."""
        problem = self.verify(session).problem
        if problem is not None:
            raise JournalError(
                f"journal {self._where}: {problem}. Restore the journal from a copy; tradewind audit show prints what "
                f"can be read, and a run goes on without this session with --fresh"
            )

    def post(self, session: int, command: str, argument: Mapping[str, Any]) -> int:
        """Leave a command for a session's writer and return its number; any process may."""
        with self._changing(f"post a command to session {session}") as connection:
            return self._post(connection, session, command, argument)

    def pending(self, session: int) -> list[Command]:
        """Return the commands that were posted to a session and not carried out yet, oldest first."""
        with self._reading(f"read the commands of session {session}") as connection:
            return pending_commands(connection, session)

    @contextmanager
    def kept_away(self, session: int) -> Iterator[Callable[[], None] | None]:
        """Keep every writer of a session away within the block; yields None where somebody else has it already.

        What it yields raises where others are not kept away any more, as the connection to a server was lost.
        """
        with self._engine.connect() as locking:
            with guarded(f"keep session {session}", self._where):
                lock = take_lock(self._url, locking, session)

            def require_lock() -> None:
                doing = f"see whether session {session} is still kept away from others"
                with guarded(doing, self._where), locking.begin():
                    if lock is None or not lock.is_held():
                        raise JournalError(
                            f"journal {self._where}: session {session} is no longer kept away from others; connect to "
                            f"the server itself, not through a pooler, and give the same command again"
                        )

            try:
                yield None if lock is None else require_lock
            finally:
                if lock is not None:
                    lock.release()

    def exchange(self, session: int, instead: Mapping[int, tuple[str, Mapping[str, Any]]]) -> bool:
        """Leave commands in the place of others, all or none; False where one is not there any more, or none is named.

        Whoever calls keeps writers away, who could be about to carry one out.
        """
        with self._changing(f"exchange commands of session {session}") as connection:
            if not instead or not instead.keys() <= {one.id for one in pending_commands(connection, session)}:
                return False
            for number, (command, argument) in instead.items():
                self._post(connection, session, command, argument)
                connection.execute(update(tables.commands).where(tables.commands.c.id == number).values(sequence=0))
        return True

    def _post(self, connection: Connection, session: int, command: str, argument: Mapping[str, Any]) -> int:
        if read_head(connection, session, self._where).status == "finished":
            raise JournalError(f"journal {self._where}: session {session} has finished; nobody would take {command}")
        values = {"command": command, "argument": write_json(argument, self._where), "posted_at": microseconds_now()}
        query = insert(tables.commands).returning(tables.commands.c.id)
        return int(connection.execute(query, {"session": session, **values}).scalar_one())

    def is_done(self, command: int) -> bool:
        """Tell whether a session has carried a command out, durably."""
        taken = select(tables.commands.c.sequence).where(tables.commands.c.id == command)
        with self._reading(f"look after command {command}") as connection:
            return bool(connection.execute(taken).scalar())

    def is_written(self, session: int) -> bool:
        """Tell whether a process has a session open for writing."""
        with self._reading(f"look who writes session {session}") as connection:
            return is_locked(self._url, connection, session)

    def prune(self, *, keep_days: float) -> list[SessionInfo]:
        """Drop the sessions that finished longer ago than that, leave tombstones, and return what was dropped.

        A session that does not verify is evidence: it is not dropped, and `JournalError` names it.
        """
        with self._reading("list the sessions") as connection:
            old = set(retention.old_sessions(connection, keep_days, self._where))
        dropped = [info for info in self.sessions() if info.id in old]
        for info in dropped:
            problem = self.verify(info.id).problem
            if problem is not None:
                raise JournalError(f"journal {self._where}: not pruned, as it was changed: {problem}")
            with self._changing(f"prune session {info.id}") as connection:
                retention.bury(connection, info.id, self._where)
        deleted = 1
        while deleted:
            with self._changing("delete pruned entries") as connection:
                deleted = retention.delete_chunk(connection)
        return dropped

    def tombstones(self) -> list[Tombstone]:
        """Return what is left of pruned sessions."""
        with self._reading("list the tombstones") as connection:
            return retention.read_tombstones(connection)

    def close(self) -> None:
        """Close the pooled connections; writers keep their own until they are closed."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _page(self, session: int, after: int, kinds: Collection[str]) -> list[Entry]:
        entry, block = tables.entries.c, tables.blocks.c
        query = (
            select(entry.sequence, entry.block, entry.bar, entry.kind, entry.payload, block.committed_at)
            .join(tables.blocks, (block.session == entry.session) & (block.number == entry.block))
            .where(entry.session == session, entry.sequence > after)
            .order_by(entry.sequence)
            .limit(_PAGE)
        )
        if kinds:
            query = query.where(entry.kind.in_(sorted(kinds)))
        with self._reading(f"read session {session}") as connection:
            return [Entry(*row[:-1], as_time(row[-1])) for row in connection.execute(query)]

    def _locked(self, connection: Connection, head: Head | None, session: int = 0) -> SessionWriter:
        """Return the writer of a session that is new (its head is given) or resumed."""
        session = session if head is None else head.id
        lock = take_lock(self._url, connection, session)
        if lock is None:
            raise JournalError(f"journal {self._where}: session {session} is being written {self._by(session)}")
        try:
            if head is None:
                # Said at once: who would end the writer meanwhile must not take another process for it.
                self._sign(connection, session)
                self.require_good(session)
                head = self._reopen(connection, session)
        except BaseException:
            lock.release()
            raise
        return SessionWriter(connection, lock, head, self._where)

    def _reopen(self, connection: Connection, session: int) -> Head:
        with connection.begin():
            head = read_head(connection, session, self._where)
            if head.status == "finished":
                raise JournalError(f"journal {self._where}: session {session} has finished; begin a new one")
            head = head._replace(status="open", ended_at=None)
            connection.execute(update(tables.sessions).where(tables.sessions.c.id == session), head.values())
            beat = update(tables.heartbeats).where(tables.heartbeats.c.session == session)
            connection.execute(beat.values(beaten_at=microseconds_now()))
        return head

    def _sign(self, connection: Connection, session: int) -> None:
        """Write which process on which machine has a session now."""
        row = tables.heartbeats.c.session == session
        with connection.begin():
            told = connection.execute(select(tables.heartbeats.c.status).where(row)).scalar()
            status = write_json({**read_json(told or "{}"), **_HERE}, self._where)
            values = {"pid": os.getpid(), "status": status, "beaten_at": microseconds_now()}
            connection.execute(update(tables.heartbeats).where(row).values(values))

    def _by(self, session: int) -> str:
        with self._engine.connect() as connection:
            pid = connection.execute(
                select(tables.heartbeats.c.pid).where(tables.heartbeats.c.session == session)
            ).scalar()
        return f"by process {pid}, or a command that stops it has it; end the process, or wait for the command"

    @contextmanager
    def _reading(self, doing: str) -> Iterator[Connection]:
        with guarded(doing, self._where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _changing(self, doing: str) -> Iterator[Connection]:
        with guarded(doing, self._where), self._engine.connect() as plain:
            connection = writing(plain)
            with connection.begin():
                yield connection

    @contextmanager
    def _writer_connection(self, doing: str) -> Iterator[Connection]:
        """Yield a connection that stays with the writer, and goes back where none comes about."""
        with guarded(doing, self._where):
            connection = writing(self._engine.connect())
            try:
                yield connection
            except BaseException:
                connection.close()
                raise


def _new_head(session: int, name: str, header: str) -> Head:
    started_at = microseconds_now()
    identity = session_identity(session, name, started_at, header)
    return Head(session, name, header, started_at, identity, "open", None, 0, None, 0, identity)


def _heartbeat(session: int) -> dict[str, Any]:
    return {"session": session, "pid": os.getpid(), "beaten_at": microseconds_now(), "status": write_json(_HERE, "")}


def _info(head: Head, stored: str, beaten_at: int | None, beat: str | None, pid: int | None) -> SessionInfo:
    return SessionInfo(
        id=head.id,
        name=head.name,
        header=read_json(head.header),
        status=cast("SessionStatus", head.status),
        intact=seal(head) == stored,
        started_at=as_time(head.started_at),
        ended_at=None if head.ended_at is None else as_time(head.ended_at),
        heartbeat_at=as_time(head.started_at if beaten_at is None else beaten_at),
        heartbeat=read_json(beat or "{}"),
        pid=pid or 0,
        last_block=head.last_block,
        last_bar=head.last_bar,
        entries=head.entries,
        head_hash=head.head_hash,
    )
