"""The measures of a run over time: sampled every k bars, each from what was known at that close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError, UserError
from tradewind.risk.measures.checks import checked_level, frozen, matrix_of, vector_of
from tradewind.risk.measures.diversification import measure_diversification
from tradewind.risk.measures.exposure import effective_positions, herfindahl, sector_columns
from tradewind.risk.measures.factors import least_squares_betas
from tradewind.risk.measures.value_at_risk import ESTIMATORS, estimate_tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from tradewind.model.typing import BoolArray, FloatArray, IntArray, TimeArray

__all__ = ["BASES", "RiskHistory", "TailHistory", "risk_history"]

BASES = ("holdings", "equity")
"""What a tail is estimated from: today's weights on past asset returns, or the account's own past returns."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TailHistory:
    """Value at risk and expected shortfall over time, by one method at one level.

    Parameters
    ----------
    basis
        ``holdings``: of the weights held at that close, had they been held over the window (pro forma; what a limit
        should look at). ``equity``: of the account's own returns in the window.
    method
        One of ``historical``, ``gaussian``, ``cornish_fisher``.
    level
        Confidence.
    value_at_risk, expected_shortfall
        Positive fractions lost over one bar, shape (M,); NaN before the first full window.
    within_domain
        Shape (M,); see `tradewind.risk.measures.TailRisk`; True where there is no figure.
    """

    basis: str
    method: str
    level: float
    value_at_risk: FloatArray
    expected_shortfall: FloatArray
    within_domain: BoolArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RiskHistory:
    """Risk of a book over time; columns of shape (M,), read-only, one entry a sampled bar.

    What looks back does so over the ``window`` bars that end with the sampled one, and is NaN before the first full
    window; exposure, concentration and drawdown are there from the first sample on. NaN also marks what is not defined,
    such as the concentration of an empty book.

    Parameters
    ----------
    dates, bars
        Date and bar number of each sample; the last is the last bar of the run.
    window, every
        Bars looked back at; bars from one sample to the next.
    gross, net
        Exposure as fractions of equity.
    sectors
        Names, S of them, alphabetically; an empty name became ``unknown``.
    sector_gross, sector_net
        Exposure by sector, shape (M, S).
    largest, herfindahl, effective_positions
        See `tradewind.risk.measures.Concentration`.
    drawdown
        Fraction below the highest equity so far, at least 0, of all bars up to the sampled one.
    volatility, diversification_ratio, average_correlation, weighted_correlation, effective_bets
        Of the holdings; see `tradewind.risk.measures.Diversification`.
    coverage
        Fraction of gross exposure times window bars for which there was an asset return. A missing one (not listed
        yet, halted) counts as 0, so where this is below 1 the look-back figures are too small.
    factors, betas
        Names of the factors, K of them, and betas of the account's returns in the window, shape (M, K); NaN also where
        the factors do not determine them.
    tails
        Value at risk and expected shortfall by basis, method and level.
    """

    dates: TimeArray
    bars: IntArray
    window: int
    every: int
    gross: FloatArray
    net: FloatArray
    sectors: tuple[str, ...]
    sector_gross: FloatArray
    sector_net: FloatArray
    largest: FloatArray
    herfindahl: FloatArray
    effective_positions: FloatArray
    drawdown: FloatArray
    volatility: FloatArray
    diversification_ratio: FloatArray
    average_correlation: FloatArray
    weighted_correlation: FloatArray
    effective_bets: FloatArray
    coverage: FloatArray
    factors: tuple[str, ...]
    betas: FloatArray
    tails: tuple[TailHistory, ...]

    def tail(self, *, basis: str = "holdings", method: str = "historical", level: float = 0.95) -> TailHistory:
        """Return one of ``tails``; `UserError` names those there are."""
        for tail in self.tails:
            if (tail.basis, tail.method, tail.level) == (basis, method, level):
                return tail
        known = ", ".join(f"{tail.basis}/{tail.method}/{tail.level:g}" for tail in self.tails)
        raise UserError(f"risk history: no tail {basis}/{method}/{level:g}; known: {known}")

    def columns(self) -> dict[str, FloatArray]:
        """Return every figure as one flat table: name to array of shape (M,).

        Sectors, factors and tails are named ``sector_gross:<sector>``, ``sector_net:<sector>``, ``beta:<factor>``,
        ``value_at_risk:<basis>:<method>:<level>`` and ``expected_shortfall:<basis>:<method>:<level>``.
        """
        table = {name: getattr(self, name) for name in _PLAIN}
        for column, sector in enumerate(self.sectors):
            table[f"sector_gross:{sector}"] = self.sector_gross[:, column]
            table[f"sector_net:{sector}"] = self.sector_net[:, column]
        for column, factor in enumerate(self.factors):
            table[f"beta:{factor}"] = self.betas[:, column]
        for tail in self.tails:
            key = f"{tail.basis}:{tail.method}:{tail.level:g}"
            table[f"value_at_risk:{key}"] = tail.value_at_risk
            table[f"expected_shortfall:{key}"] = tail.expected_shortfall
        return table


_LOOKING_BACK = (
    "volatility",
    "diversification_ratio",
    "average_correlation",
    "weighted_correlation",
    "effective_bets",
    "coverage",
)
_PLAIN = ("gross", "net", "largest", "herfindahl", "effective_positions", "drawdown", *_LOOKING_BACK)


def risk_history(
    dates: ArrayLike,
    equity_returns: ArrayLike,
    weights: ArrayLike,
    asset_returns: ArrayLike,
    sectors: Sequence[str] = (),
    *,
    window: int = 252,
    every: int = 21,
    levels: Sequence[float] = (0.95, 0.99),
    factors: Mapping[str, ArrayLike] | None = None,
) -> RiskHistory:
    """Measure a run's risk every ``every`` bars, the last bar included.

    Nothing after a sampled bar's close is looked at, so cutting the run there leaves its figures as they are.

    Parameters
    ----------
    dates
        Of the bars, shape (T,), ascending.
    equity_returns
        Simple returns of the account, shape (T,): entry t from the close of t - 1 to that of t, 0 on the first bar.
    weights
        Signed fractions of equity held at each close, shape (T, N), finite.
    asset_returns
        Simple returns of the assets, shape (T, N), timed like ``equity_returns``; NaN where there is none.
    sectors
        Sector of each column, shape (N,); none leaves sectors out.
    window
        Bars looked back at, the sampled one included; at least 2. The value at risk at a close is thus a forecast for
        the bar after it.
    every
        Bars from one sample to the next, at least 1; 21 is about a month of days.
    levels
        Confidences of value at risk and expected shortfall.
    factors
        Factor returns by name, each of shape (T,), timed like ``equity_returns``; ``{"market": ...}`` for a market
        beta. A beta needs a window of at least K + 2 bars.

    Raises
    ------
    DataError
        If shapes do not fit, or a number other than an asset return is not finite.
    UserError
        If ``window``, ``every`` or a level is out of range.

    Notes
    -----
    With hundreds of positions nearly all time goes to the effective bets: one eigendecomposition a sample, of size
    min(window, positions). On busy cores several BLAS threads make it slower than one does (OPENBLAS_NUM_THREADS=1).
    """
    run = _Run.of(dates, equity_returns, weights, asset_returns, factors or {})
    if window < 2 or every < 1:
        raise UserError(
            f"risk history: window is {window} and every is {every} bars, expected at least 2 and 1; 252 and 21 are "
            f"a year and a month of days"
        )
    total = len(run.equity_returns)
    bars = np.arange((total - 1) % every, total, every, dtype=np.int64)
    held = run.weights[bars]
    names, membership = sector_columns(sectors, held.shape[1])
    looking_back, proforma = _holdings_over(run, bars, window)
    offsets = np.arange(1 - window, 1)
    full = bars >= window - 1
    equity_windows = run.equity_returns[bars[full, np.newaxis] + offsets]
    curve = np.cumprod(1.0 + run.equity_returns)
    plain = {
        "gross": np.abs(held).sum(axis=1),
        "net": held.sum(axis=1),
        "largest": np.abs(held).max(axis=1, initial=0.0),
        "herfindahl": herfindahl(held),
        "effective_positions": effective_positions(held),
        "drawdown": (1.0 - curve / np.maximum(np.maximum.accumulate(curve), 1.0))[bars],
        **{name: looking_back[:, column] for column, name in enumerate(_LOOKING_BACK)},
    }
    return RiskHistory(
        dates=frozen(run.dates[bars]),
        bars=frozen(bars),
        window=window,
        every=every,
        sectors=names,
        sector_gross=frozen(np.abs(held) @ membership),
        sector_net=frozen(held @ membership),
        factors=tuple(factors or {}),
        betas=frozen(_betas_over(run, bars, window)),
        tails=_tails({"holdings": proforma, "equity": equity_windows}, full, levels),
        **{name: frozen(values) for name, values in plain.items()},
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Run:
    """The inputs, checked and of one length."""

    dates: TimeArray
    equity_returns: FloatArray
    weights: FloatArray
    asset_returns: FloatArray
    factors: FloatArray

    @classmethod
    def of(
        cls,
        dates: ArrayLike,
        equity_returns: ArrayLike,
        weights: ArrayLike,
        asset_returns: ArrayLike,
        factors: Mapping[str, ArrayLike],
    ) -> _Run:
        where = "risk history"
        equity = vector_of(equity_returns, f"{where}: equity returns")
        held, moves = np.asarray(weights, dtype=np.float64), np.asarray(asset_returns, dtype=np.float64)
        times = np.asarray(dates)
        if held.ndim != 2 or moves.shape != held.shape or len(held) != len(equity) or times.shape != equity.shape:
            raise DataError(
                f"{where}: received dates {times.shape}, equity returns {equity.shape}, weights {held.shape} and asset "
                f"returns {moves.shape}, expected (T,), (T,), (T, N) and (T, N); align them by bar and instrument"
            )
        held = matrix_of(held, f"{where}: weights")
        if np.isinf(moves).any():
            raise DataError(f"{where}: an asset return is infinite; look for a price of 0 in the bars")
        columns = [
            vector_of(values, f"{where}: factor {name!r}", length=len(equity)) for name, values in factors.items()
        ]
        return cls(
            dates=times,
            equity_returns=equity,
            weights=held,
            asset_returns=moves,
            factors=np.stack(columns, axis=1) if columns else np.empty((len(equity), 0)),
        )


def _holdings_over(run: _Run, bars: IntArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return what looks back, shape (M, 6), and the pro forma returns of each full window, shape (full, window)."""
    measured = np.full((len(bars), len(_LOOKING_BACK)), np.nan)
    full = np.flatnonzero(bars >= window - 1)
    proforma = np.zeros((len(full), window))
    for place, sample in enumerate(full):
        bar = int(bars[sample])
        held = np.flatnonzero(run.weights[bar])
        weights = run.weights[bar, held]
        moves = run.asset_returns[bar + 1 - window : bar + 1, held]
        missing = np.isnan(moves)
        moves = np.where(missing, 0.0, moves)
        proforma[place] = moves @ weights
        sizes = np.abs(weights)
        coverage = 1.0 - float(missing.mean(axis=0) @ sizes) / float(sizes.sum()) if len(held) else np.nan
        of_book = measure_diversification(moves, weights) if len(held) else None
        if of_book is not None:
            measured[sample] = (
                of_book.volatility,
                of_book.ratio,
                of_book.average_correlation,
                of_book.weighted_correlation,
                of_book.effective_bets,
                coverage,
            )
        else:
            measured[sample, 0] = 0.0
    return measured, proforma


def _betas_over(run: _Run, bars: IntArray, window: int) -> FloatArray:
    betas = np.full((len(bars), run.factors.shape[1]), np.nan)
    if not run.factors.shape[1] or window < run.factors.shape[1] + 2:
        return betas
    for sample in np.flatnonzero(bars >= window - 1):
        span = slice(int(bars[sample]) + 1 - window, int(bars[sample]) + 1)
        betas[sample] = least_squares_betas(run.equity_returns[span], run.factors[span])
    return betas


def _tails(windows: Mapping[str, FloatArray], full: BoolArray, levels: Sequence[float]) -> tuple[TailHistory, ...]:
    tails = []
    for basis in BASES:
        for method in ESTIMATORS:
            for level in levels:
                confidence = checked_level(level, "risk history")
                estimate = estimate_tail(windows[basis], method=method, level=confidence)
                within = np.ones(len(full), dtype=np.bool_)
                within[full] = estimate.within_domain
                tails.append(
                    TailHistory(
                        basis=basis,
                        method=method,
                        level=confidence,
                        value_at_risk=_spread(estimate.value_at_risk, full),
                        expected_shortfall=_spread(estimate.expected_shortfall, full),
                        within_domain=within,
                    )
                )
    return tuple(tails)


def _spread(values: FloatArray, full: BoolArray) -> FloatArray:
    spread = np.full(len(full), np.nan)
    spread[full] = values
    return frozen(spread)
