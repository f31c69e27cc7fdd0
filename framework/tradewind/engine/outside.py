"""What changes a book without an order: expiries, and what a venue does to an account by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradewind.engine.exposure import underlying_price
from tradewind.errors import DataError
from tradewind.model import AssetClass, Fill, OptionRight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.engine.panel import Panel
    from tradewind.engine.quotes import PanelQuotes
    from tradewind.model import Activity, Instrument
    from tradewind.portfolio.books import SleeveBooks

__all__ = ["attribute", "charge_borrowing", "elapsed_years", "opens", "settlement", "short_values"]

_SECONDS_PER_YEAR = 365.25 * 86_400


def attribute(activity: Activity, books: SleeveBooks, bar: int) -> None:
    """Divide an activity among the sleeves that hold its instrument; else among all, by equal parts.

    Parameters
    ----------
    activity
        What happened.
    books
        Sleeve books, which are changed.
    bar
        Current bar.
    """
    instrument, cash = activity.instrument, activity.cash
    holders = {} if instrument is None else {name: abs(books.holding(name, instrument)) for name in books.books}
    total = math.fsum(holders.values())
    weights = {name: held / total if total else 1.0 / len(books.books) for name, held in holders.items()}
    if instrument is not None and activity.quantity:
        cash += activity.quantity * activity.price * instrument.multiplier
        books.apply(Fill(f"activity-{activity.activity_id}", bar, instrument, activity.quantity, activity.price))
    if cash:
        books.charge(-cash, weights or dict.fromkeys(books.books, 1.0 / len(books.books)))


def elapsed_years(panel: Panel) -> float:
    """Return the time since the bar before; 0 on the first."""
    if panel.bar == 0:
        return 0.0
    elapsed = panel.timestamps[panel.bar] - panel.timestamps[panel.bar - 1]
    return float(elapsed / np.timedelta64(1, "s")) / _SECONDS_PER_YEAR


def short_values(books: SleeveBooks, panel: Panel, quotes: PanelQuotes) -> dict[str, float]:
    """Return the value that each sleeve has sold short, as it stood on the close before."""
    multipliers = np.array([instrument.multiplier for instrument in panel.instruments])
    marks = np.nan_to_num(panel.marks()) * multipliers
    return {
        name: float(np.maximum(-book.quantities * marks, 0.0).sum())
        + math.fsum(max(-held * quotes.mark(one) * one.multiplier, 0.0) for one, held in book.others.items())
        for name, book in books.books.items()
    }


def charge_borrowing(books: SleeveBooks, amount: float, short: Mapping[str, float]) -> None:
    """Divide a cost of borrowing by what each sleeve was short; by equal parts if the marks say nothing."""
    total = math.fsum(short.values())
    weights = {name: value / total if total > 0.0 else 1.0 / len(short) for name, value in short.items()}
    books.charge(amount, weights)


def settlement(instrument: Instrument, panel: Panel, quotes: PanelQuotes) -> float:
    """Return the cash value of one unit at expiry: an option's payoff on its underlying, else its own last price.

    Raises
    ------
    DataError
        If the underlying of an option has no price.
    """
    if instrument.asset_class is not AssetClass.OPTION or instrument.strike is None:
        return quotes.mark(instrument)
    spot = underlying_price(instrument, panel)
    if math.isnan(spot):
        raise DataError(
            f"{instrument.symbol} expires at bar {panel.bar} and its underlying {instrument.underlying!r} has no "
            f"price; add it to `data: symbols:` or `references:`"
        )
    payoff = spot - instrument.strike
    return max(payoff if instrument.right is OptionRight.CALL else -payoff, 0.0)


def opens(held: float, coming: float) -> bool:
    """Tell whether what is coming makes a position larger, or turns it round."""
    return held * coming >= 0.0 or abs(coming) > abs(held)
