"""A run that outlives its process: every bar durable, every restart where the last process stopped."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tradewind.contracts import Broker, DataRequest
from tradewind.errors import UserError
from tradewind.exchange import ExchangeBroker
from tradewind.journal import DECISION_KINDS, DurableJournal, Record, row_from, row_to
from tradewind.orders.account import OwnAccount
from tradewind.orders.courier import Courier
from tradewind.orders.path import OrderPath
from tradewind.orders.talks import TALK_KINDS, Recorded
from tradewind.runs.provenance import code_hashes, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np

    from tradewind.config.plan import Plan
    from tradewind.engine.assemble import Builder
    from tradewind.exchange import Exchange, ExecutionPort
    from tradewind.journal.store import JournalStore, SessionWriter
    from tradewind.model import Instrument, Row

__all__ = ["DurableRun", "open_run"]

_SECONDS_PER_BEAT = 0.5
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
        The session's only writer.
    rows
        Bars of earlier processes.
    journal
        Where decisions go; it knows those of earlier processes.
    talks
        What earlier processes said to the broker, and heard.
    """

    builder: Builder
    writer: SessionWriter
    rows: Sequence[Row]
    journal: DurableJournal
    talks: Recorded
    path: OrderPath | None = None
    bar: int = -1
    _beaten: float = -1.0

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
        yield from self.rows
        bar, last = len(self.rows), self.after
        for row in coming:
            if last is None or row.timestamp > last:
                self.journal.note(bar, "row", row_to(row))
                bar += 1
                yield row

    def execution(self, instruments: Sequence[Instrument]) -> Callable[[Exchange], ExecutionPort]:
        """Return what makes the order path of this session."""

        def make(exchange: Exchange) -> ExecutionPort:
            plan = self.builder.plan
            outside = plan.mode.broker
            made = self.builder.create("broker", outside, "broker") if outside else ExchangeBroker(exchange)
            self.path = OrderPath(
                courier=Courier(cast("Broker", made)),
                log=self.journal,
                account=OwnAccount(plan.account.cash),
                instruments=instruments,
                tag=str(self.session),
                recorded=self.talks,
                rehearses=outside is None,
            )
            return self.path

        return make

    def end_bar(self, bar: int) -> None:
        """Make a bar durable and tell that the process is alive."""
        self.bar = bar
        if self.path is not None:
            self.path.end_bar(compare=bar % _BARS_PER_COMPARISON == 0)
        elif bar >= len(self.rows):
            self.journal.commit()
        now = time.monotonic()
        if now - self._beaten >= _SECONDS_PER_BEAT:
            self._beaten = now
            self.writer.beat(self.status())

    def status(self) -> dict[str, Any]:
        """Return what `tradewind status` shows of a running session."""
        return {"bar": self.bar}

    def close(self, *, finished: bool) -> None:
        """End orderly: ``finished`` where the stream has ended, else to be continued."""
        self.writer.beat(self.status())
        self.writer.finish("finished" if finished else "stopped")
        self.writer.close()


def open_run(store: JournalStore, builder: Builder, directory: Path, *, fresh: bool = False) -> DurableRun:
    """Take up the plan's unfinished session, or begin a new one.

    Parameters
    ----------
    store
        The journal.
    builder
        The plan and its plugins.
    directory
        That of the configuration, for the hashes of its code.
    fresh
        Whether an unfinished session is given up.

    Raises
    ------
    UserError
        If the unfinished session has another configuration.
    JournalError
        If the journal cannot be used, or another process writes the session.
    """
    plan = builder.plan
    config = json.loads(plan.model_dump_json(exclude_none=True))
    unfinished = [info for info in store.sessions(plan.name) if info.status != "finished"]
    if unfinished and fresh:
        for info in unfinished:
            writer = store.resume(info.id)
            writer.finish("finished")
            writer.close()
        unfinished = []
    if not unfinished:
        header = {
            "config": config,
            "versions": versions_of(builder.registry),
            "code": code_hashes(plan, builder.registry, directory),
            "seed": plan.seed,
        }
        writer = store.begin(plan.name, header)
        return DurableRun(builder, writer, (), DurableJournal(writer), Recorded())
    last = unfinished[-1]
    _require_same(plan, last.header["config"], config, last.id)
    writer = store.resume(last.id)
    rows: list[Row] = []
    decisions: list[Record] = []
    talks: list[Record] = []
    for entry in store.entries(last.id):
        if entry.kind == "row":
            rows.append(row_from(json.loads(entry.payload)))
        elif entry.kind in DECISION_KINDS:
            decisions.append(Record(entry.bar, entry.kind, entry.payload))
        elif entry.kind in TALK_KINDS:
            talks.append(Record(entry.bar, entry.kind, entry.payload))
    return DurableRun(builder, writer, rows, DurableJournal(writer, decisions), Recorded.of(talks))


def _require_same(plan: Plan, before: dict[str, Any], now: dict[str, Any], session: int) -> None:
    changed = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    if changed:
        raise UserError(
            f"session {session} of {plan.name!r} was begun with another {', '.join(changed)}; a session keeps its "
            f"configuration. Restore it, or give the session up with --fresh"
        )
