"""The simulated exchange: takes intents, fills them from the next bar on, keeps cash and positions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.errors import DataError, GateError, UserError
from tradewind.exchange.accounting import Book, market_value, market_values, released_cash
from tradewind.exchange.admission import Admission
from tradewind.exchange.charges import Tariff
from tradewind.exchange.links import Links
from tradewind.exchange.rules import ExchangeRules, code_of, usable_quote
from tradewind.exchange.settlement import Settlement
from tradewind.exchange.shorts import Shorts
from tradewind.exchange.terms import new_terms
from tradewind.exchange.working import WorkingOrder
from tradewind.model import Fill, OrderEvent, OrderEventKind, OrderType, ReasonCode, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.contracts import Cost
    from tradewind.exchange.accounting import PositionRecord
    from tradewind.exchange.charges import Charges, Execution
    from tradewind.exchange.rules import PathPrices, Quote, QuoteSource
    from tradewind.model import Activity, Instrument, OrderIntent
    from tradewind.model.typing import FloatArray

__all__ = ["Exchange"]

_DEFAULT_RULES = ExchangeRules()
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


class Exchange:
    """A simulated venue with Backtrader's fill rules, keyed by `Instrument`.

    With the default rules, fills, cash and equity are equal to those of Backtrader's broker to the last bit, for
    stock-like instruments. One bar goes: `process` fills what was pending, decisions are made on the close, `submit`
    takes their intents, `poll` reports. Where Backtrader is unsafe it differs:

    - a halted bar (NaN) fills nothing and the order waits; Backtrader fills at NaN and loses the account in it, and
      where a feed has no bar at all it tries stop and limit orders against the feed's bar before once more;
    - a ``DAY`` order works on the bar after its decision and expires at its end, market orders too; Backtrader's market
      orders never expire, and its daily ``DAY`` orders expire before they could fill;
    - an order can be cancelled on the bar it was submitted; Backtrader ignores that;
    - a reversal of a fractional position leaves no rest of 1e-17 units to fill on the next bar;
    - acceptance and refusal are known at submission, not one bar later.

    An order works from the bar after its decision on: ``GTC`` until it is cancelled, ``DAY`` for that bar. On that bar
    alone, halted or not, ``OPG``, ``IOC`` and ``FOK`` orders fill at the open and ``CLS`` orders at the close, a limit
    only where that price is as good. ``FOK`` fills whole or not at all; of the others the volume limit may leave a
    rest, which ends with the bar. Stops of any kind cannot have these times in force. Orders are executed in the order
    of the queue, whatever the moment of the bar. Brackets and groups: see `Links`.

    An opening trade that cash does not cover is not executed: its closing part is, and the rest is rejected with reason
    ``margin``. Closing trades may overdraw the account; where cash is lent, what only closes is never refused for it.

    Parameters
    ----------
    cash
        Cash at the start, in the account's currency.
    rules
        Fill rules.
    cost
        Cost model, asked once for all trades of a bar; charged in cash at the fill.
    acknowledges
        Whether `poll` tells of every order that was taken; whoever takes the absence of a refusal for that spares it.
    """

    def __init__(
        self,
        *,
        cash: float,
        rules: ExchangeRules = _DEFAULT_RULES,
        cost: Cost | None = None,
        acknowledges: bool = True,
    ) -> None:
        if not math.isfinite(cash):
            raise UserError(f"exchange: cash must be a finite amount; received {cash}. Set account.cash")
        self.rules = rules
        self.borrow_costs = 0.0
        self._tariff = Tariff(cost)
        self._acknowledges = acknowledges
        self._bar = -1
        self._quotes: QuoteSource | None = None
        self._orders: dict[str, WorkingOrder] = {}
        self._seen: set[str] = set()
        self._events: list[OrderEvent] = []
        self._book = Book()
        self._shorts = Shorts(rules)
        self._account = Settlement(cash, rules, self._book, self._shorts, self._tariff)
        self._admission = Admission(rules, self._book, self._shorts, self._tariff, self._orders)
        self._links = Links(self._orders, self._emit)

    @property
    def cash(self) -> float:
        """Cash of the account, in its currency."""
        return self._account.cash

    def process(self, bar: int, quotes: QuoteSource, *, years: float = 0.0) -> None:
        """Fill what is pending with a bar's quotes.

        Parameters
        ----------
        bar
            Number of the bar, greater than that of the last one processed.
        quotes
            Prices of this bar; kept until the next, for the submissions on its close.
        years
            Time since the previous bar, for the cost of borrowing shares over it, charged on their last close.

        Raises
        ------
        UserError
            If the bar is not after the last one, or the time is negative or NaN.
        DataError
            If a quote has some prices and lacks others.
        """
        if bar <= self._bar:
            raise UserError(
                f"exchange.process: bar {bar} does not follow bar {self._bar}, the last one processed; "
                f"process each bar once, in order"
            )
        if not 0.0 <= years < math.inf:
            raise UserError(
                f"exchange.process: years before bar {bar} must be at least 0; received {years}. Sort the timestamps"
            )
        self._bar = bar
        self._quotes = quotes
        self._admission.start()
        shorts = self._shorts
        shorts.start()
        if shorts.borrowed:
            borrow = shorts.borrow_cost(years)
            self._account.cash -= borrow
            self.borrow_costs += borrow
        if self._orders:
            self._work(quotes)
        if shorts.borrowed:
            shorts.mark(quotes, "close")

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``; 0, Backtrader's rule, until it is called."""
        self._account.credit = credit
        self._admission.credit = credit

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:
        """Take a batch of intents, on the close of the bar last processed; each is accepted or rejected with an event.

        Parameters
        ----------
        intents
            Orders to take.
        costs
            What the cost model says of market orders at this close, one sum an order, where the caller has asked it
            already; else the exchange asks.

        Raises
        ------
        GateError
            If an order id was used before; nothing of the batch is taken then.
        """
        self._refuse_duplicates(intents)
        quotes, bar, events, working = self._quotes, self._bar, self._events, self._orders
        cash, refusal = self.cash, self._admission.refusal
        orders: list[WorkingOrder] = []
        for intent in intents:
            quote = None if quotes is None else usable_quote(quotes, intent.instrument)
            close = None if quote is None else quote.close
            orders.append(WorkingOrder(intent, self._book.position(intent.instrument), close))
        for order, cost in zip(orders, self._admission.costs(orders, costs), strict=True):
            reason = (order.linked and self._links.refusal(order)) or refusal(order, cash, cost, quotes)
            if reason:
                events.append(OrderEvent(order.order_id, bar, OrderEventKind.REJECTED, reason, None, code_of(reason)))
                self._links.refuse(order, bar)
                continue
            working[order.order_id] = order
            if order.linked:
                self._links.add(order)
            if self._acknowledges:
                events.append(OrderEvent(order.order_id, bar, OrderEventKind.ACCEPTED))

    def cancel(self, order_id: str) -> bool:
        """Cancel an order; return False where it is not at work (unknown, filled, rejected, expired)."""
        order = self._orders.get(order_id)
        if order is None:
            return False
        self._admission.withdraw(order)
        self._links.end(order, OrderEventKind.CANCELLED, "", self._bar)
        return True

    def replace(
        self,
        order_id: str,
        new_order_id: str,
        *,
        quantity: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
    ) -> str:
        """End an order and continue it on other terms under another id, at the end of the queue.

        Cash and short positions are checked as for a new order. One that is replaced on the bar of its own submission
        still counts against that bar's cash.

        Parameters
        ----------
        order_id, new_order_id
            Order at work, and the id of its successor.
        quantity
            Signed quantity of the whole order, what was filled included; None keeps it.
        limit_price, stop_price
            New prices; None keeps them. A trailing stop starts again from a new stop price.

        Returns
        -------
        Nothing, or why it works on unchanged: ``not_working``, ``price``, ``quantity`` (see `new_terms`) or a reason of
        `submit`.

        Raises
        ------
        GateError
            If the new id was used before.
        """
        old = self._orders.get(order_id)
        if old is None:
            return "not_working"
        intent = new_terms(
            old, new_order_id, self._bar, quantity=quantity, limit_price=limit_price, stop_price=stop_price
        )
        if isinstance(intent, str):
            return intent
        self._refuse_duplicates([intent])
        new = old.successor(intent)
        reason = self._admission.replacement_refusal(old, new, self.cash, self._quotes)
        if reason:
            return reason
        del self._orders[order_id]
        self._orders[new_order_id] = new
        self._links.replace(old, new)
        self._emit(order_id, OrderEventKind.REPLACED, new_order_id, self._bar)
        if self._acknowledges:
            self._emit(new_order_id, OrderEventKind.ACCEPTED, "", self._bar)
        return ""

    def accepts(self) -> bool:
        """Tell that orders are always taken."""
        return True

    def closes(self, instrument: Instrument) -> bool:  # noqa: ARG002 of the port
        """Tell that positions can always be closed."""
        return True

    def deliver_late(self, *, closings: bool) -> None:
        """Do nothing: what is sent here arrives."""

    def activities(self) -> Sequence[Activity]:
        """Return nothing: nothing happens here without an order."""
        return ()

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel what of these orders is at work."""
        for order_id in order_ids:
            self.cancel(order_id)

    def poll(self) -> list[OrderEvent]:
        """Return the events since the last poll, in order."""
        events, self._events = self._events, []
        return events

    def positions(self) -> Mapping[Instrument, PositionRecord]:
        """Return what is held, in book order: that in which instruments were first ordered, kept while flat."""
        return self._book.records()

    def quantities(self) -> dict[Instrument, float]:
        """Return the signed quantities of what is not flat, in book order."""
        return {position.instrument: position.quantity for position in self._book.held()}

    def equity(self, marks: Callable[[Instrument], float]) -> float:
        """Return cash plus the value of all positions at these marks, in Backtrader's order of addition.

        Raises
        ------
        DataError
            If the mark of a held instrument is NaN or infinite.
        """
        book = self._book.held()
        equity = self.cash + market_value(book, marks)
        if not math.isfinite(equity):
            bad = {p.instrument.symbol: marks(p.instrument) for p in book if not math.isfinite(marks(p.instrument))}
            raise DataError(
                f"equity at bar {self._bar}: held positions need a finite price; received {bad or equity} (cash "
                f"{self.cash}). Mark a halted instrument at its last price"
            )
        return equity

    def equity_path(self, bars: int, marks: Callable[[Instrument], FloatArray]) -> FloatArray:
        """Return the equity on several bars in a row without a trade, shape (bars,); `equity` on each, to the last bit.

        Parameters
        ----------
        bars
            Number of bars.
        marks
            Marks of an instrument on these bars, shape (bars,).
        """
        return self.cash + market_values(self._book.held(), bars, marks)

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:
        """Return the first bar after ``bar`` and before ``stop`` on which it might act, or ``stop``.

        It may return too early a bar, never too late a one; prices are only looked at to find it.
        """
        if self._shorts.watched:
            return bar + 1
        for order in self._orders.values():
            stop = min(stop, order.next_event(bar, stop, prices))
        return stop

    def pending(self) -> Sequence[OrderIntent]:
        """Return the orders at work, in the order in which they will be tried; see `remaining`."""
        return tuple(order.intent for order in self._orders.values())

    def remaining(self, order_id: str) -> float:
        """Return the signed quantity of an order that is still to fill; 0 where it is not at work."""
        order = self._orders.get(order_id)
        return 0.0 if order is None else order.remaining

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> Fill | None:
        """Close a position without an order and without costs, and cancel the instrument's pending orders.

        Serves the end of a symbol's data and the cash settlement of an expired contract.

        Parameters
        ----------
        instrument
            What to close.
        price
            Price per unit, at least 0 (a worthless option).
        bar
            Bar in which it happens.
        reason
            Reason of the events, ``data_end`` or ``expiry``.

        Returns
        -------
        The fill, whose order id is ``end-<bar>-<symbol>``; None if nothing was held.

        Raises
        ------
        DataError
            If the price is negative, NaN or infinite.
        """
        if not (math.isfinite(price) and price >= 0.0):
            raise DataError(
                f"liquidation of {instrument.symbol} at bar {bar} ({reason}) needs a finite price of at least 0; "
                f"received {price}. Use the last price known"
            )
        for order in [order for order in self._orders.values() if order.position.instrument == instrument]:
            if order.remaining:
                self._links.end(order, OrderEventKind.CANCELLED, reason, bar)
        position = self._book.position(instrument)
        if not position.quantity:
            return None
        quantity = -position.quantity
        self._account.cash += released_cash(position, quantity, price)
        self._book.move(position, quantity, price)
        self._shorts.note(position)
        fill = Fill(
            order_id=f"end-{bar}-{instrument.symbol}", bar=bar, instrument=instrument, quantity=quantity, price=price
        )
        self._events.append(OrderEvent(fill.order_id, bar, OrderEventKind.FILL, reason, fill))
        return fill

    def _refuse_duplicates(self, intents: Sequence[OrderIntent]) -> None:
        ids = {intent.order_id for intent in intents}
        if len(ids) == len(intents) and self._seen.isdisjoint(ids):
            self._seen |= ids
            return
        names = [intent.order_id for intent in intents]
        twice = next(name for name in names if name in self._seen or names.count(name) > 1)
        raise GateError(
            f"exchange.submit at bar {self._bar}: order id {twice!r} was used before, in a batch of {len(names)} "
            f"orders; none was taken. Give every order its own id and submit it once"
        )

    def _work(self, quotes: QuoteSource) -> None:
        """Match all orders of the queue, charge the matches in one batch, then execute in queue order."""
        rules, bar, linked = self.rules, self._bar, bool(self._links)
        matched: list[tuple[WorkingOrder, Quote | None, Execution | None]] = []
        for order in self._orders.values():
            due = order.bar < bar <= order.last_bar
            quote = usable_quote(quotes, order.position.instrument) if due else None
            matched.append((order, quote, None if quote is None else order.execution(quote, rules)))
        charges = iter(self._tariff.charge([execution for _, _, execution in matched if execution is not None]))
        for order, quote, execution in matched:
            if execution is not None and not self._trade(order, execution, next(charges), linked):
                continue
            if linked and not order.remaining:
                continue
            if quote is not None and order.order_type is OrderType.TRAILING_STOP:
                order.trail(quote.close)
            if bar >= order.last_bar:
                if order.time_in_force in _IMMEDIATE:
                    self._links.end(order, OrderEventKind.CANCELLED, order.time_in_force.value, bar)
                else:
                    self._links.end(order, OrderEventKind.EXPIRED, "", bar)

    def _trade(self, order: WorkingOrder, execution: Execution, charges: Charges, linked: bool) -> bool:
        """Execute an order, and let those follow that are linked with it; return whether it stays at work."""
        before, bar = order.remaining, self._bar
        if linked and abs(before) < abs(execution.quantity):
            if not before:
                return False
            execution = execution._replace(quantity=before)
            charges = self._tariff.charge([execution])[0]
        fill, refusal = self._account.execute(order, execution, charges, bar, self._quotes)
        if fill is not None:
            self._events.append(OrderEvent(order.order_id, bar, OrderEventKind.FILL, "", fill))
        stays = order.remaining != 0.0
        if not stays:
            del self._orders[order.order_id]
        if linked and fill is not None:
            self._links.executed(order, fill.quantity, bar)
        if refusal:
            self._links.end(order, OrderEventKind.REJECTED, refusal, bar)
            return False
        return stays

    def _emit(self, order_id: str, kind: OrderEventKind, reason: str, bar: int) -> None:
        code = code_of(reason) if kind is OrderEventKind.REJECTED else ReasonCode.NONE
        self._events.append(OrderEvent(order_id, bar, kind, reason, None, code))
