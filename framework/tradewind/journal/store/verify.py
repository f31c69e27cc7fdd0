"""Proof that nothing was changed, removed, inserted or swapped, or the first place where something was."""

from __future__ import annotations

from contextlib import ExitStack, closing
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from tradewind.errors import UserError
from tradewind.journal.store import tables
from tradewind.journal.store.chain import BlockHead, block_hash, entry_crc, seal, session_identity
from tradewind.journal.store.head import COLUMNS, Head
from tradewind.journal.store.values import Problem, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row, Select

__all__ = ["TOMBSTONE_COLUMNS", "verify"]

_PAGE = 5000
_entry, _block = tables.entries.c, tables.blocks.c
_ENTRY_COLUMNS = tuple(_entry[name] for name in ("sequence", "block", "bar", "kind", "payload", "crc"))
_BLOCK_COLUMNS = (*(_block[name] for name in BlockHead._fields), _block.hash)
TOMBSTONE_COLUMNS = tuple(column for column in tables.tombstones.c if column.name != "seal")
"""What a tombstone's seal covers, in its order."""


def verify(connection: Connection, session: int | None, where: str) -> Verdict:
    """Check one session or the whole journal, in one snapshot, up to the first problem."""
    try:
        return _Verification(connection, where).run(session)
    except OperationalError as error:
        if "decode" not in str(error.orig):
            raise
    # Text that is not UTF-8 any more is read once more with its damage in it, to be named.
    raw: Any = connection.connection.driver_connection
    raw.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        return _Verification(connection, where).run(session)
    finally:
        raw.text_factory = str


class _FoundError(Exception):
    """Carries the first problem out of the loops."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Verification:
    def __init__(self, connection: Connection, where: str) -> None:
        self._connection, self._where = connection, where
        self._sessions = self._blocks = self._entries = 0
        self._open = ExitStack()

    def run(self, session: int | None) -> Verdict:
        problem = None
        try:
            with self._open:
                if session is None:
                    self._whole()
                else:
                    self._one(session)
        except _FoundError as found:
            problem = found.problem
        return Verdict(sessions=self._sessions, blocks=self._blocks, entries=self._entries, problem=problem)

    def _whole(self) -> None:
        begun = self._begun()
        live = set(self._connection.execute(select(tables.sessions.c.id)).scalars())
        pruned = set(self._connection.execute(select(tables.tombstones.c.session)).scalars())
        expected = 1
        for session in sorted(live | pruned):
            if expected < session and expected <= begun:
                _vanished(expected)
            if not 1 <= session <= begun:
                _inserted(session, begun)
            self._check(session, live=session in live, pruned=session in pruned)
            expected = session + 1
        if expected <= begun:
            _vanished(expected)
        self._check_orphans(live)

    def _one(self, session: int) -> None:
        live = self._connection.execute(select(tables.sessions.c.id).where(tables.sessions.c.id == session)).first()
        tomb = self._connection.execute(
            select(tables.tombstones.c.session).where(tables.tombstones.c.session == session)
        ).first()
        begun = self._begun()
        if not (live or tomb):
            if 1 <= session <= begun:
                _vanished(session)
            raise UserError(f"journal {self._where}: no session {session}; it holds 1 to {begun}")
        if not 1 <= session <= begun:
            _inserted(session, begun)
        self._check(session, live=live is not None, pruned=tomb is not None)

    def _begun(self) -> int:
        rows = self._connection.execute(select(tables.ledger.c.id, tables.ledger.c.sessions)).all()
        if len(rows) != 1 or rows[0][0] != 1:
            _fail(0, "the ledger that counts the sessions was changed", "one row with id 1", f"{len(rows)} rows")
        return int(rows[0][1])

    def _check(self, session: int, *, live: bool, pruned: bool) -> None:
        if live and pruned:
            _fail(session, "the session has a row and a tombstone", "one of them", "both")
        if pruned:
            self._check_tombstone(session)
        else:
            self._check_session(session)
        self._sessions += 1

    def _check_tombstone(self, session: int) -> None:
        row = self._connection.execute(
            select(*TOMBSTONE_COLUMNS, tables.tombstones.c.seal).where(tables.tombstones.c.session == session)
        ).one()
        if seal(row[:-1]) != row[-1]:
            _fail(session, "its tombstone was changed", f"seal {seal(row[:-1])}", f"seal {row[-1]}")

    def _check_orphans(self, live: set[int]) -> None:
        for table in (tables.blocks, tables.entries):
            for session in self._distinct_sessions(table):
                if session not in live:
                    _fail(
                        session,
                        "rows without a session: they were inserted, or tradewind audit prune was interrupted",
                        f"no rows in {table.name}",
                        "some",
                    )

    def _distinct_sessions(self, table: Any) -> Iterator[int]:
        query = select(func.min(table.c.session))
        session = self._connection.execute(query).scalar()
        while session is not None:
            yield session
            session = self._connection.execute(query.where(table.c.session > session)).scalar()

    def _check_session(self, session: int) -> None:
        row = self._connection.execute(
            select(*COLUMNS, tables.sessions.c.seal).where(tables.sessions.c.id == session)
        ).one()
        head = Head(*row[:-1])
        identity = session_identity(head.id, head.name, head.started_at, head.header)
        if identity != head.identity:
            _fail(session, "its name, start or header was changed", f"hash {head.identity}", f"hash {identity}")
        if seal(head) != row[-1]:
            self._blame_head(head, row[-1])
        self._check_lowest(session)
        entries = self._stream_entries(session, 1)
        previous, sequence, number = head.identity, 1, 0
        for number, found in enumerate(self._stream_blocks(session), 1):
            self._check_number(head, found, number)
            block, stored = BlockHead._make(found[:-1]), found[-1]
            if block.previous_hash != previous:
                _fail(session, "does not follow the block before it", previous, block.previous_hash, block=number)
            wanted = min(max(block.entries, 0), head.entries - sequence + 2)
            rows = list(islice(entries, wanted))
            if not rows or len(rows) != block.entries or block_hash(identity, block, rows) != stored:
                self._blame_block(head, block, stored, sequence)
            previous = stored
            sequence += block.entries
            self._blocks += 1
            self._entries += block.entries
        self._check_end(head, number, sequence, previous, next(entries, None))

    def _check_lowest(self, session: int) -> None:
        lowest = self._connection.execute(select(func.min(_entry.sequence)).where(_entry.session == session)).scalar()
        if lowest is not None and lowest < 1:
            _fail(session, "the entry was inserted", "entries from 1", f"entry {lowest}", sequence=lowest)

    def _check_number(self, head: Head, found: Row[Any], number: int) -> None:
        if found.number < number:
            _fail(head.id, "the block was inserted", "blocks from 1", f"block {found.number}", block=found.number)
        if number > head.last_block:
            what = "the block was inserted"
            _fail(head.id, what, f"{head.last_block} blocks", f"block {found.number}", block=found.number)
        if found.number > number:
            _fail(head.id, "the block is missing", f"block {number}", f"block {found.number}", block=number)

    def _check_end(self, head: Head, number: int, sequence: int, previous: str, more: Any) -> None:
        if number < head.last_block:
            what, expected = "the block is missing", f"{head.last_block} blocks"
            _fail(head.id, what, expected, f"{number} blocks", block=number + 1)
        if more is not None:
            _fail(head.id, "the entry was inserted", f"{head.entries} entries", f"entry {more[0]}", sequence=more[0])
        if (previous, sequence - 1) != (head.head_hash, head.entries):
            what = "the chain does not end as the session's row says"
            _fail(head.id, what, head.head_hash, previous, block=number or None)

    def _blame_head(self, head: Head, stored: str) -> None:
        last = self._connection.execute(
            select(_block.number, _block.last_bar, _block.hash)
            .where(_block.session == head.id)
            .order_by(_block.number.desc())
            .limit(1)
        ).first()
        number, bar, digest = last or (0, None, head.identity)
        entries = self._connection.execute(
            select(func.coalesce(func.max(_entry.sequence), 0)).where(_entry.session == head.id)
        ).scalar()
        for name, expected, received in (
            ("number of the last block", number, head.last_block),
            ("last bar", bar, head.last_bar),
            ("number of entries", entries, head.entries),
            ("hash of the last block", digest, head.head_hash),
        ):
            if expected != received:
                _fail(head.id, f"its {name} was changed, or its end was cut off", str(expected), str(received))
        _fail(head.id, "its status, end or seal was changed", f"seal {seal(head)}", f"seal {stored}")

    def _blame_block(self, head: Head, block: BlockHead, stored: str, first: int) -> None:
        """Name the entry that differs; if none does, the block's own row."""
        good: list[Any] = []
        for expected, row in enumerate(self._stream_entries(head.id, first), first):
            if row.sequence != expected:
                _missing(head, block, expected, f"entry {row.sequence}")
            sequence, number, bar, kind, payload, crc = row
            if entry_crc(head.id, sequence, number, bar, kind, payload) != crc:
                received = f"bar {bar}, block {number}, {kind} {_excerpt(payload)}"
                what, wanted = "the entry was changed", f"content with CRC {crc}"
                _fail(head.id, what, wanted, received, block=block.number, sequence=expected)
            if row.block != block.number:
                break
            good.append(row)
        else:
            if first + len(good) <= head.entries:
                _missing(head, block, first + len(good), "the end")
        if len(good) != block.entries:
            what, received = "its number of entries was changed", str(block.entries)
            _fail(head.id, what, str(len(good)), received, block=block.number)
        what = "its row was changed, or an entry together with its CRC"
        computed = block_hash(head.identity, block, good)
        _fail(head.id, what, f"hash {computed}", f"hash {stored}", block=block.number)

    def _stream_blocks(self, session: int) -> Iterator[Any]:
        return self._stream(select(*_BLOCK_COLUMNS).where(_block.session == session).order_by(_block.number))

    def _stream_entries(self, session: int, first: int) -> Iterator[Any]:
        query = select(*_ENTRY_COLUMNS).where(_entry.session == session, _entry.sequence >= first)
        return self._stream(query.order_by(_entry.sequence))

    def _stream(self, query: Select[Any]) -> Iterator[Any]:
        result = self._connection.execute(query, execution_options={"yield_per": _PAGE})
        return iter(self._open.enter_context(closing(result)))


def _missing(head: Head, block: BlockHead, sequence: int, received: str) -> NoReturn:
    _fail(head.id, "the entry is missing", f"entry {sequence}", received, block=block.number, sequence=sequence)


def _inserted(session: int, begun: int) -> NoReturn:
    _fail(session, "the session was inserted", f"sessions 1 to {begun}", f"session {session}")


def _vanished(session: int) -> NoReturn:
    _fail(session, "the session has vanished", "its row or a tombstone", "neither")


def _fail(
    session: int, what: str, expected: str, received: str, *, block: int | None = None, sequence: int | None = None
) -> NoReturn:
    raise _FoundError(
        Problem(session=session, block=block, sequence=sequence, what=what, expected=expected, received=received)
    )


def _excerpt(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    return shown.encode("ascii", "backslashreplace").decode()
