"""From what the sleeves want to what is to be traded: crosses, drift, cash, lots, sells before buys."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tradewind.model import Instrument

__all__ = ["BuyingPower", "Cross", "Rebalance", "Trade", "Wish", "plan_rebalance", "round_to_lot", "scaled_parts"]


_DUST = 1e-9
"""Part of equity below which a change is float noise of crosses and not worth an order."""
_ROUNDING = 1e-12
"""Part of what a sleeve wants below which a change is float noise, and no other sleeve's to take."""


class Wish(NamedTuple):
    """A sleeve's wanted change of one holding.

    Parameters
    ----------
    sleeve, instrument
        Who wants it of what.
    held, wanted
        Signed quantities now and wanted.
    price
        Mark, per unit.
    reason
        Why: ``rebalance``, ``exit:trailing_stop``, ``regime``.
    """

    sleeve: str
    instrument: Instrument
    held: float
    wanted: float
    price: float
    reason: str

    @property
    def change(self) -> float:
        """Signed quantity to trade."""
        return self.wanted - self.held


@dataclass(frozen=True, slots=True)
class Cross:
    """A quantity that one sleeve sells to another at the mark, without an order."""

    instrument: Instrument
    buyer: str
    seller: str
    quantity: float
    price: float


class Trade(NamedTuple):
    """A net order to come: every part of ``split`` has the sign of ``quantity``."""

    instrument: Instrument
    quantity: float
    price: float
    reason: str
    split: Mapping[str, float]
    resized: str = ""


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What to do: crosses first, then trades, sells before buys.

    ``costs`` are the estimated cash costs of the trades, one each; empty where they were not needed or do not fit.
    """

    crosses: tuple[Cross, ...]
    trades: tuple[Trade, ...]
    costs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """What buys may cost.

    Parameters
    ----------
    equity, cash
        Of the account.
    cash_buffer
        Fraction of equity that buying leaves in cash.
    leverage
        1 plus the cash that longs may borrow, as a multiple of equity.
    short_margin
        Cash that must back a short position, on top of its proceeds, as a fraction of its value.
    estimate_costs
        Cash cost of each of some trades.
    """

    equity: float
    cash: float
    cash_buffer: float
    leverage: float
    short_margin: float
    estimate_costs: Callable[[Sequence[Trade]], list[float]]


def round_to_lot(quantity: float, lot_size: float) -> float:
    """Return the quantity rounded towards zero to a multiple of the lot; unchanged for lot 0.

    >>> round_to_lot(-17.9, 5.0)
    -15.0
    """
    if lot_size == 0.0:
        return quantity
    return math.trunc(quantity / lot_size + math.copysign(1e-9, quantity)) * lot_size + 0.0


def plan_rebalance(
    wishes: Sequence[Wish],
    holdings: Mapping[Instrument, float],
    *,
    power: BuyingPower,
    drift_threshold: float,
    minimum_notional: float,
    short_value: float = 0.0,
    unsold: Collection[Instrument] = (),
) -> Rebalance:
    """Net the sleeves' wishes into trades the account can pay for.

    Opposite wishes of two sleeves cross at the mark. A net change below ``drift_threshold`` (fraction of equity) or
    ``minimum_notional`` is left alone unless a sleeve gives its holding up. Buys shrink pro rata to the cash there is
    after the sells, costs and the buffer included; such trades carry ``resized="cash"``. Sells come first, closing ones
    before short sales; otherwise the order is that of the wishes.

    Parameters
    ----------
    wishes
        In plan order; at most one a sleeve and instrument.
    holdings
        Account's signed quantities.
    short_value
        Absolute value of the account's short positions after the trades, which ties up cash.
    unsold
        What the venue refused to sell when it was last asked: it brings no cash for buys.
    """
    crosses: list[Cross] = []
    sells: list[Trade] = []
    buys: list[Trade] = []
    dust = _DUST * power.equity
    smallest = max(minimum_notional, drift_threshold * power.equity, dust)
    for instrument, group in _by_instrument(wishes).items():
        held = holdings.get(instrument, 0.0)
        if len(group) == 1:
            wish = group[0]
            trade = _whole_trade(wish, held)
            if trade is not None and (wish.wanted == 0.0 or not _is_small(trade, held, smallest)):
                (buys if trade.quantity > 0 else sells).append(trade)
            continue
        parts = {wish.sleeve: wish.change for wish in group if abs(wish.change) > _ROUNDING * abs(wish.wanted)}
        if len(parts) > 1:
            crosses.extend(_cross(instrument, parts, group[0].price))
        trade = _net_trade(instrument, parts, group, held) if parts else None
        if trade is None:
            continue
        leaves = any(wish.wanted == 0.0 and wish.sleeve in parts for wish in group)
        if _is_small(trade, held, dust if leaves else smallest):
            continue
        (buys if trade.quantity > 0 else sells).append(trade)
    # Closing sells free the cash and margin that short sales tie up.
    sells.sort(key=lambda trade: holdings.get(trade.instrument, 0.0) <= 0.0)
    bought, costs = _affordable(buys, sells, holdings, power, short_value, unsold)
    return Rebalance(tuple(crosses), (*sells, *bought), tuple(costs))


def _by_instrument(wishes: Sequence[Wish]) -> dict[Instrument, list[Wish]]:
    groups: dict[Instrument, list[Wish]] = {}
    for wish in wishes:
        groups.setdefault(wish.instrument, []).append(wish)
    return groups


def _cross(instrument: Instrument, parts: dict[str, float], price: float) -> list[Cross]:
    """Match opposite changes in sleeve order and take them out of ``parts``."""
    crosses: list[Cross] = []
    for buyer in [name for name, change in parts.items() if change > 0]:
        for seller in [name for name, change in parts.items() if change < 0]:
            quantity = min(parts.get(buyer, 0.0), -parts.get(seller, 0.0))
            if quantity <= 0.0:
                continue
            crosses.append(Cross(instrument, buyer, seller, quantity, price))
            for name, left in ((buyer, parts[buyer] - quantity), (seller, parts[seller] + quantity)):
                if left == 0.0:
                    del parts[name]
                else:
                    parts[name] = left
    return crosses


def _net_trade(instrument: Instrument, parts: Mapping[str, float], group: Sequence[Wish], held: float) -> Trade | None:
    net = math.fsum(parts.values())
    closes = all(wish.wanted == 0.0 for wish in group) and math.isclose(net, -held, rel_tol=1e-9)
    quantity = -held if closes else _lots(net, instrument.lot_size)
    if quantity == 0.0:
        return None
    largest = max(parts, key=lambda sleeve: abs(parts[sleeve]))
    reason = next(wish.reason for wish in group if wish.sleeve == largest)
    return Trade(instrument, quantity, group[0].price, reason, scaled_parts(parts, quantity))


def _whole_trade(wish: Wish, held: float) -> Trade | None:
    """Return the trade of the only sleeve that wants one."""
    change, instrument = wish.change, wish.instrument
    if wish.wanted == 0.0 and math.isclose(change, -held, rel_tol=1e-9):
        change = -held
    elif instrument.lot_size:
        change = _lots(change, instrument.lot_size)
    return Trade(instrument, change, wish.price, wish.reason, {wish.sleeve: change}) if change else None


def _lots(quantity: float, lot_size: float) -> float:
    return round_to_lot(quantity, lot_size)


def scaled_parts(parts: Mapping[str, float], quantity: float) -> dict[str, float]:
    """Scale the parts pro rata to sum to ``quantity``; the last takes the rounding."""
    if len(parts) == 1:
        return dict.fromkeys(parts, quantity)
    total = math.fsum(parts.values())
    if math.isclose(total, quantity, rel_tol=1e-12):
        return dict(parts)
    names = list(parts)
    scaled = {name: quantity * (parts[name] / total) for name in names[:-1]}
    scaled[names[-1]] = quantity - math.fsum(scaled.values())
    return scaled


def _is_small(trade: Trade, held: float, smallest: float) -> bool:
    notional = abs(trade.quantity) * trade.price * trade.instrument.multiplier
    return held + trade.quantity != 0.0 and notional < smallest


def _affordable(
    buys: Sequence[Trade],
    sells: Sequence[Trade],
    holdings: Mapping[Instrument, float],
    power: BuyingPower,
    short_value: float,
    unsold: Collection[Instrument],
) -> tuple[list[Trade], list[float]]:
    """Return the buys shrunk to what the account can pay, and the costs of sells and buys if none had to shrink."""
    if not buys:
        return [], []
    proceeds = 0.0
    for sell in sells:
        if sell.instrument in unsold:
            continue
        closing = min(-sell.quantity, max(holdings.get(sell.instrument, 0.0), 0.0))
        proceeds += closing * sell.price * sell.instrument.multiplier
    charges = power.estimate_costs([*sells, *buys])
    proceeds -= math.fsum(charges[: len(sells)])
    borrowed = (power.leverage - 1.0) * power.equity
    tied = short_value * (1.0 + power.short_margin)
    available = power.cash + proceeds + borrowed - tied - power.cash_buffer * power.equity
    need = math.fsum(_price_of(buy, holdings) for buy in buys) + math.fsum(charges[len(sells) :])
    if need == 0.0 or need <= available:
        return list(buys), charges
    factor = max(available, 0.0) / need
    shrunk: list[Trade] = []
    for buy in buys:
        covering = min(buy.quantity, max(-holdings.get(buy.instrument, 0.0), 0.0))
        quantity = covering + _lots((buy.quantity - covering) * factor, buy.instrument.lot_size)
        if quantity > 0.0:
            split = scaled_parts(buy.split, quantity)
            shrunk.append(Trade(buy.instrument, quantity, buy.price, buy.reason, split, resized="cash"))
    return shrunk, []


def _price_of(buy: Trade, holdings: Mapping[Instrument, float]) -> float:
    """Cash a buy needs; covering a short is paid from the cash its proceeds tied up."""
    opening = buy.quantity - min(buy.quantity, max(-holdings.get(buy.instrument, 0.0), 0.0))
    return opening * buy.price * buy.instrument.multiplier
