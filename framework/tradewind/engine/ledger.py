"""Everything that keeps account: exchange, sleeve books, journal and records, moved together."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tradewind.engine.data_entries import DataEntries
from tradewind.engine.outside import attribute, charge_borrowing, elapsed_years, opens, settlement, short_values
from tradewind.engine.payloads import cross_payload, decision_payload, regime_payload, ruling_payload
from tradewind.engine.working_orders import WorkingOrders, rests
from tradewind.exchange.port import RETRIED
from tradewind.journal import Journal, fill_entry, intent_entry, order_entry
from tradewind.model import Fill, OrderEventKind, ReasonCode
from tradewind.model.wire import activity_to
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradewind.engine.account import SessionRecorder
    from tradewind.engine.desk import RiskDesk
    from tradewind.engine.panel import Panel
    from tradewind.engine.quotes import PanelCost, PanelQuotes
    from tradewind.engine.sleeve import Decision
    from tradewind.exchange import ExecutionPort
    from tradewind.model import Activity, Instrument, OrderEvent, OrderIntent, RegimeEstimate
    from tradewind.model.typing import BoolArray, FloatArray
    from tradewind.portfolio.books import SleeveBooks
    from tradewind.portfolio.rebalance import Cross, Trade
    from tradewind.risk.pipeline import Ruling
    from tradewind.risk.standing import Change

__all__ = ["Executed", "Ledger"]

_WORKING = (OrderEventKind.ACCEPTED, OrderEventKind.REDUCED)
"""Events after which an order works on."""
_NOT_ASKED = frozenset({ReasonCode.UNEXPLAINED, ReasonCode.OVERTAKEN, ReasonCode.OPERATOR})
"""Reasons for which an order was held back: the venue would perhaps have taken it."""


class Executed(NamedTuple):
    """A holding its sleeves no longer want: a resting exit has filled, its data have ended, it has expired."""

    instrument: Instrument
    sleeves: tuple[str, ...]
    reason: str


class Ledger:
    """Moves exchange, books, journal and records together, so that none can run ahead of the others.

    Parameters
    ----------
    panel, quotes
        Bars, and prices by instrument.
    exchange
        Where orders are executed: the exchange, or the order path to a broker.
    books
        Sleeve books.
    cost
        Cost model for estimates; None where trading is free.
    data_end_haircut
        Loss on the last close at which a position is given up when its data end, as a fraction.
    desk
        Through which every order goes.
    borrow_rate_per_year
        What the exchange charges on shorts; 0: nothing to attribute.
    journal
        Where decisions are written; a fresh one by default.
    """

    def __init__(
        self,
        *,
        panel: Panel,
        quotes: PanelQuotes,
        exchange: ExecutionPort,
        books: SleeveBooks,
        cost: PanelCost | None,
        recorder: SessionRecorder,
        data_end_haircut: float,
        desk: RiskDesk,
        borrow_rate_per_year: float = 0.0,
        journal: Journal | None = None,
    ) -> None:
        self.quotes = quotes
        self.desk = desk
        self.confirmed_regime = ""
        self.exchange = exchange
        self.books = books
        self.journal = Journal() if journal is None else journal
        self.recorder = recorder
        self.warnings: dict[str, None] = {}
        self.refused: list[OrderIntent] = []
        """Orders that were refused, or filled though cancelled, since the last decision: their sleeves decide anew."""
        self._panel = panel
        self._cost = cost
        self._haircut = data_end_haircut
        self._charges_borrowing = borrow_rate_per_year > 0.0
        self._may_expire = False
        self._valued: tuple[tuple[int, float, int], float] = ((-1, 0.0, -1), 0.0)
        """Bar, cash and version of the books for which equity is known, and that equity."""
        self.at_work = WorkingOrders(books, quotes)
        self.unsold: set[Instrument] = set()
        """What the venue refused to sell when it was last asked."""
        self._unwanted: list[Executed] = []
        """Executions, not told yet, after which sleeves no longer want a holding."""
        self._data = DataEntries(panel, self.journal)
        self._symbols = [instrument.symbol for instrument in panel.instruments]

    def process(self, ended: Sequence[int]) -> list[Executed]:
        """Run the venue over the current bar and return the executions after which sleeves no longer want a holding."""
        bar = self._panel.bar
        borrowed = self.exchange.borrow_costs
        short = short_values(self.books, self._panel, self.quotes) if self._charges_borrowing else {}
        self.exchange.process(bar, self.quotes, years=elapsed_years(self._panel) if self._charges_borrowing else 0.0)
        self.drain()
        borrowing = self.exchange.borrow_costs - borrowed
        if borrowing > 0.0:
            charge_borrowing(self.books, borrowing, short)
        for column in ended:
            self._unwanted += self._end(column)
        self._unwanted += self._expire()
        return self._told()

    def idle(self, events: Sequence[OrderEvent]) -> list[Executed]:
        """Book what has become of orders between two bars; return executions as `process` does."""
        self._take(events)
        return self._told()

    def _told(self) -> list[Executed]:
        told, self._unwanted = self._unwanted, []
        return told

    def equity(self) -> float:
        """Return the account's value at the current marks."""
        key = (self._panel.bar, self.exchange.cash, self.books.version)
        if key != self._valued[0]:
            self._valued = (key, self.exchange.equity(self.quotes.mark))
        return self._valued[1]

    def holdings(self) -> dict[Instrument, float]:
        """Return the account's signed quantities."""
        return self.exchange.quantities()

    @property
    def cash(self) -> float:
        """Cash of the account."""
        return self.exchange.cash

    def exposures(self) -> tuple[FloatArray, dict[Instrument, float]]:
        """Return the account's signed quantities by column, shape (N,), and of instruments without one; both anew."""
        return self.books.totals()

    def holds(self, sleeve: str) -> bool:
        """Tell whether a sleeve has any position in a panel column."""
        return self.books.books[sleeve].held_columns > 0

    def estimate_costs(self, trades: Sequence[Trade]) -> list[float]:
        """Estimate the cash cost of each trade."""
        if self._cost is None or not trades:
            return [0.0] * len(trades)
        quantities = np.array([trade.quantity for trade in trades])
        prices = np.array([trade.price for trade in trades])
        return self._cost.estimate([trade.instrument for trade in trades], quantities, prices).tolist()

    def working(self) -> list[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the orders at work that nobody is cancelling, with what each sleeve still has to get of them."""
        return self.at_work.staying()

    def ending(self) -> list[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the market orders that are being cancelled and may still fill, with what is left of them."""
        return self.at_work.ending()

    def reserved(self, replaced: Iterable[Instrument]) -> float:
        """Return the cash that market orders to buy will need; ``replaced`` wait for the end of what is cancelled."""
        return self.at_work.reserved(replaced)

    def cancel(self, intents: Sequence[OrderIntent]) -> None:
        """Cancel orders at work."""
        names = [intent.order_id for intent in intents]
        self.at_work.cancelling(names)
        self.exchange.cancel_orders(names)
        self.drain()

    def cancel_all(self, *, protective: bool = True) -> None:
        """Cancel what is at work but closings; ``protective`` False leaves the stops and limits that rest."""
        working = [intent for intent, _ in self.working() if intent.reason != FLATTEN]
        self.cancel([intent for intent in working if protective or not rests(intent)])

    def cancel_openings(self) -> None:
        """Cancel the orders at work that would open or increase a position."""
        held = self.holdings()
        self.cancel(
            [
                intent
                for intent, parts in self.working()
                if not rests(intent) and opens(held.get(intent.instrument, 0.0), math.fsum(parts.values()))
            ]
        )

    def submit_apart(self, intents: Sequence[OrderIntent], trades: Sequence[Trade], costs: Sequence[float]) -> None:
        """Submit a batch, and before it by themselves the sales that the venue refused when it was last asked.

        What was not sold then is no room for what is bought beside it; that waits for it all the same.
        """
        unsold = self.unsold
        apart = {one.order_id for one in intents if one.quantity < 0.0 and one.instrument in unsold} if unsold else ()
        if not apart:
            self.submit(intents, trades, costs)
            return
        for alone in (True, False):
            some = [one for one in intents if (one.order_id in apart) is alone]
            theirs = [trade for one, trade in zip(intents, trades, strict=False) if (one.order_id in apart) is alone]
            # What filled between the two would make the second part's quantities wrong.
            self.submit(some, theirs, hears=False)
        self.drain()

    def submit(
        self,
        intents: Sequence[OrderIntent],
        trades: Sequence[Trade] = (),
        costs: Sequence[float] = (),
        *,
        hears: bool = True,
    ) -> None:
        """Pass the intents through the gates, journal what is left, then hand it to the venue.

        ``trades`` are those that the intents were made of, ``costs`` their estimated costs, where they are known.
        """
        if not intents:
            return
        resized = {one.order_id: trade.resized for one, trade in zip(intents, trades, strict=False) if trade.resized}
        judged = self.desk.judge(intents, self, self.confirmed_regime)
        for ruling in judged.rulings:
            self._rule(intents[ruling.order], ruling)
            if ruling.keeps_open and not rests(intents[ruling.order]):
                # A position that was to be closed is not given up for lack of an order: it is wanted again.
                self.refused.append(intents[ruling.order])
        if judged.rulings:
            intents, costs = judged.intents, ()
        if not intents:
            return
        bar = self._data.begin() if self.journal.keeps else -1
        for intent in intents:
            self._enter(intent, bar)
        for intent in intents if resized else ():
            if intent.order_id in resized:
                self._write("resized", {"id": intent.order_id, "reason": resized[intent.order_id]})
        self.exchange.submit(intents, costs)
        if hears:
            self.drain()

    def deliver_late(self) -> None:
        """Deliver stops and limits again that did not arrive: what they protect is held."""
        self.exchange.deliver_late(closings=False)
        self.drain()

    def take_over(self, intents: Sequence[OrderIntent]) -> None:
        """Own orders that were sent from outside: they were decided by nobody here, and pass no gate."""
        for intent in intents:
            self._enter(intent, self._data.begin() if self.journal.keeps else -1)

    def _enter(self, intent: OrderIntent, bar: int) -> None:
        if bar >= 0:
            self.journal.write_text(bar, "intent", intent_entry(intent))
        self.recorder.order(intent)
        self.books.open_order(intent)
        if intent.instrument.expiry is not None:
            self._may_expire = True
        self.at_work.add(intent)

    def _rule(self, intent: OrderIntent, ruling: Ruling) -> None:
        """Journal and record what a gate has done to an order."""
        self.recorder.ruling(intent, ruling, self.quotes.mark(intent.instrument))
        self._write("gate", ruling_payload(intent, ruling))

    def standing(self, change: Change) -> None:
        """Journal and record a new standing of the account."""
        self.recorder.standing(self._panel.bar, change)
        self._write("breaker", {"before": change.before.word, "after": change.after.word} | change.why)

    def cross(self, cross: Cross) -> None:
        """Book and journal a transfer between sleeves."""
        self._may_expire |= cross.instrument.expiry is not None
        self.books.cross(cross.instrument, cross.buyer, cross.seller, cross.quantity, cross.price, self._panel.bar)
        self._write("cross", cross_payload(cross))

    def regime(self, bar: int, confirmed: str, estimate: RegimeEstimate | None, *, changed: bool) -> None:
        """Journal and record the regime of a bar."""
        self.confirmed_regime = confirmed
        self.recorder.regime(confirmed, estimate)
        if not self.journal.keeps:
            return
        if changed:
            self._data.begin()
        self.journal.write(bar, "regime", regime_payload(confirmed, estimate))

    def decision(self, sleeve: str, decision: Decision) -> None:
        """Journal what a sleeve wants."""
        self._write(decision.kind, decision_payload(sleeve, decision, self._symbols))

    def exit(self, sleeve: str, name: str, closed: BoolArray) -> None:
        """Journal what an exit gives up."""
        symbols = [self._symbols[column] for column in np.flatnonzero(closed).tolist()]
        self._write("exit", {"sleeve": sleeve, "exit": name, "symbols": symbols})

    def record(self, equity: float) -> None:
        """Record the close of the bar."""
        self.recorder.close(equity, self.exchange.cash)

    def quiet_path(self, stop: int) -> FloatArray:
        """Return the equity at the closes after this bar and before ``stop`` if nothing is traded until then."""
        start = self._panel.bar + 1
        marks = self._panel.marks_between(start, stop)
        columns = {instrument: self.quotes.column(instrument) for instrument in self.exchange.positions()}
        return self.exchange.equity_path(stop - start, lambda instrument: marks[:, columns[instrument]])

    def pass_over(self, equity: FloatArray) -> None:
        """Record the closes after this bar, on which nothing is traded."""
        self.recorder.pass_over(equity, self.exchange.cash)

    def next_event(self, stop: int) -> int:
        """Return the first bar before ``stop`` on which the venue might act on what is at work, or ``stop``."""
        bar = self._panel.bar
        if self.refused or (self._may_expire and any(i.expiry is not None for i in self.exchange.positions())):
            return bar + 1
        if any(book.others for book in self.books.books.values()):
            return bar + 1
        return self.exchange.next_event(bar, stop, self.quotes.prices)

    def drain(self) -> None:
        """Take in what has become of orders since it was last asked."""
        self._take(self.exchange.poll())

    def _take(self, events: Sequence[OrderEvent]) -> None:
        for activity in self.exchange.activities():
            self._receive(activity)
        for event in events:
            if event.fill is not None:
                executed = self._fill(event.fill)
                if executed is not None:
                    self._unwanted.append(executed)
            elif event.kind not in _WORKING:
                self._close(event)

    def _fill(self, fill: Fill, reason: str = "") -> Executed | None:
        self.desk.filled(fill)
        parts = self.books.apply(fill)
        order_id = fill.order_id
        intent = self.at_work.get(order_id)
        if self.unsold and fill.quantity < 0.0:
            self.unsold.discard(fill.instrument)
        if (crossed := self.at_work.cancelled(order_id)) is not None:
            self.refused.append(crossed)
        if intent is not None:
            reason = intent.reason
            done = self.at_work.fill(intent, fill.quantity)
            self.recorder.status(order_id, "filled" if done else "partially_filled")
        self.recorder.fill(fill, reason)
        if self.journal.keeps:
            self.journal.write_text(self._data.begin(), "fill", fill_entry(fill, parts))
        unwanted = rests(intent) if intent is not None else bool(reason)
        return Executed(fill.instrument, tuple(parts), reason) if unwanted else None

    def _close(self, event: OrderEvent) -> None:
        if self.journal.keeps:
            self.journal.write_text(self._data.begin(), "order", order_entry(event))
        self.recorder.status(event.order_id, event.kind.value)
        intent = self.at_work.get(event.order_id)
        bought = intent is not None and intent.quantity > 0.0
        rested = intent is not None and rests(intent)
        passing = event.code in RETRIED or (event.code is ReasonCode.INSUFFICIENT_FUNDS and bought)
        asked = event.kind is OrderEventKind.REJECTED and event.code not in _NOT_ASKED
        if asked and intent is not None and self._sells_holding(intent):
            self.unsold.add(intent.instrument)
        if event.kind is OrderEventKind.REJECTED and passing:
            if intent is not None and not rested:
                self.refused.append(intent)
        elif event.kind is OrderEventKind.REJECTED:
            self.desk.refused()
            if intent is not None and rested:
                self.at_work.refuse(intent)
            self.warnings[f"order {event.order_id} was rejected: {event.reason}"] = None
        self.books.close_order(event.order_id)
        self.at_work.forget(event.order_id)

    def _sells_holding(self, intent: OrderIntent) -> bool:
        return intent.quantity < 0.0 and not rests(intent) and self.holdings().get(intent.instrument, 0.0) > 0.0

    def _receive(self, activity: Activity) -> None:
        """Book what happened to the account without an order, in the name of those whom it concerns."""
        attribute(activity, self.books, self._panel.bar)
        self.desk.booked(activity)
        self._write("activity", activity_to(activity))

    def _end(self, column: int) -> list[Executed]:
        instrument = self._panel.instruments[column]
        held = self.exchange.positions().get(instrument)
        loss = -self._haircut if held is None or held.quantity > 0.0 else self._haircut
        price = self.quotes.mark(instrument) * (1.0 + loss)
        self._write("data_end", {"symbol": instrument.symbol, "price": price})
        return self._liquidate(instrument, price, "data_end")

    def _expire(self) -> list[Executed]:
        if not self._may_expire:
            return []
        held = [*self.exchange.positions(), *(one for book in self.books.books.values() for one in book.others)]
        expiring = [instrument for instrument in dict.fromkeys(held) if instrument.expiry is not None]
        fills: list[Executed] = []
        for instrument in expiring:
            if self.expired(instrument):
                fills += self._liquidate(instrument, settlement(instrument, self._panel, self.quotes), "expiry")
        return fills

    def expired(self, instrument: Instrument) -> bool:
        """Tell whether an instrument has expired by the current bar."""
        return instrument.expiry is not None and instrument.expiry <= self._today()

    def _today(self) -> dt.date:
        today: dt.date = self._panel.timestamps[self._panel.bar].astype("datetime64[D]").astype(dt.date)
        return today

    def _liquidate(self, instrument: Instrument, price: float, reason: str) -> list[Executed]:
        held = self.exchange.positions().get(instrument)
        self.exchange.liquidate(instrument, price, self._panel.bar, reason)
        if held is not None:
            self.warnings[f"{instrument.symbol}: position closed at {price:.4f} ({reason.replace('_', ' ')})"] = None
        fills: list[Executed] = []
        if held is None:
            fills.append(Executed(instrument, self.books.settle(instrument, price, self._panel.bar), reason))
        for event in self.exchange.poll():
            if event.fill is None:
                if event.kind not in _WORKING:
                    self._close(event)
            else:
                executed = self._fill(event.fill, reason)
                if executed is not None:
                    fills.append(executed)
        return fills

    def _write(self, kind: str, payload: dict[str, Any]) -> None:
        """Journal a record; the first of a bar is preceded by the digest of the data it was decided on."""
        if self.journal.keeps:
            self.journal.write(self._data.begin(), kind, payload)
