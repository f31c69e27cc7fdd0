"""What executes orders in a rerun: the exchange without what paper was refused, and paper's own executions."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

from tradewind.exchange.charges import Execution, Tariff
from tradewind.model import AssetClass, Fill, OrderEvent, OrderEventKind, OrderType, ReasonCode, TimeInForce
from tradewind.orders.account import OwnAccount
from tradewind.runs.parity.traded import Trade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.exchange import Exchange, MarkSource, Quote
    from tradewind.exchange.accounting import PositionRecord
    from tradewind.exchange.rules import PathPrices
    from tradewind.model import Activity, Instrument, OrderIntent
    from tradewind.runs.parity.recorded import Outside
    from tradewind.runs.parity.traded import TradedOrder

__all__ = ["GatedExchange", "Level", "ScriptedPort"]

_BORROWED = (AssetClass.EQUITY, AssetClass.ETF)
_FREE = (0.0, 0.0, 0.0, 0.0)
_LAST = 2**62


class Level(IntEnum):
    """How much of paper's execution a rerun takes over; each level includes those before."""

    TIME = 1
    """Bars, and parts of the quantity."""
    PRICE = 2
    COST = 3
    """Costs of executions, and of borrowing."""
    OUTSIDE = 4
    """Opening cash, positions and cash that were taken over, and the bars on which nothing was sent."""


class GatedExchange:
    """The exchange, but for some orders that never reach it; an `tradewind.exchange.ExecutionPort`.

    Parameters
    ----------
    exchange
        Where all other orders go.
    gated
        What became of those orders in paper, by id.
    granted
        Orders that paper filled and the exchange would refuse: on their bars cash is not checked.
    """

    def __init__(
        self, exchange: Exchange, gated: Mapping[str, TradedOrder], granted: frozenset[str] = frozenset()
    ) -> None:
        self._exchange = exchange
        self._gated = gated
        self._granted = granted
        self._credit = 0.0
        self._withheld: dict[str, OrderIntent] = {}
        self._events: list[OrderEvent] = []
        self.equity = exchange.equity
        self.equity_path = exchange.equity_path
        self.positions = exchange.positions
        self.quantities = exchange.quantities

    @property
    def cash(self) -> float:
        """Cash of the account."""
        return self._exchange.cash

    @property
    def borrow_costs(self) -> float:
        """What borrowing shares has cost so far."""
        return self._exchange.borrow_costs

    def accepts(self) -> bool:
        """Tell that orders are always taken: what paper put off shows as its difference."""
        return True

    def closes(self, instrument: Instrument) -> bool:  # noqa: ARG002 of the port
        """Tell that positions can always be closed."""
        return True

    def deliver_late(self, *, closings: bool) -> None:
        """Do nothing: what is sent here arrives."""

    def activities(self) -> Sequence[Activity]:
        """Return nothing: this account is the exchange's own."""
        return ()

    def process(self, bar: int, quotes: MarkSource, *, years: float = 0.0) -> None:
        """Let a bar happen."""
        self._grant(any(self._exchange.remaining(name) for name in self._granted))
        self._exchange.process(bar, quotes, years=years)
        self._grant(False)
        for name in list(self._withheld):
            self._end(name, bar)

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:
        """Take a batch, less the orders that paper was refused."""
        kept = [number for number, intent in enumerate(intents) if intent.order_id not in self._gated]
        self._grant(any(intent.order_id in self._granted for intent in intents))
        self._exchange.submit([intents[number] for number in kept], [costs[number] for number in kept] if costs else ())
        self._grant(False)
        for intent in intents:
            if intent.order_id in self._gated:
                self._withheld[intent.order_id] = intent
                self._end(intent.order_id, intent.bar)

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel what of these orders is at work."""
        self._exchange.cancel_orders([name for name in order_ids if name not in self._withheld])
        for name in order_ids:
            intent = self._withheld.pop(name, None)
            if intent is not None:
                self._events.append(OrderEvent(name, intent.bar, OrderEventKind.CANCELLED, "cancelled"))

    def poll(self) -> Sequence[OrderEvent]:
        """Return the events since the last poll."""
        events, self._events = [*self._exchange.poll(), *self._events], []
        return events

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order, and cancel what is withheld of its orders."""
        self._exchange.liquidate(instrument, price, bar, reason)
        for name in [name for name, intent in self._withheld.items() if intent.instrument == instrument]:
            del self._withheld[name]
            self._events.append(OrderEvent(name, bar, OrderEventKind.CANCELLED, reason))

    def remaining(self, order_id: str) -> float:
        """Return the signed quantity of an order that is still to fill."""
        withheld = self._withheld.get(order_id)
        return self._exchange.remaining(order_id) if withheld is None else withheld.quantity

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:
        """Return the first bar on which it might act, or ``stop``."""
        return bar + 1 if self._withheld else self._exchange.next_event(bar, stop, prices)

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``."""
        self._credit = credit
        self._exchange.lend(credit)

    def _grant(self, granted: bool) -> None:
        if self._granted:
            self._exchange.lend(math.inf if granted else self._credit)

    def _end(self, name: str, bar: int) -> None:
        """Reject an order on the bar on which paper was told so."""
        end = self._gated[name].end
        if end is not None and end.event == "rejected" and end.bar <= bar:
            del self._withheld[name]
            self._events.append(OrderEvent(name, bar, OrderEventKind.REJECTED, end.reason, None, end.code))


class ScriptedPort:
    """Executes orders as paper did, as far as its level says; an `tradewind.exchange.ExecutionPort`.

    An order that paper never had is executed as in the rerun before, or at the next open. Cash is not checked: paper's
    venue did that.

    Parameters
    ----------
    level
        What is taken over from paper.
    cash
        Of the account at the start.
    paper, before
        What became of each order in paper, and in the rerun before.
    cancelled
        Orders whose cancellation paper asked for.
    outside
        What changed paper's account without an order.
    borrow_rate_per_year
        What the exchange charges on shorts.
    """

    def __init__(
        self,
        level: Level,
        *,
        cash: float,
        paper: Mapping[str, TradedOrder],
        before: Mapping[str, TradedOrder],
        cancelled: frozenset[str],
        outside: Outside,
        borrow_rate_per_year: float,
    ) -> None:
        self.tariff = Tariff(None)
        """Charges executions; whoever runs the session replaces it by that of its plan."""
        self._level = level
        self._account = OwnAccount(outside.opening_cash if level >= Level.OUTSIDE else cash)
        self._paper = paper
        self._before = before
        self._cancelled = cancelled
        self._outside = outside
        self._activities: list[Activity] = []
        self._rate_per_year = borrow_rate_per_year
        self._short: list[float] = []
        self._working: dict[str, OrderIntent] = {}
        self._remaining: dict[str, float] = {}
        self._events: list[OrderEvent] = []
        self._bar = -1
        self.equity = self._account.equity
        self.equity_path = self._account.equity_path
        self.quantities = self._account.quantities

    @property
    def cash(self) -> float:
        """Cash of the account."""
        return self._account.cash

    @property
    def borrow_costs(self) -> float:
        """What borrowing shares has cost so far."""
        return self._account.borrow_costs

    def positions(self) -> Mapping[Instrument, PositionRecord]:
        """Return what is held."""
        return self._account.positions()

    def accepts(self) -> bool:
        """Tell whether orders are taken: with all that came from outside, not where paper put its orders off."""
        return self._level < Level.OUTSIDE or self._bar not in self._outside.blocked

    def closes(self, instrument: Instrument) -> bool:  # noqa: ARG002 of the port
        """Tell whether orders are taken."""
        return self.accepts()

    def deliver_late(self, *, closings: bool) -> None:
        """Do nothing: what is sent here arrives."""

    def activities(self) -> Sequence[Activity]:
        """Return what happened to paper's account without an order since the last call."""
        activities, self._activities = self._activities, []
        return activities

    def process(self, bar: int, quotes: MarkSource, *, years: float = 0.0) -> None:
        """Execute what paper executed in this bar, and end what ended in it."""
        self._bar = bar
        if self._level >= Level.OUTSIDE:
            for activity in self._outside.activities.get(bar, ()):
                self._account.receive(activity)
                self._activities.append(activity)
        if self._level >= Level.COST:
            borrowed = self._outside.borrowed.get(bar, 0.0)
        else:
            borrowed = sum(value * self._rate_per_year * years for value in self._short)
        if borrowed:
            self._account.borrow(borrowed)
        due = [(intent, trade) for intent in self._working.values() for trade in self._due(intent, bar, quotes)]
        due.sort(key=lambda one: one[1].place)
        sizes = [self._size(intent, trade) for intent, trade in due]
        executions = [
            self._execution(intent, trade, size, quotes) for (intent, trade), size in zip(due, sizes, strict=True)
        ]
        charges = [tuple(one) for one in self.tariff.charge(executions)]
        for (intent, trade), execution, costs in zip(due, executions, charges, strict=True):
            if self._level >= Level.COST and intent.order_id in self._paper:
                part = execution.quantity / trade.quantity
                costs = trade.costs if part == 1.0 else tuple(cost * part for cost in trade.costs)
            self._fill(Fill(intent.order_id, bar, intent.instrument, execution.quantity, execution.price, *costs))
        for name in list(self._working):
            order = self._paper.get(name)
            if order is not None and order.end is not None and order.end.bar == bar and name not in self._cancelled:
                self._end(name, OrderEventKind(order.end.event), order.end.reason, order.end.code)
        self._short = [
            -held * quotes.mark(one) * one.multiplier
            for one, held in self._account.quantities().items()
            if held < 0.0 and one.asset_class in _BORROWED
        ]

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:  # noqa: ARG002 of the port
        """Take a batch; what paper was refused at once is refused at once."""
        for intent in intents:
            name = intent.order_id
            end = self._paper[name].end if name in self._paper else None
            at_once = end is not None and end.bar == intent.bar and end.event == "rejected"
            if not at_once or (end is not None and end.code is ReasonCode.INSUFFICIENT_FUNDS):
                self._account.ordered(intent.instrument)
            self._working[name] = intent
            self._remaining[name] = intent.quantity
            if at_once and end is not None:
                self._end(name, OrderEventKind.REJECTED, end.reason, end.code)

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Cancel what of these orders is at work, unless paper's venue filled it nevertheless."""
        for name in order_ids:
            trades = self._paper[name].trades if name in self._paper else ()
            if name in self._working and not any(trade.bar > self._bar for trade in trades):
                self._end(name, OrderEventKind.CANCELLED, "")

    def poll(self) -> Sequence[OrderEvent]:
        """Return the events since the last poll."""
        events, self._events = self._events, []
        return events

    def lend(self, credit: float) -> None:
        """Do nothing: paper's venue has decided what cash allowed."""

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order, and cancel its orders."""
        for name in [name for name, intent in self._working.items() if intent.instrument == instrument]:
            self._end(name, OrderEventKind.CANCELLED, reason)
        held = self._account.quantities().get(instrument, 0.0)
        if held:
            fill = Fill(f"end-{bar}-{instrument.symbol}", bar, instrument, -held, price)
            self._account.apply(fill, without_order=True)
            self._events.append(OrderEvent(fill.order_id, bar, OrderEventKind.FILL, reason, fill))

    def adopt(self, bar: int) -> None:
        """Take over what paper took over at the end of a bar."""
        if self._level < Level.OUTSIDE:
            return
        for instrument, quantity, price in self._outside.adopted.get(bar, ()):
            self._account.adopt(instrument, quantity, price)
            fill = Fill(f"adopt-{bar}-{instrument.symbol}", bar, instrument, quantity, price)
            self._events.append(OrderEvent(fill.order_id, bar, OrderEventKind.FILL, "", fill))
        self._account.cash += self._outside.cash.get(bar, 0.0)

    def remaining(self, order_id: str) -> float:
        """Return the signed quantity of an order that is still to fill."""
        return self._remaining.get(order_id, 0.0)

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:  # noqa: ARG002 of the port
        """Return the next bar."""
        return bar + 1

    def _due(self, intent: OrderIntent, bar: int, quotes: MarkSource) -> Sequence[Trade]:
        """Return the executions of an order in a bar, with the quantities of the order they are taken from."""
        name = intent.order_id
        known = self._paper.get(name) or self._before.get(name)
        if known is not None:
            return [trade for trade in known.trades if trade.bar == bar]
        quote = quotes.quote(intent.instrument)
        if quote is None or bar <= intent.bar or intent.order_type is not OrderType.MARKET:
            return ()
        return [Trade(bar, self._remaining[name], quote.open, _FREE, _LAST)]

    def _size(self, intent: OrderIntent, trade: Trade) -> float:
        """Return the quantity to execute: the part that was executed of the order in paper."""
        known = self._paper.get(intent.order_id) or self._before.get(intent.order_id)
        if known is None or known.quantity == intent.quantity:
            return trade.quantity
        return trade.quantity / known.quantity * intent.quantity

    def _execution(self, intent: OrderIntent, trade: Trade, size: float, quotes: MarkSource) -> Execution:
        price = trade.price
        if self._level < Level.PRICE and intent.order_id in self._paper:
            price = reference_price(
                trade, self._before.get(intent.order_id), quotes.quote(intent.instrument), _moment(intent)
            )
        quote = quotes.quote(intent.instrument)
        passive = (
            intent.order_type is OrderType.LIMIT
            and price == intent.limit_price
            and quote is not None
            and (quote.open > price if size > 0.0 else quote.open < price)
        )
        return Execution(intent.instrument, size, price, passive)

    def _fill(self, fill: Fill) -> None:
        name = fill.order_id
        left = self._remaining[name] - fill.quantity
        self._account.apply(fill)
        self._events.append(OrderEvent(name, fill.bar, OrderEventKind.FILL, "", fill))
        if math.isclose(left, 0.0, abs_tol=1e-12 * abs(self._working[name].quantity)):
            del self._working[name], self._remaining[name]
        else:
            self._remaining[name] = left

    def _end(self, name: str, kind: OrderEventKind, reason: str, code: ReasonCode = ReasonCode.NONE) -> None:
        del self._working[name], self._remaining[name]
        self._events.append(OrderEvent(name, self._bar, kind, reason, None, code))


def reference_price(trade: Trade, before: TradedOrder | None, quote: Quote | None, moment: str) -> float:
    """Return what the backtest would have paid in the bar of an execution.

    That is its own price where it filled the order in this bar too; else the open (``moment`` ``open``) or the close
    (``close``); a resting order keeps its own price, within the bar's range.
    """
    for other in before.trades if before is not None else ():
        if other.bar == trade.bar:
            return other.price
    if quote is None:
        return trade.price
    if moment == "rest":
        return min(max(trade.price, quote.low), quote.high)
    return quote.close if moment == "close" else quote.open


def _moment(intent: OrderIntent) -> str:
    if intent.order_type is not OrderType.MARKET:
        return "rest"
    return "close" if intent.time_in_force is TimeInForce.CLS else "open"
