"""The decision to trade, its life at a venue, and its executions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tradewind.model.reason import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.instrument import Instrument

__all__ = ["Fill", "OrderEvent", "OrderEventKind", "OrderIntent", "OrderType", "TimeInForce"]


class OrderType(StrEnum):
    """Order types; the names are those of FIX and IBKR."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


_NEEDED_PRICES = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("stop_price", "limit_price"),
}


class TimeInForce(StrEnum):
    """How long an order works; the names are those of IBKR."""

    DAY = "day"
    GTC = "gtc"
    """Until it is cancelled."""
    OPG = "opg"
    """At the next open, or not at all."""
    CLS = "cls"
    """At the next close, or not at all."""
    IOC = "ioc"
    """What can be filled at once is filled, the rest is cancelled."""
    FOK = "fok"
    """All at once, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """A decision to trade one instrument, before any venue has heard of it.

    Parameters
    ----------
    order_id
        Deterministic client order id: bar, instrument and sequence number; it never changes.
    bar
        Bar at whose close it was decided.
    instrument
        What to trade.
    quantity
        Signed: positive buys, negative sells.
    order_type, time_in_force
        A ``DAY`` order expires after the bar that follows its decision; ``GTC`` works until cancelled.
    limit_price, stop_price
        Prices of limit and stop parts, in the instrument's currency.
    trail_amount, trail_fraction
        Distance of a trailing stop, in price or as a fraction of it; exactly one of them.
    reason
        Why: ``rebalance``, ``exit:<name>``, ``regime``, ``data_end`` ...
    split
        Signed quantity of each sleeve; sums to ``quantity``.
    parent_id
        Order that must be filled before this one works: a bracket's entry; empty for none.
    oca_group
        Orders of one name cancel each other (one cancels all); empty for none.
    """

    order_id: str
    bar: int
    instrument: Instrument
    quantity: float
    order_type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.GTC
    limit_price: float | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_fraction: float | None = None
    reason: str = ""
    split: Mapping[str, float] = field(default_factory=dict)
    parent_id: str = ""
    oca_group: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.quantity) or self.quantity == 0.0:
            raise ValueError(f"order {self.order_id}: quantity must be finite and not 0; received {self.quantity}")
        if self.order_type is OrderType.MARKET:
            return
        needed = _NEEDED_PRICES.get(self.order_type, ())
        for name in needed:
            value = getattr(self, name)
            if value is None or not math.isfinite(value) or value <= 0:
                raise ValueError(f"order {self.order_id}: {self.order_type} needs {name} > 0; received {value}")
        if self.order_type is OrderType.TRAILING_STOP and (self.trail_amount is None) == (self.trail_fraction is None):
            raise ValueError(
                f"order {self.order_id}: a trailing stop needs trail_amount or trail_fraction, one of them; received "
                f"{self.trail_amount} and {self.trail_fraction}"
            )


class OrderEventKind(StrEnum):
    """What a venue says of an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FILL = "fill"
    REDUCED = "reduced"
    """It works on for less: another order of its group was filled in part."""
    REPLACED = "replaced"
    """Ended by an order with other terms; the reason is its id."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Fill(NamedTuple):
    """An execution.

    Parameters
    ----------
    order_id
        Order it belongs to.
    bar
        Bar in which it happened.
    instrument
        What was traded.
    quantity
        Signed quantity.
    price
        Execution price per unit, before costs.
    commission, spread, slippage, impact
        Costs in cash, each at least 0; the cash paid is ``quantity * price * multiplier`` plus their sum.
    """

    order_id: str
    bar: int
    instrument: Instrument
    quantity: float
    price: float
    commission: float = 0.0
    spread: float = 0.0
    slippage: float = 0.0
    impact: float = 0.0

    @property
    def costs(self) -> float:
        """Sum of all cost components, in cash."""
        return self.commission + self.spread + self.slippage + self.impact

    @property
    def cash_flow(self) -> float:
        """Change of the account's cash (negative for a buy), costs included."""
        return -self.quantity * self.price * self.instrument.multiplier - self.costs


class OrderEvent(NamedTuple):
    """One message of a venue about one order; ``fill`` is set for a fill, ``reason`` and ``code`` for a refusal."""

    order_id: str
    bar: int
    kind: OrderEventKind
    reason: str = ""
    fill: Fill | None = None
    code: ReasonCode = ReasonCode.NONE
