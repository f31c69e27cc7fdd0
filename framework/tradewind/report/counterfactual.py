"""What gates and breakers cost and saved: what each order would have gained that they withheld.

Every ruling is looked at by itself. The part of the order that was withheld is valued at the price of its decision, and
again `HORIZON_BARS` bars later (or at the end of the run):

    gain = (asked - allowed) * multiplier * (later price - price of the decision)

A gain was forgone, and is a cost of the rule; a loss was avoided, and was saved by it. That is an account of single
decisions and not another history of the run: nothing is reinvested, costs of trading are left out, the order would have
been filled at another price than that of its decision, and a strategy that asks again on the next bar for what was
withheld is counted again, over bars that overlap. On prices as traded, an order whose price moves within these bars by
what looks like a split is not valued: nothing in the bars tells one from a fall. While an account is halted or killed
its strategies' wishes become no orders: there is nothing to value, and `standing_stretches` tells what account and
benchmark did meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray, IntArray

__all__ = [
    "HORIZON_BARS",
    "LEDGER_COLUMNS",
    "VALUED_COLUMNS",
    "counterfactual_ledger",
    "standing_stretches",
    "value_rulings",
]

HORIZON_BARS = 21
"""Bars after which a withheld order is valued again; a month of days."""

_SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0)
_SPLIT_SLACK = 0.05
"""By how much a price may move besides on the day of a split, as a logarithm."""

VALUED_COLUMNS = (
    "order_id", "bar", "timestamp", "symbol", "gate", "code", "by", "asked", "allowed", "multiplier", "price",
    "later_bars", "later_price", "gain", "equity",
)  # fmt: skip
LEDGER_COLUMNS = (
    "gate", "code", "by", "orders", "rejected", "withheld", "forgone", "avoided", "net", "net_of_equity", "unvalued",
)  # fmt: skip


def value_rulings(
    rulings: pd.DataFrame,
    closes: pd.DataFrame,
    multipliers: Mapping[str, float],
    equity: FloatArray,
    *,
    adjusted: bool = True,
    horizon_bars: int = HORIZON_BARS,
) -> pd.DataFrame:
    """Return each ruling with what its withheld quantity would have gained.

    Parameters
    ----------
    rulings
        Table of a `tradewind.model.Result`; without ``by`` in those of older runs.
    closes
        One row a bar, one column a symbol. Where there is no price the last one stands.
    multipliers
        Value of one unit at price 1, by symbol; 1 where it is not named.
    equity
        At each close, shape (T,).
    adjusted
        Whether the prices are adjusted for splits.
    horizon_bars
        Bars from the decision to the later price; fewer where the run ends before.

    Returns
    -------
    Columns `VALUED_COLUMNS`. ``by`` is who had brought about the standing, for rulings of the gate ``standing``; else
    empty. ``later_price`` and ``gain`` are NaN where a price is not known, or cannot be compared for what looks like a
    split.
    """
    if rulings.empty:
        return pd.DataFrame(columns=list(VALUED_COLUMNS))
    bars = rulings["bar"].to_numpy(dtype=np.int64)
    later = np.minimum(bars + horizon_bars, len(closes) - 1)
    columns, symbols = pd.factorize(rulings["symbol"])
    prices = closes.reindex(columns=symbols).ffill().to_numpy(dtype=np.float64)
    later_price = prices[later, columns]
    if not adjusted:
        splits = _count_splits(prices)
        later_price[splits[later, columns] > splits[bars, columns]] = np.nan
    factors = rulings["symbol"].map(lambda symbol: multipliers.get(symbol, 1.0)).to_numpy(dtype=np.float64)
    price = rulings["price"].to_numpy(dtype=np.float64)
    withheld = (rulings["asked"] - rulings["allowed"]).to_numpy(dtype=np.float64)
    valued = rulings.assign(
        by=rulings.get("by", ""),
        multiplier=factors,
        later_bars=later - bars,
        later_price=later_price,
        gain=withheld * factors * (later_price - price),
        equity=np.asarray(equity, dtype=np.float64)[bars],
    )
    return valued[list(VALUED_COLUMNS)]


def counterfactual_ledger(valued: pd.DataFrame) -> pd.DataFrame:
    """Sum up valued rulings by gate, code and, for breakers, by whom; the largest sums withheld first.

    Returns
    -------
    Columns `LEDGER_COLUMNS`: ``orders`` that the rule changed, ``rejected`` ones among them; ``withheld`` value at the
    price of the decision; ``forgone`` gains and ``avoided`` losses, each at least 0; ``net``, avoided less forgone:
    above 0 the rule has saved money; ``net_of_equity``, the sum of each ruling's net as a fraction of the equity of
    its bar; ``unvalued`` orders, whose prices are not known and that are in no sum.
    """
    if valued.empty:
        return pd.DataFrame(columns=list(LEDGER_COLUMNS))
    gain = valued["gain"]
    rows = valued.assign(
        rejected=valued["order_id"].where(valued["allowed"] == 0.0),
        withheld=(valued["asked"] - valued["allowed"]).abs() * valued["multiplier"] * valued["price"],
        forgone=gain.clip(lower=0.0),
        avoided=(-gain).clip(lower=0.0),
        net_of_equity=-gain / valued["equity"],
        unvalued=valued["order_id"].where(gain.isna()),
    )
    ledger = rows.groupby(["gate", "code", "by"], sort=True, as_index=False).agg(
        orders=("order_id", "nunique"),
        rejected=("rejected", "nunique"),
        withheld=("withheld", "sum"),
        forgone=("forgone", "sum"),
        avoided=("avoided", "sum"),
        net_of_equity=("net_of_equity", "sum"),
        unvalued=("unvalued", "nunique"),
    )
    ledger["net"] = ledger["avoided"] - ledger["forgone"]
    ordered = ledger.sort_values("withheld", ascending=False, kind="stable", ignore_index=True)
    return ordered[list(LEDGER_COLUMNS)]


def standing_stretches(standings: pd.DataFrame, equity: pd.DataFrame) -> pd.DataFrame:
    """Return the stretches of a run on which the account might not do everything, in the order of time.

    Parameters
    ----------
    standings, equity
        Tables of a `tradewind.model.Result`.

    Returns
    -------
    Columns ``first, end`` (bar on whose close it began, and on whose it was over; the last bar of the run where it was
    not), ``standing, by, text, account, benchmark``: the returns from one close to the other; NaN without a benchmark.
    """
    names = ["first", "end", "standing", "by", "text", "account", "benchmark"]
    if standings.empty or equity.empty:
        return pd.DataFrame(columns=names)
    last = len(equity) - 1
    starts = standings["bar"].to_numpy(dtype=np.int64)
    ends = np.append(starts[1:], last)
    table = standings.assign(first=starts, end=ends, standing=standings["after"])
    for name, column in (("account", "equity"), ("benchmark", "benchmark")):
        values = equity[column].ffill().to_numpy(dtype=np.float64)
        table[name] = values[ends] / values[starts] - 1.0
    barred = (table["standing"] != "active") & ((ends > starts) | (starts == last))
    stretches: pd.DataFrame = table.loc[barred, names].reset_index(drop=True)
    return stretches


def _count_splits(prices: FloatArray) -> IntArray:
    """Return the moves up to each bar that are within 5 % of a usual split or reverse split, shape (T, N)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.abs(np.log(prices[1:] / prices[:-1]))
    near = np.zeros(moves.shape, dtype=np.bool_)
    for ratio in _SPLIT_RATIOS:
        near |= np.abs(moves - np.log(ratio)) < _SPLIT_SLACK
    counts: IntArray = np.concatenate((np.zeros((1, prices.shape[1]), dtype=np.int64), np.cumsum(near, axis=0)))
    return counts
