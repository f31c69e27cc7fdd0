"""Orders at work: the moving parts of an intent, and its execution price in a bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.exchange.charges import Execution
from tradewind.exchange.matching import (
    close_price,
    limit_price,
    market_price,
    open_price,
    stop_limit_price,
    stop_price,
    stop_reached,
)
from tradewind.model import OrderType, TimeInForce

if TYPE_CHECKING:
    from tradewind.exchange.accounting import Position
    from tradewind.exchange.rules import ExchangeRules, PathPrices, Quote
    from tradewind.model import OrderIntent

__all__ = ["WorkingOrder"]

_FOREVER = 2**62
_MOMENTS = frozenset({TimeInForce.OPG, TimeInForce.CLS, TimeInForce.IOC, TimeInForce.FOK})
_ROUNDING = 1.0 + 1e-12
"""29 % of 100 units are 29, not the 28.999... of binary arithmetic."""


class WorkingOrder:
    """An order and its state: remaining quantity, trigger, and the stop price as a trailing order has moved it.

    Parameters
    ----------
    intent
        The decision.
    position
        The place in the book that it trades.
    created_close
        Close of the bar it was decided on; None where the instrument had no price then. A trailing stop starts there
        (or at its ``stop_price``, a reference price, as in Backtrader), else at the first close it sees.

    Attributes
    ----------
    bar, last_bar
        It works after the one and until the other: for ever, or on the next bar alone. A child has neither until its
        parent is filled: see `wait` and `activate`.
    linked
        Whether it is a child or of a group.
    momentary
        Whether it works for one moment of its bar: the open, or the close.
    remaining
        Signed quantity still to fill; 0 once it is not at work any more.
    """

    __slots__ = (
        "bar",
        "buys",
        "created_close",
        "intent",
        "last_bar",
        "limit",
        "linked",
        "momentary",
        "order_id",
        "order_type",
        "parent_id",
        "position",
        "reduced",
        "remaining",
        "stop",
        "time_in_force",
        "trail_amount",
        "trail_fraction",
        "triggered",
    )

    def __init__(self, intent: OrderIntent, position: Position, created_close: float | None) -> None:
        self.intent = intent
        self.order_id = intent.order_id
        self.bar = intent.bar
        self.position = position
        self.remaining = intent.quantity
        self.buys = intent.quantity > 0
        self.order_type = intent.order_type
        self.time_in_force = time_in_force = intent.time_in_force
        if time_in_force is TimeInForce.GTC:
            self.last_bar, self.momentary = _FOREVER, False
        else:
            self.last_bar, self.momentary = intent.bar + 1, time_in_force in _MOMENTS
        self.parent_id = parent_id = intent.parent_id
        self.linked = parent_id != "" or intent.oca_group != ""
        self.reduced = False
        self.limit = intent.limit_price or math.nan
        self.stop = intent.stop_price or math.nan
        self.trail_amount = intent.trail_amount
        self.trail_fraction = intent.trail_fraction
        self.triggered = False
        self.created_close = created_close
        if self.order_type is OrderType.TRAILING_STOP:
            self.stop = math.inf if self.buys else -math.inf
            reference = intent.stop_price or created_close
            if reference is not None:
                self.trail(reference)

    @property
    def waits(self) -> bool:
        """Whether it is a child whose parent is not filled yet."""
        return self.bar == _FOREVER

    def wait(self) -> None:
        """Do nothing and never expire, until it is activated."""
        self.bar = self.last_bar = _FOREVER

    def activate(self, bar: int) -> None:
        """Work from the next bar on, as if it had been decided on this one."""
        self.bar = bar
        self.last_bar = _FOREVER if self.time_in_force is TimeInForce.GTC else bar + 1

    def successor(self, intent: OrderIntent) -> WorkingOrder:
        """Return the order that continues this one on other terms: what was filled or taken away counts."""
        order = WorkingOrder(intent, self.position, self.created_close)
        order.remaining = self.remaining + (intent.quantity - self.intent.quantity)
        order.parent_id = self.parent_id
        order.reduced = self.reduced
        order.triggered = self.triggered
        if self.order_type is OrderType.TRAILING_STOP and intent.stop_price == self.intent.stop_price:
            order.stop = self.stop
        if self.waits:
            order.wait()
        return order

    @property
    def checked_price(self) -> float | None:
        """Price at which its cash is checked: the stop, else the limit, else the close; None where unknown."""
        kind = self.order_type
        if kind is OrderType.MARKET:
            return self.created_close
        price = self.limit if kind is OrderType.LIMIT else self.stop
        return price if math.isfinite(price) else None

    def price(self, quote: Quote, rules: ExchangeRules) -> float | None:
        """Return the execution price in a bar, None where it does not execute; may trigger a stop-limit order.

        A price that slippage made worthless is no price: the order waits.
        """
        kind = self.order_type
        buys = self.buys
        if self.momentary:
            price = self._momentary_price(quote, rules)
        elif kind is OrderType.MARKET:
            price = market_price(buys, quote, self.created_close, rules)
        elif kind is OrderType.LIMIT or self.triggered:
            price = limit_price(buys, quote, self.limit, rules)
        elif kind is OrderType.STOP_LIMIT:
            self.triggered = stop_reached(buys, quote, self.stop)
            price = stop_limit_price(buys, quote, self.stop, self.limit, rules)
        else:
            price = stop_price(buys, quote, self.stop, rules)
        return price if price is not None and price > 0.0 else None

    def _momentary_price(self, quote: Quote, rules: ExchangeRules) -> float | None:
        if self.time_in_force is TimeInForce.CLS:
            return close_price(self.buys, quote, self.limit)
        return open_price(self.buys, quote, self.limit, rules)

    def execution(self, quote: Quote, rules: ExchangeRules) -> Execution | None:
        """Return the trade it would make in a bar, as large as the volume allows; None where it makes none."""
        if self.order_type is OrderType.MARKET and rules.plain and self.time_in_force is not TimeInForce.CLS:
            return Execution(self.position.instrument, self.remaining, quote.open, False)
        price = self.price(quote, rules)
        if price is None:
            return None
        size = self.remaining
        if rules.volume_limit:
            most = _tradable(quote.volume * rules.volume_limit, self.position.instrument.lot_size)
            if most < abs(size):
                if self.time_in_force is TimeInForce.FOK:
                    return None
                size = math.copysign(most, size)
        return (
            Execution(self.position.instrument, size, price, not self.momentary and self.rested(quote, price))
            if size
            else None
        )

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:
        """Return the first bar after ``bar`` and before ``stop`` on which it might act, or ``stop``."""
        if self.waits:
            return stop
        kind = self.order_type
        if kind in (OrderType.MARKET, OrderType.TRAILING_STOP) or self.last_bar != _FOREVER:
            return bar + 1
        limits = kind is OrderType.LIMIT or self.triggered
        level = self.limit if limits else self.stop
        upwards = self.buys != limits
        instrument = self.position.instrument
        opens = prices(instrument, "open", bar + 1, stop)
        extremes = prices(instrument, "high" if upwards else "low", bar + 1, stop)
        if opens is None or extremes is None:
            return bar + 1
        reached = np.fmax(opens, extremes) >= level if upwards else np.fmin(opens, extremes) <= level
        places = np.flatnonzero(reached)
        return bar + 1 + int(places[0]) if len(places) else stop

    def rested(self, quote: Quote, price: float) -> bool:
        """Tell whether a fill was passive: at its limit, by a market that came to it after the open."""
        return price == self.limit and (quote.open > price if self.buys else quote.open < price)

    def trail(self, close: float) -> None:
        """Move a trailing stop after the close of a bar; never away from the market.

        Source: ``Order.trailadjust`` of Backtrader.
        """
        distance = self.trail_amount or close * (self.trail_fraction or 0.0)
        if self.buys:
            self.stop = min(self.stop, close + distance)
        else:
            self.stop = max(self.stop, close - distance)


def _tradable(quantity: float, lot_size: float) -> float:
    """Round a volume share down to whole lots; NaN and less than a lot are 0."""
    if not 0.0 < quantity < math.inf:
        return 0.0
    return math.floor(quantity / lot_size * _ROUNDING) * lot_size if lot_size else quantity
