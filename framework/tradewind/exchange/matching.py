"""Fill rules: pure functions from a bar's prices to an execution price, or None.

They follow ``BackBroker._try_exec_*`` and ``_slip_*`` of Backtrader 1.9.78 line by line, its oddities included: a sell
limit slips from its limit price and not from the bar's low, and a stop-limit order that triggers within a bar fills in
that bar in a few cases only, decided by whether the bar closed above or below its open.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.exchange.rules import ExchangeRules, Quote

__all__ = [
    "close_price",
    "limit_price",
    "market_price",
    "open_price",
    "slip_down",
    "slip_up",
    "stop_limit_price",
    "stop_price",
    "stop_reached",
]


def slip_up(
    highest: float, price: float, rules: ExchangeRules, *, slips: bool = True, limit: bool = False
) -> float | None:
    """Return the price a buyer gets after slippage.

    Parameters
    ----------
    highest
        Price beyond which no trade was seen.
    price
        Price before slippage.
    rules
        Size and limits of slippage.
    slips
        Whether slippage applies at all.
    limit
        Whether this is a limit order.
    """
    if not slips:
        return price
    if rules.slip_percent:
        slipped = price * (1 + rules.slip_percent)
    elif rules.slip_fixed:
        slipped = price + rules.slip_fixed
    else:
        return price
    if slipped <= highest:
        return slipped
    if rules.slip_match or (limit and rules.slip_limit):
        return slipped if rules.slip_out else highest
    return None


def slip_down(
    lowest: float, price: float, rules: ExchangeRules, *, slips: bool = True, limit: bool = False
) -> float | None:
    """Return the price a seller gets after slippage; the mirror image of `slip_up`."""
    if not slips:
        return price
    if rules.slip_percent:
        slipped = price * (1 - rules.slip_percent)
    elif rules.slip_fixed:
        slipped = price - rules.slip_fixed
    else:
        return price
    if slipped >= lowest:
        return slipped
    if rules.slip_match or (limit and rules.slip_limit):
        return slipped if rules.slip_out else lowest
    return None


def market_price(buys: bool, quote: Quote, created_close: float | None, rules: ExchangeRules) -> float | None:
    """Return the open, or with `cheat_on_close` the close the order was decided on (None: it was unknown)."""
    price = created_close if rules.cheat_on_close and created_close is not None else quote.open
    if buys:
        return slip_up(quote.high, price, rules, slips=rules.slip_open)
    return slip_down(quote.low, price, rules, slips=rules.slip_open)


def limit_price(buys: bool, quote: Quote, limit: float, rules: ExchangeRules) -> float | None:
    """Return the open where it is as good as the limit, else the limit where the bar reached it."""
    if buys:
        if limit >= quote.open:
            return slip_up(min(quote.high, limit), quote.open, rules, slips=rules.slip_open, limit=True)
        return limit if limit >= quote.low else None
    if limit <= quote.open:
        return slip_down(limit, quote.open, rules, slips=rules.slip_open, limit=True)
    return limit if limit <= quote.high else None


def open_price(buys: bool, quote: Quote, limit: float, rules: ExchangeRules) -> float | None:
    """Return the price at the open, slipped where opens slip; None where a limit (NaN: none) is not met there."""
    if limit < quote.open if buys else limit > quote.open:
        return None
    if math.isnan(limit):
        return market_price(buys, quote, None, rules)
    return limit_price(buys, quote, limit, rules)


def close_price(buys: bool, quote: Quote, limit: float) -> float | None:
    """Return the close, which never slips in Backtrader either; None where a limit (NaN: none) is not met there."""
    return None if (limit < quote.close if buys else limit > quote.close) else quote.close


def stop_price(buys: bool, quote: Quote, stop: float, rules: ExchangeRules) -> float | None:
    """Return the open where the market gapped through the stop, else the stop where the bar reached it."""
    if buys:
        if quote.open >= stop:
            return slip_up(quote.high, quote.open, rules, slips=rules.slip_open)
        return slip_up(quote.high, stop, rules) if quote.high >= stop else None
    if quote.open <= stop:
        return slip_down(quote.low, quote.open, rules, slips=rules.slip_open)
    return slip_down(quote.low, stop, rules) if quote.low <= stop else None


def stop_reached(buys: bool, quote: Quote, stop: float) -> bool:
    """Tell whether a stop triggers in this bar."""
    if buys:
        return quote.open >= stop or quote.high >= stop
    return quote.open <= stop or quote.low <= stop


def stop_limit_price(buys: bool, quote: Quote, stop: float, limit: float, rules: ExchangeRules) -> float | None:
    """Return the price of a stop-limit order in the bar that triggers it; afterwards it is a limit order.

    After a gap through the stop it acts as a limit order in this very bar. A trigger within the bar is followed by a
    fill at the stop where the limit allows it; where the limit is tighter, only if the bar ran back to it by the close.
    """
    if buys:
        if quote.open >= stop:
            return limit_price(buys, quote, limit, rules)
        if quote.high < stop:
            return None
        if limit >= stop:
            return slip_up(quote.high, stop, rules, limit=True)
        return limit if quote.open > quote.close and limit >= quote.close else None
    if quote.open <= stop:
        return limit_price(buys, quote, limit, rules)
    if quote.low > stop:
        return None
    if limit <= stop:
        return slip_down(quote.low, stop, rules, limit=True)
    return limit if quote.open <= quote.close and limit <= quote.close else None
