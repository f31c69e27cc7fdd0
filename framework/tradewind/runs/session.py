"""A run that outlives its process: every bar durable, every restart where the last process stopped."""

from __future__ import annotations

import json
import platform
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from tradewind.contracts import Broker, DataRequest
from tradewind.errors import DataError
from tradewind.exchange import ExchangeBroker
from tradewind.journal import DECISION_KINDS, DurableJournal, Record, row_from, row_to
from tradewind.model.wire import instrument_to
from tradewind.orders.account import OwnAccount
from tradewind.orders.courier import Courier
from tradewind.orders.path import OrderPath
from tradewind.orders.status import path_status
from tradewind.orders.talks import TALK_KINDS, Recorded
from tradewind.runs.beginning import NewSession, begin_session, last_unfinished
from tradewind.runs.operators import Operators, close_again
from tradewind.runs.provenance import code_hashes, versions_of
from tradewind.runs.put_off import PutOff
from tradewind.runs.stopping import Stop, rows_until
from tradewind.runs.unchanged import kept_config, require_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    import numpy as np

    from tradewind.engine.assemble import Builder
    from tradewind.engine.session import Session
    from tradewind.exchange import Exchange, ExecutionPort
    from tradewind.journal.store import JournalStore, SessionWriter
    from tradewind.model import Instrument, Row

__all__ = ["DurableRun", "open_run"]

_SECONDS_PER_BEAT = 0.5
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 5.0, 600.0
"""Between tries to close what is still held and was to be closed."""
_BARS_PER_COMPARISON = 20
"""Bars from one comparison of the accounts to the next."""


@dataclass(slots=True, eq=False)
class DurableRun:
    """One session of a plan in the durable journal, new or taken up again.

    Parameters
    ----------
    builder
        The plan and its plugins.
    writer
        The session's only writer; that of a new session begins it when there is something to keep.
    rows
        Bars of earlier processes.
    journal
        Where decisions go; it knows those of earlier processes.
    talks
        What earlier processes said to the broker, and heard.
    stop
        Whether the session is to stop.
    tag
        Prefix of its client order ids, unlike that of any other session anywhere.
    instruments
        Those it began with, as plain JSON types; None before its first bar.
    warn
        Called with a line for the operator.
    before
        What the process before last told of itself.
    """

    builder: Builder
    writer: SessionWriter | NewSession
    rows: Sequence[Row]
    journal: DurableJournal
    talks: Recorded
    stop: Stop
    tag: str
    instruments: list[dict[str, Any]] | None
    warn: Callable[[str], None] = lambda _: None
    before: Mapping[str, Any] = field(default_factory=dict)
    path: OrderPath | None = None
    bar: int = -1
    """Last bar that was delivered."""
    put_off: PutOff = field(default_factory=PutOff)
    """When nothing was sent, and why."""
    _session: Session | None = None
    _instruments: Sequence[Instrument] = ()
    _time: str = ""
    _beaten: float = -1.0
    _closed_at: float = -1.0
    _closing_wait_seconds: float = _FIRST_WAIT_SECONDS
    _operators: Operators = field(init=False)

    def __post_init__(self) -> None:
        self._operators = Operators(self.writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.path is not None:
                self.path.broker.close()
        finally:
            # What a failed session leaves is continued by the next process, like that of a killed one.
            self.writer.__exit__(kind, error, trace)

    @property
    def session(self) -> int:
        """Number of the session in its journal."""
        return self.writer.session

    @property
    def after(self) -> np.datetime64 | None:
        """Time of the last bar that is durable."""
        return self.rows[-1].timestamp if self.rows else None

    def request(self) -> DataRequest:
        """Return what is asked of the feed: the bars that are not here yet."""
        data = self.builder.plan.data
        return DataRequest(
            start=data.start, end=data.end, symbols=data.symbols, references=data.references, after=self.after
        )

    def all_rows(self, coming: Iterator[Row]) -> Iterator[Row]:
        """Yield the bars of earlier processes, then those to come, which are journalled before anyone acts on them."""
        for row in self.rows:
            self.bar, self._time = self.bar + 1, str(row.timestamp)
            yield row
        last = self.after
        for row in rows_until(self.stop, coming, self._idle):
            if last is None or row.timestamp > last:
                self.journal.note(self.bar + 1, "row", row_to(row))
                self.bar, self._time = self.bar + 1, str(row.timestamp)
                yield row

    def execution(self, instruments: Sequence[Instrument]) -> Callable[[Exchange], ExecutionPort]:
        """Return what makes the order path of this session.

        Raises
        ------
        DataError
            If the feed delivers other instruments than the session began with.
        """
        self._instruments = instruments
        self._note_instruments([instrument_to(instrument) for instrument in instruments])

        def make(exchange: Exchange) -> ExecutionPort:
            plan = self.builder.plan
            outside = plan.mode.broker
            made = self.builder.create("broker", outside, "broker") if outside else ExchangeBroker(exchange)
            self.path = OrderPath(
                courier=self._courier(cast("Broker", made)),
                log=self.journal,
                account=OwnAccount(plan.account.cash),
                instruments=instruments,
                tag=self.tag,
                recorded=self.talks,
                rehearses=outside is None,
                forbidden=lambda: self._operators.forbids,
            )
            return self.path

        return make

    def _courier(self, broker: Broker) -> Courier:
        if self.builder.plan.mode.broker is None:
            return Courier(broker, sleep=self._sleep)
        return Courier(broker, sleep=self._sleep, before_sending=self.writer.require_lock)

    def _note_instruments(self, told: list[dict[str, Any]]) -> None:
        if self.instruments is None:
            self.journal.note(0, "instruments", {"instruments": told})
        elif told != self.instruments:
            before, now = ([one["symbol"] for one in some] for some in (self.instruments, told))
            raise DataError(
                f"session {self.session} was begun with {', '.join(before[:10])} ({len(before)} in all) and the feed "
                f"delivers {', '.join(now[:10])} ({len(now)} in all), or the same with other terms; restore the feed, "
                f"or give the session up with --fresh"
            )

    def end_bar(self, bar: int) -> None:
        """Carry out what operators asked, make the bar durable and tell that the process is alive."""
        path = self.path
        if path is None:
            if bar >= len(self.rows):
                self.journal.commit()
        else:
            assert self._session is not None
            for asked in path.heed(self._operators.pending, between_bars=False):
                self._operators.carry_out(asked, path, self._session)
            path.end_bar(compare=bar % _BARS_PER_COMPARISON == 0)
            if path.live:
                self._operators.take_note()
            line = self.put_off.note(bar, path.blocked, path.differences)
            if line and path.live:
                self.warn(line)
            self._hear_between_bars()
        self._beat()

    def prepare(self, session: Session) -> None:
        """Take note of the session that this one keeps."""
        self._session = session

    @property
    def _on_the_clock(self) -> bool:
        return self.builder.plan.mode.has_operator

    @property
    def recovering(self) -> bool:
        """Whether bars of earlier processes are still gone through."""
        return self.bar < len(self.rows) - 1

    def status(self) -> dict[str, Any]:
        """Return what `tradewind status` shows of the session; until it is where it was, what it showed before."""
        if self.recovering:
            return {
                **self.before,
                "host": platform.node(),
                "recovering": True,
                "recovered_bars": self.bar + 1,
                "recorded_bars": len(self.rows),
            }
        regime = self.journal.latest.get("regime")
        status: dict[str, Any] = {
            "host": platform.node(),
            "mode": self.builder.plan.mode.mode,
            "bar": self.bar,
            "time": self._time,
            "recovering": False,
            "regime": json.loads(regime)["regime"] if regime else "",
            # Where time passes with the bars, the hours of today say nothing.
            "calendars": sorted({one.calendar for one in self._instruments}) if self._on_the_clock else [],
        }
        if self._session is not None:
            board = self._session.desk.board
            status |= {"standing": board.standing.word, "standing_by": board.by, "standing_text": board.text}
            standing, text = board.forbidden
            status |= {"operator_standing": standing.word, "operator_text": text}
            status["gates"] = dict(self._session.ledger.recorder.ruling_counts)
        if self.path is not None:
            status |= path_status(self.path)
        return status

    def end(self, status: Literal["stopped", "finished"]) -> None:
        """End orderly: ``finished`` where the stream has ended, else to be continued; nothing where it never began.

        Raises
        ------
        JournalError
            If a session that finishes has not decided everything that its journal has.
        """
        if status == "finished":
            self.journal.require_repeated()
        if isinstance(self.writer, NewSession) and not self.writer.begun:
            return
        self.writer.beat({**self.status(), "recovering": False})
        self.writer.finish(status)

    def _idle(self) -> None:
        if self.path is not None:
            self.path.wake()
        self._hear_between_bars()
        self._beat()

    def _hear_between_bars(self) -> None:
        path, session = self.path, self._session
        while path is not None and session is not None:
            events = path.idle()
            if events:
                session.idle(events)
            asked = path.heed(lambda: self._operators.pending() or self._to_close(path, session), between_bars=True)
            for one in asked:
                self._operators.carry_out(one, path, session)
            if not asked:
                return
            path.commit()
            if path.live:
                self._operators.take_note()

    def _to_close(self, path: OrderPath, session: Session) -> list[dict[str, Any]]:
        """Ask on the operator's behalf for what could not be closed when he said so."""
        if not session.flattening.wanted or not session.ledger.holdings():
            self._closing_wait_seconds = _FIRST_WAIT_SECONDS
            return []
        now = time.monotonic()
        left = [*session.flattening.left(), *(intent.instrument for intent in path.late.closings())]
        if not left or now - self._closed_at < self._closing_wait_seconds:
            return []
        self._closed_at = now
        if not path.could_close(left):
            self._closing_wait_seconds = _FIRST_WAIT_SECONDS
            return []
        # What refuses it now, as a closed market, may go on doing so for long.
        self._closing_wait_seconds = min(2.0 * self._closing_wait_seconds, _LONGEST_WAIT_SECONDS)
        return [close_again()]

    def _sleep(self, seconds: float) -> None:
        """Wait for a venue that takes a few messages at a time: that is no standing still."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0.0:
            time.sleep(min(left, _SECONDS_PER_BEAT))
            if not isinstance(self.writer, NewSession) or self.writer.begun:
                self._beat()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= _SECONDS_PER_BEAT:
            self._beaten = now
            self.writer.beat(self.status())


def open_run(
    store: JournalStore,
    builder: Builder,
    directory: Path,
    *,
    stop: Stop | None = None,
    fresh: bool = False,
    warn: Callable[[str], None] = lambda _: None,
) -> DurableRun:
    """Take up the plan's unfinished session, or begin a new one.

    Parameters
    ----------
    store
        The journal.
    builder
        The plan and its plugins.
    directory
        That of the configuration, for the hashes of its code.
    stop
        Whether the session is to stop; by default only its stream's end stops it.
    fresh
        Whether an unfinished session is given up, once data and broker of the new one are there.
    warn
        Called with a line for the operator.

    Raises
    ------
    UserError
        If the unfinished session has another configuration.
    JournalError
        If the journal cannot be used, is not as it was written, or another process writes the session.
    """
    plan = builder.plan
    config = kept_config(plan)
    last = last_unfinished(store, plan.name)
    # Nothing was decided in it: what it was to run does not bind.
    empty = last is not None and last.entries == 0 and last.header.get("config") != config
    if last is None or fresh or empty:
        header: dict[str, Any] = {
            "config": config,
            "versions": versions_of(builder.registry),
            "code": code_hashes(plan, builder.registry, directory),
            "seed": plan.seed,
            "tag": secrets.token_hex(4),
            "directory": str(directory.resolve()),
        }
        new = NewSession(lambda: begin_session(store, plan.name, header, last))
        journal, recorded = DurableJournal(new), Recorded()
        return DurableRun(builder, new, (), journal, recorded, stop or Stop(), header["tag"], None, warn=warn)
    if not last.intact:
        store.require_good(last.id)
    require_same(plan.name, last.id, last.header.get("config", {}), config)
    writer = store.resume(last.id)
    rows: list[Row] = []
    decisions: list[Record] = []
    talks: list[Record] = []
    instruments: list[dict[str, Any]] | None = None
    for entry in store.entries(last.id):
        if entry.kind == "row":
            rows.append(row_from(json.loads(entry.payload)))
        elif entry.kind in DECISION_KINDS:
            decisions.append(Record(entry.bar, entry.kind, entry.payload))
        elif entry.kind in TALK_KINDS:
            talks.append(Record(entry.bar, entry.kind, entry.payload))
        elif entry.kind == "instruments":
            instruments = json.loads(entry.payload)["instruments"]
    journal, recorded, tag = DurableJournal(writer, decisions), Recorded.of(talks), last.header["tag"]
    return DurableRun(
        builder, writer, rows, journal, recorded, stop or Stop(), tag, instruments, warn=warn, before=last.heartbeat
    )
