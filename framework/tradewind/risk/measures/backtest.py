"""Was the value at risk right? Forecasts made before each bar, exceedances counted, three likelihood-ratio tests.

A bar exceeds its forecast when its loss, minus its return, is strictly above the value at risk. A right forecast at
level 0.99 is exceeded on 1 % of bars (Kupiec), and no more often after an exceedance than otherwise (Christoffersen).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind.risk.measures.checks import checked_level, checked_window, vector_of
from tradewind.risk.measures.value_at_risk import estimate_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tradewind.model.typing import BoolArray, FloatArray

__all__ = [
    "LikelihoodRatio",
    "Transitions",
    "VarBacktest",
    "backtest_value_at_risk",
    "christoffersen_independence",
    "conditional_coverage",
    "count_transitions",
    "evaluate_forecasts",
    "exceedances",
    "kupiec",
    "rolling_value_at_risk",
]

_WINDOWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """A likelihood-ratio test.

    Parameters
    ----------
    statistic
        Minus twice the log of the likelihood ratio, at least 0.
    degrees_of_freedom
        Of the chi-squared distribution that the statistic has in long samples if the forecast is right: 1 or 2.
    p_value
        Chance of a statistic at least as large if the forecast is right.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float

    def rejects(self, significance: float = 0.05) -> bool:
        """Tell whether the forecast is rejected: ``p_value < significance``."""
        return self.p_value < significance


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """How often a bar without (0) or with (1) an exceedance was followed by one without or with."""

    calm_calm: int
    calm_exceeded: int
    exceeded_calm: int
    exceeded_exceeded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VarBacktest:
    """What the three tests say about a series of forecasts.

    Parameters
    ----------
    level
        Confidence of the forecasts.
    observations
        Bars that had a forecast.
    exceedances
        Bars whose loss was above it.
    expected_exceedances
        ``observations * (1 - level)``.
    transitions
        Between consecutive bars.
    kupiec
        Proportion of failures, 1 degree of freedom.
    independence
        Christoffersen's, 1 degree of freedom.
    conditional_coverage
        Both at once, 2 degrees of freedom.
    """

    level: float
    observations: int
    exceedances: int
    expected_exceedances: float
    transitions: Transitions
    kupiec: LikelihoodRatio
    independence: LikelihoodRatio
    conditional_coverage: LikelihoodRatio

    @property
    def exceedance_rate(self) -> float:
        """Exceedances as a fraction of observations."""
        return self.exceedances / self.observations


def rolling_value_at_risk(
    returns: ArrayLike, *, window: int = 250, level: float = 0.99, method: str = "historical"
) -> FloatArray:
    """Return out-of-sample forecasts, shape (T,): that of bar t is made from bars ``t - window`` to ``t - 1``.

    The first ``window`` bars have none: NaN. ``method`` is one of ``historical``, ``gaussian``, ``cornish_fisher``.

    Raises
    ------
    DataError
        If a return is not finite or no bar is left after the first window.
    """
    sample = vector_of(returns, "rolling value at risk: returns")
    confidence = checked_level(level, "rolling value at risk")
    checked_window(window, len(sample), "rolling value at risk")
    forecasts = np.full(len(sample), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(sample[:-1], window)
    for start in range(0, len(windows), _WINDOWS_AT_ONCE):
        block = windows[start : start + _WINDOWS_AT_ONCE]
        estimate = estimate_tail(block, method=method, level=confidence)
        forecasts[window + start : window + start + len(block)] = estimate.value_at_risk
    return forecasts


def backtest_value_at_risk(
    returns: ArrayLike, *, window: int = 250, level: float = 0.99, method: str = "historical"
) -> VarBacktest:
    """Forecast each bar from the ``window`` bars before it, and test the forecasts (`evaluate_forecasts`)."""
    forecasts = rolling_value_at_risk(returns, window=window, level=level, method=method)
    return evaluate_forecasts(returns, forecasts, level=level)


def evaluate_forecasts(returns: ArrayLike, forecasts: ArrayLike, *, level: float) -> VarBacktest:
    """Test a series of forecasts, whoever made them.

    Parameters
    ----------
    returns
        Simple returns, shape (T,).
    forecasts
        Value at risk of each bar as a positive fraction, known before it; leading NaN where there was none yet.
    level
        Their confidence.

    Raises
    ------
    DataError
        If less than one exceedance is expected, that is fewer than 1 / (1 - level) bars have a forecast: 100 at 99 %.
        The p-values are those of long samples; Basel looks at 250 bars.
    """
    hits = exceedances(returns, forecasts)
    confidence = checked_level(level, "value at risk backtest")
    coverage = kupiec(int(hits.sum()), len(hits), level=confidence)
    transitions = count_transitions(hits)
    independence = christoffersen_independence(transitions)
    return VarBacktest(
        level=confidence,
        observations=len(hits),
        exceedances=int(hits.sum()),
        expected_exceedances=len(hits) * (1.0 - confidence),
        transitions=transitions,
        kupiec=coverage,
        independence=independence,
        conditional_coverage=conditional_coverage(coverage, independence),
    )


def exceedances(returns: ArrayLike, forecasts: ArrayLike) -> BoolArray:
    """Tell for each bar from the first forecast on whether its loss was strictly above it, shape (at most T,)."""
    where = "value at risk backtest"
    sample = vector_of(returns, f"{where}: returns")
    values = np.asarray(forecasts, dtype=np.float64)
    if values.shape != sample.shape or np.isnan(values).all():
        raise DataError(
            f"{where}: received {len(sample)} returns and forecasts of shape {values.shape}, expected one forecast a "
            f"return, NaN only before the first; make them with rolling_value_at_risk"
        )
    start = int(np.argmin(np.isnan(values)))
    hits: BoolArray = -sample[start:] > vector_of(values[start:], f"{where}: forecasts from the first one on")
    return hits


def kupiec(exceedance_count: int, observations: int, *, level: float) -> LikelihoodRatio:
    """Test whether the forecast was exceeded as often as it should: the proportion-of-failures test.

    ``-2 ln [(1-p)^(T-N) p^N / ((1-N/T)^(T-N) (N/T)^N)]`` with p = 1 - level, N exceedances, T observations; 0 to the
    power of 0 is 1, so none and all are answered too: ``-2 T ln(1-p)`` and ``-2 T ln(p)``.

    Raises
    ------
    DataError
        If fewer than 1 / (1 - level) observations are given, or more exceedances than observations.

    References
    ----------
    Kupiec, *Techniques for Verifying the Accuracy of Risk Measurement Models*, Journal of Derivatives 3 (1995),
    pp. 73-84.
    """
    probability = 1.0 - checked_level(level, "Kupiec test")
    shortest = math.ceil(round(1.0 / probability, 9))
    if observations < shortest:
        raise DataError(
            f"Kupiec test: {observations} observations at level {level:g}, expected at least {shortest}, so that one "
            f"exceedance is due; test a longer history, or a lower level"
        )
    if not 0 <= exceedance_count <= observations:
        raise DataError(
            f"Kupiec test: {exceedance_count} exceedances in {observations} observations, expected between 0 and "
            f"{observations}; count exceedances over the bars that had a forecast"
        )
    misses = observations - exceedance_count
    claimed = _log_likelihood(misses, exceedance_count, probability)
    observed = _log_likelihood(misses, exceedance_count, exceedance_count / observations)
    return _ratio(claimed, observed)


def christoffersen_independence(transitions: Transitions) -> LikelihoodRatio:
    """Test whether an exceedance is as likely after an exceedance as after a calm bar, or whether they cluster.

    The alternative is a first-order Markov chain. Where no bar, or each bar, exceeded, or none was followed by
    another bar, the sample holds nothing about clusters: statistic 0, p-value 1.

    Raises
    ------
    DataError
        If a count is negative, or all are 0: a test needs two consecutive bars.

    References
    ----------
    Christoffersen, *Evaluating Interval Forecasts*, International Economic Review 39 (1998), pp. 841-862, section 3.
    """
    n00, n01 = transitions.calm_calm, transitions.calm_exceeded
    n10, n11 = transitions.exceeded_calm, transitions.exceeded_exceeded
    if min(n00, n01, n10, n11) < 0 or n00 + n01 + n10 + n11 < 1:
        raise DataError(
            f"Christoffersen test: transitions are {n00}, {n01}, {n10}, {n11}, expected none negative and at least one "
            f"above 0; count them over two or more consecutive bars"
        )
    pooled = _log_likelihood(n00 + n10, n01 + n11, (n01 + n11) / (n00 + n01 + n10 + n11))
    apart = _log_likelihood(n00, n01, _share(n01, n00)) + _log_likelihood(n10, n11, _share(n11, n10))
    return _ratio(pooled, apart)


def conditional_coverage(coverage: LikelihoodRatio, independence: LikelihoodRatio) -> LikelihoodRatio:
    """Test both at once: the sum of Kupiec's and the independence statistic, with 2 degrees of freedom.

    Kupiec's counts all T bars, the other T - 1 transitions; the sum is Christoffersen's statistic but for that first
    bar (1998, section 3; Jorion, *Value at Risk*, 3rd edition, 2007, p. 152).
    """
    statistic = coverage.statistic + independence.statistic
    return LikelihoodRatio(statistic=statistic, degrees_of_freedom=2, p_value=math.exp(-statistic / 2.0))


def count_transitions(hits: BoolArray) -> Transitions:
    """Count the pairs of consecutive bars, of exceedances shape (T,), by whether each exceeded."""
    before, after = np.asarray(hits[:-1], dtype=np.bool_), np.asarray(hits[1:], dtype=np.bool_)
    return Transitions(
        calm_calm=int((~before & ~after).sum()),
        calm_exceeded=int((~before & after).sum()),
        exceeded_calm=int((before & ~after).sum()),
        exceeded_exceeded=int((before & after).sum()),
    )


def _share(exceeded: int, calm: int) -> float:
    return exceeded / (exceeded + calm) if exceeded + calm else 0.0


def _log_likelihood(misses: int, hits: int, probability: float) -> float:
    """Log of ``(1 - probability)^misses probability^hits``, where nothing happened nought times."""
    return (misses * math.log1p(-probability) if misses else 0.0) + (hits * math.log(probability) if hits else 0.0)


def _ratio(restricted: float, free: float) -> LikelihoodRatio:
    statistic = max(0.0, -2.0 * (restricted - free))
    return LikelihoodRatio(statistic=statistic, degrees_of_freedom=1, p_value=math.erfc(math.sqrt(statistic / 2.0)))
