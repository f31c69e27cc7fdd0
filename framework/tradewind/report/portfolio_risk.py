"""A finished run's portfolio risk over time, and whether its value at risk was right."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from tradewind.risk.measures import RiskHistory, backtest_value_at_risk, risk_history
from tradewind.risk.measures.exposure import effective_positions, herfindahl, sector_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray

__all__ = ["EVERY_BARS", "WINDOW_BARS", "exposure_table", "risk_of_run", "risk_table", "value_at_risk_tests"]

WINDOW_BARS = 252
"""Bars that a figure looks back at; a year of days."""

EVERY_BARS = 21
"""Bars from one figure to the next; a month of days."""

_LEVELS = (0.95, 0.99)
_METHODS: tuple[Literal["historical", "gaussian", "cornish_fisher"], ...] = ("historical", "gaussian", "cornish_fisher")


def risk_of_run(
    equity: pd.DataFrame,
    weights: pd.DataFrame,
    closes: pd.DataFrame,
    sectors: Mapping[str, str],
    *,
    window: int = WINDOW_BARS,
    every: int = EVERY_BARS,
) -> RiskHistory | None:
    """Measure the risk of a finished run; None without a bar.

    Parameters
    ----------
    equity, weights
        Tables of a `tradewind.model.Result`. Bars from the first on whose equity is not above 0 are left out: a
        ruined account has no weights.
    closes
        One row a bar, one column a symbol. An instrument that has no price on a bar stands at its last one; one that
        is not among the columns (an option) has no returns and lowers the coverage.
    sectors
        Sector by symbol; none, or an empty one, is ``unknown``.
    window, every
        Bars looked back at, and from one figure to the next.
    """
    curve = equity["equity"].to_numpy(dtype=np.float64)
    gone = np.flatnonzero(~(curve > 0.0))
    bars = int(gone[0]) if len(gone) else len(curve)
    if not bars:
        return None
    held = np.nan_to_num(weights.to_numpy(dtype=np.float64)[:bars])
    prices = closes.reindex(columns=weights.columns).ffill().to_numpy(dtype=np.float64)[:bars]
    benchmark = _returns(equity["benchmark"].ffill().to_numpy(dtype=np.float64)[:bars, np.newaxis])[:, 0]
    known = np.isfinite(benchmark)
    with _one_thread():
        return risk_history(
            equity.index.to_numpy()[:bars],
            np.nan_to_num(_returns(curve[:bars, np.newaxis])[:, 0]),
            held,
            _returns(prices),
            _sector_names(weights, sectors),
            window=window,
            every=every,
            levels=_LEVELS,
            factors={"benchmark": np.nan_to_num(benchmark)} if known[1:].any() and known[1:].all() else None,
        )


def risk_table(history: RiskHistory) -> pd.DataFrame:
    """Return a risk history as a table: index ``timestamp``, columns ``bar, window_bars`` and one a figure."""
    index = pd.DatetimeIndex(history.dates, name="timestamp")
    size = len(history.bars)
    table = {"bar": history.bars.astype(np.float64), "window_bars": np.full(size, float(history.window))}
    return pd.DataFrame({**table, **history.columns()}, index=index)


def exposure_table(equity: pd.DataFrame, weights: pd.DataFrame, sectors: Mapping[str, str]) -> pd.DataFrame:
    """Return what was held at each close, named as in `risk_table`, with every instrument in ``gross`` and ``net``."""
    held = np.nan_to_num(weights.to_numpy(dtype=np.float64))
    names, membership = sector_columns(_sector_names(weights, sectors), held.shape[1])
    by_sector = np.abs(held) @ membership
    return pd.DataFrame(
        {
            "gross": equity["gross"],
            "net": equity["net"],
            "largest": np.abs(held).max(axis=1, initial=0.0),
            "herfindahl": herfindahl(held),
            "effective_positions": effective_positions(held),
            **{f"sector_gross:{name}": by_sector[:, column] for column, name in enumerate(names)},
        },
        index=equity.index,
    )


def value_at_risk_tests(equity: pd.DataFrame, *, window: int = WINDOW_BARS) -> pd.DataFrame:
    """Forecast each bar's value at risk from the account's own returns before it, and test the forecasts.

    The test begins a window after the first bar on which something was held. A forecast is of the account as it was
    over the window, not of what it holds: one whose exposure has just grown is exceeded more often.

    Returns
    -------
    Rows: methods at levels; columns ``method, level, observations, expected, exceedances`` and the p-values
    ``kupiec, independence, conditional_coverage``. Empty where fewer than 100 bars, or 20 at 95 %, could be tested.
    """
    curve = equity["equity"].to_numpy(dtype=np.float64)
    gross = equity["gross"].to_numpy(dtype=np.float64)
    held = np.flatnonzero(gross > 0.0)
    rows = []
    if len(held) and (curve > 0.0).all():
        returns = _returns(curve[:, np.newaxis])[max(int(held[0]), 1) :, 0]
        for level in _LEVELS:
            if len(returns) - window < round(1.0 / (1.0 - level)):
                continue
            for method in _METHODS:
                test = backtest_value_at_risk(returns, window=window, level=level, method=method)
                p_values = (test.kupiec.p_value, test.independence.p_value, test.conditional_coverage.p_value)
                counts = (test.observations, test.expected_exceedances, test.exceedances)
                rows.append((method, level, *counts, *p_values))
    names = ("method", "level", "observations", "expected", "exceedances")
    return pd.DataFrame(rows, columns=[*names, "kupiec", "independence", "conditional_coverage"])


def _one_thread() -> AbstractContextManager[object]:
    """Keep linear algebra to one thread, where threadpoolctl (which scikit-learn brings) is installed.

    A book of hundreds of positions is measured several times faster so on cores that others use too.
    """
    if find_spec("threadpoolctl") is None:
        return nullcontext()
    limits: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(1, user_api="blas")
    return limits


def _sector_names(weights: pd.DataFrame, sectors: Mapping[str, str]) -> list[str]:
    """Return the sector of each column; nothing where none is known."""
    names = [sectors.get(str(symbol), "") for symbol in weights.columns]
    return names if any(names) else []


def _returns(prices: FloatArray) -> FloatArray:
    """Return simple returns, shape (T, N): 0 on the first bar, NaN where a price is missing or was not above 0."""
    returns = np.zeros_like(prices)
    before, after = prices[:-1], prices[1:]
    returns[1:] = np.divide(after, before, out=np.full(after.shape, np.nan), where=before > 0.0) - 1.0
    return returns
