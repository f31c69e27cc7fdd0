"""Fractional Kelly."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradewind import Market, Portfolio, Signals
from tradewind.contracts import Factor
from tradewind.errors import PluginError
from tradewind.model.typing import BoolArray, FloatArray
from tradewind_plugins.factors import Returns
from tradewind_plugins.sizers.bounds import bounded, directions
from tradewind_plugins.sizers.trailing import marked_returns

__all__ = ["Kelly", "kelly_bet", "kelly_fraction", "kelly_growth", "kelly_joint"]


def kelly_fraction(mean: FloatArray, variance: FloatArray, rate: float = 0.0) -> FloatArray:
    """Return the growth-optimal fraction of a lognormal asset: ``(mean - rate) / variance``, per same period.

    References
    ----------
    Thorp (2006), "The Kelly Criterion in Blackjack, Sports Betting, and the Stock Market", section 7.

    >>> round(float(kelly_fraction(np.array(0.11), np.array(0.15**2), rate=0.06)), 4)
    2.2222
    """
    fraction: FloatArray = (mean - rate) / variance
    return fraction


def kelly_growth(fraction: float, mean: float, variance: float, rate: float = 0.0) -> float:
    """Return the growth rate of a fraction held in the asset and the rest at the rate: Thorp (2006), section 7.

    >>> round(kelly_growth(2.2222, 0.11, 0.15**2, rate=0.06), 5)
    0.11556
    """
    return rate + fraction * (mean - rate) - fraction**2 * variance / 2.0


def kelly_bet(win_probability: FloatArray, payoff_ratio: FloatArray) -> FloatArray:
    """Return the growth-optimal stake of a repeated bet: ``p - (1 - p) / b``. Kelly (1956)."""
    return win_probability - (1.0 - win_probability) / payoff_ratio


def kelly_joint(means: FloatArray, covariance: FloatArray, rate: float = 0.0) -> FloatArray:
    """Return the growth-optimal fractions of correlated assets: ``inverse(covariance) @ (means - rate)``.

    Of equally good answers (two assets that move as one) the one with the smallest weights.

    Parameters
    ----------
    means
        Drift per period, shape (N,).
    covariance
        Of returns per the same period, shape (N, N).
    rate
        Riskless return per the same period.

    References
    ----------
    Thorp (2006), section 8.

    >>> kelly_joint(np.array([0.02, 0.04]), np.diag([0.04, 0.16])).round(6).tolist()
    [0.5, 0.25]
    """
    fractions: FloatArray = np.linalg.pinv(covariance, hermitian=True) @ (means - rate)
    return fractions


class Kelly:
    """A fraction of the Kelly weight, capped, with a floor below which nothing is held.

    The edge is, in this order: the strategy's win probability and payoff ratio (a bet); its expected return, spread
    over ``horizon_bars``, over the instrument's trailing variance; the trailing mean over the trailing variance, where
    ``estimate_edge`` allows it. A trailing mean is a poor forecast: hence the quarter and the cap. An instrument whose
    edge is unknown (NaN, or too little history) or points against its score gets nothing.

    Parameters
    ----------
    fraction
        Part of the full Kelly weight.
    max_weight, floor
        Bounds of one weight; what the budget scales below the floor is not held either.
    estimate_bars
        Bars of returns for variance and mean.
    budget
        Bound on the sum of absolute weights.
    horizon_bars
        Bars between two decisions, over which the strategy's expected return is earned.
    estimate_edge
        Whether the trailing mean stands in for an edge that the strategy does not give; otherwise that is an error.
    joint
        Weigh the scored instruments together, by the inverse of their covariance, instead of each by itself. Does not
        apply to bets.

    References
    ----------
    Kelly (1956), "A New Interpretation of Information Rate"; Thorp (2006), "The Kelly Criterion in Blackjack, Sports
    Betting, and the Stock Market", sections 7 and 8.
    """

    def __init__(
        self,
        fraction: Annotated[float, Field(gt=0, le=1, description="Part of the full Kelly weight.")] = 0.25,
        max_weight: Annotated[float, Field(gt=0, le=1, description="Largest weight of one instrument.")] = 0.25,
        floor: Annotated[float, Field(ge=0, lt=1, description="Weights below this are not held.")] = 0.001,
        estimate_bars: Annotated[int, Field(ge=20, description="Bars of returns for mean and variance.")] = 252,
        budget: Annotated[float, Field(gt=0, le=1, description="Bound on the sum of absolute weights.")] = 1.0,
        horizon_bars: Annotated[int, Field(ge=1, description="Bars in which the expected return is earned.")] = 21,
        estimate_edge: Annotated[bool, Field(description="Take the trailing mean where no edge is given.")] = True,
        joint: Annotated[bool, Field(description="Weigh by the covariance of the scored instruments.")] = False,
    ) -> None:
        self.fraction = fraction
        self.max_weight = max_weight
        self.floor = floor
        self.estimate_bars = estimate_bars
        self.budget = budget
        self.horizon_bars = horizon_bars
        self.estimate_edge = estimate_edge
        self.joint = joint
        self.factors: dict[str, Factor] = {"returns": Returns()}

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> FloatArray:
        """Return the fractional Kelly weights.

        Raises
        ------
        PluginError
            If the signals lack a field of the edge, or hold a probability outside [0, 1] or a payoff ratio not above 0.
        """
        signs = directions(signals, market)
        edge = np.nan_to_num(np.maximum(self._edge(signals, market, signs), 0.0))
        weights = bounded(signs * np.minimum(edge * self.fraction, self.max_weight), self.max_weight, self.budget)
        return np.where(np.abs(weights) < self.floor, 0.0, weights)

    def _edge(self, signals: Signals, market: Market, signs: FloatArray) -> FloatArray:
        """Full Kelly weight in the direction of the score; NaN where unknown."""
        if signals.win_probability is not None or signals.payoff_ratio is not None:
            return _bets(signals, market, signs != 0)
        if signals.expected_return is None and not self.estimate_edge:
            raise PluginError(
                "sizer kelly: the signals give no edge: expected_return is missing, and so are win_probability and "
                "payoff_ratio. Have the strategy give them, or set estimate_edge: true"
            )
        if market.bar + 1 < self.estimate_bars:
            return np.full_like(signs, np.nan)
        returns = marked_returns(market, self.estimate_bars)
        variance = returns.var(axis=0, ddof=1)
        if signals.expected_return is not None:
            means = signals.expected_return / self.horizon_bars
        else:
            # The mean of log returns lies half the variance below the drift that Kelly's formula takes.
            means = returns.mean(axis=0) + variance / 2.0
        known = (signs != 0) & np.isfinite(means) & (variance > 0)
        edge = np.full_like(signs, np.nan)
        if known.any():
            edge[known] = (
                self._together(means[known], returns[:, known])
                if self.joint
                else kelly_fraction(means[known], variance[known])
            )
        return signs * edge

    def _together(self, means: FloatArray, returns: FloatArray) -> FloatArray:
        if len(means) >= self.estimate_bars:
            raise PluginError(
                f"sizer kelly: a covariance of {len(means)} scored instruments needs more than {len(means)} bars of "
                f"returns; received estimate_bars {self.estimate_bars}. Score fewer, raise it, or set joint: false"
            )
        return kelly_joint(means, np.atleast_2d(np.cov(returns, rowvar=False)))


def _bets(signals: Signals, market: Market, scored: BoolArray) -> FloatArray:
    probability, payoff = signals.win_probability, signals.payoff_ratio
    if probability is None or payoff is None:
        missing, present = (
            ("payoff_ratio", "win_probability") if payoff is None else ("win_probability", "payoff_ratio")
        )
        raise PluginError(f"sizer kelly: the signals give {present} without {missing}; a bet needs both")
    _refuse("win_probability", probability, (probability < 0) | (probability > 1), scored, market, "lies in [0, 1]")
    _refuse("payoff_ratio", payoff, payoff <= 0, scored, market, "is above 0")
    return kelly_bet(probability, np.where(payoff > 0, payoff, np.nan))


def _refuse(field: str, values: FloatArray, wrong: BoolArray, scored: BoolArray, market: Market, advice: str) -> None:
    columns = np.flatnonzero(wrong & scored)
    if len(columns):
        raise PluginError(
            f"sizer kelly: Signals.{field} of {market.symbols[columns[0]]} is {values[columns[0]]:g} at bar "
            f"{market.bar}; {field} {advice}, NaN where unknown"
        )
