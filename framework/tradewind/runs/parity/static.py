"""The steps for a `bt.Strategy`, whose orders stay with Backtrader's broker: order by order, nothing decided anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tradewind.exchange import Quote
from tradewind.runs.parity.history import last_prices
from tradewind.runs.parity.ports import reference_price
from tradewind.runs.parity.traded import same_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradewind.model import Bars
    from tradewind.runs.parity.traded import Trade, TradedOrder

__all__ = ["StaticProfits", "profit_of", "static_profits"]

_PRICES = ("open", "high", "low")
_NAMES = ("gate", "fill_time", "fill_price", "cost", "outside", "decision")


class StaticProfits(NamedTuple):
    """Profits when one cause after the other is replaced, and paper's own."""

    profits: Mapping[str, float]
    paper: float


def profit_of(trades: Iterable[Trade], last_price: float, multiplier: float) -> float:
    """Return what executions have made at a last price: ``sum(q * m * (last - price) - costs)``."""
    return math.fsum(
        trade.quantity * multiplier * (last_price - trade.price) - math.fsum(trade.costs) for trade in trades
    )


def static_profits(
    paper: Mapping[str, TradedOrder], replay: Mapping[str, TradedOrder], bars: Bars, replay_profit: float
) -> StaticProfits:
    """Replace the executions of the orders that both decided, cause by cause, and then the other orders.

    Profit is a sum over executions, so every step is the sum of what it changes in each order.
    """
    if paper == replay:
        return StaticProfits(dict.fromkeys(_NAMES, replay_profit), replay_profit)
    prices, multipliers = last_prices(bars), {one.symbol: one.multiplier for one in bars.instruments}

    def value(order: TradedOrder | None, trades: Iterable[Trade] | None = None) -> float:
        if order is None:
            return 0.0
        return profit_of(order.trades if trades is None else trades, prices[order.symbol], multipliers[order.symbol])

    changes: dict[str, list[float]] = {name: [] for name in _NAMES}
    for name in dict.fromkeys((*replay, *paper)):
        ours, theirs = paper.get(name), replay.get(name)
        if ours is None or theirs is None or ours.quantity != theirs.quantity or ours.symbol != theirs.symbol:
            changes["decision"].append(value(ours) - value(theirs))
        elif ours.refused and not theirs.refused:
            changes["gate"].append(-value(theirs))
        else:
            steps = [value(theirs), *(value(ours, trades) for trades in _stages(ours, theirs, bars))]
            for cause, before, after in zip(_NAMES[1:4], steps[:-1], steps[1:], strict=True):
                changes[cause].append(after - before)
    profits: dict[str, float] = {}
    profit = replay_profit
    for name in _NAMES:
        profit = profits[name] = profit + math.fsum(changes[name])
    opened = {name: math.fsum(value(order) for order in orders.values()) for name, orders in
              (("paper", paper), ("replay", replay))}  # fmt: skip
    return StaticProfits(profits, replay_profit + (opened["paper"] - opened["replay"]))


def _stages(ours: TradedOrder, theirs: TradedOrder, bars: Bars) -> list[list[Trade]]:
    """Return paper's executions at the backtest's prices and costs, then at paper's prices, then at its costs too."""
    if same_schedule(ours, theirs):
        timed = [
            trade._replace(price=other.price, costs=other.costs)
            for trade, other in zip(ours.trades, theirs.trades, strict=True)
        ]
    else:
        rate = _cost_rate(theirs)
        timed = []
        for trade in ours.trades:
            price = reference_price(trade, theirs, _quote(bars, ours.symbol, trade.bar), "open")
            commission = rate * abs(trade.quantity * price)
            timed.append(trade._replace(price=price, costs=(commission, 0.0, 0.0, 0.0)))
    priced = [trade._replace(costs=other.costs) for trade, other in zip(ours.trades, timed, strict=True)]
    return [timed, priced, list(ours.trades)]


def _cost_rate(order: TradedOrder) -> float:
    """Return what an order cost as a fraction of its value; 0 where it was not filled."""
    traded = math.fsum(abs(trade.quantity * trade.price) for trade in order.trades)
    return math.fsum(math.fsum(trade.costs) for trade in order.trades) / traded if traded else 0.0


def _quote(bars: Bars, symbol: str, bar: int) -> Quote | None:
    column = bars.symbols.index(symbol)
    close = float(bars.fields["close"][bar, column])
    if math.isnan(close):
        return None
    opening, high, low = (float(bars.fields.get(name, bars.fields["close"])[bar, column]) for name in _PRICES)
    return Quote(opening, high, low, close, math.nan)
