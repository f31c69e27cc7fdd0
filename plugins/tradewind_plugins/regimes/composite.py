"""A score of volatility, trend, breadth and momentum, cut into regimes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from tradewind.contracts import OnReference
from tradewind.errors import PluginError
from tradewind.portfolio.regime_state import Hysteresis
from tradewind_plugins.factors import RealisedVolatility, Sma
from tradewind_plugins.regimes.bands import estimate_of, membership
from tradewind_plugins.regimes.scores import BreadthScore, MomentumScore, TermStructure, TrendScore
from tradewind_plugins.regimes.universe import OnUniverse

if TYPE_CHECKING:
    from tradewind.contracts import Factor
    from tradewind.model import Market, RegimeEstimate

__all__ = ["Composite", "Scores"]

Weight = Annotated[float, Field(ge=0.0, le=1.0, description="Weight in the score; the four are scaled to sum to 1.")]

PARTS = ("volatility", "term", "trend", "momentum")
BENCHMARK = tuple(f"benchmark_{part}" for part in PARTS)
UNIVERSE = tuple(f"universe_{part}" for part in PARTS)
VOLATILITY_DAYS = 21
LEVEL_PART = 0.7
"""Part of the level in the volatility score; the rest is the term structure's."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The parts of one bar's score, each from -1 to 1 and NaN while unknown, and the volatility behind them."""

    volatility: float
    trend: float
    breadth: float
    momentum: float
    total: float
    volatility_per_year: float


class Composite:
    """Regime by a weighted score of volatility, trend, breadth and momentum, from -1 to 1.

    The market is the reference ``benchmark`` where the run has one, else the equal-weight universe. Volatility is the
    reference ``vix`` where there is one (its level alone), else the market's realised volatility of a month (0.7 of the
    part) and its term structure, ten days over a quarter (0.3). Breadth is always the universe's. `scores` describes
    the other parts. A part that is not known yet is left out and the others' weights are scaled up.

    The score falls into bands: ``bull`` at the top, ``bear`` at the bottom, ``neutral`` between. Bands have hysteresis:
    a score enters one at ``enter`` and leaves it at ``leave``. Probabilities are logistic memberships around the bounds
    in force, so a score 0.62 ``band_width`` beyond a bound has probability 0.65. ``crash`` is the part of ``bear`` in
    which volatility is that of a crisis; ``volatile`` takes the nervous part of what is not bear, and ``sideways`` the
    trendless part of ``neutral``, where asked for.

    Parameters
    ----------
    volatility_weight, trend_weight, breadth_weight, momentum_weight
        Weights of the parts.
    calm_volatility, stressed_volatility
        Volatility a year that scores 1 and -1. The middle of the defaults, 0.20, is about the mean of the VIX since
        1990 (19.4); 0.10 is about its lowest (9.1), and it closed above 0.30 on one day in twelve.
    bull_enter, bull_leave, bear_enter, bear_leave
        Bounds of the bands. A bear begins at 0, where the parts point down as much as up; a bull begins at 0.30, the
        weight of the trend alone. Each ends a tenth of the score's reach later, which is the hysteresis.
    crash_volatility
        Volatility a year that makes a bear a crash: 0.40, twice the long-run mean of the VIX.
    crash_width, band_width
        Softness of the bounds: a tenth of the crash bound, and a twentieth of the score's reach.
    extra_labels
        ``volatile``, ``sideways`` or both.

    Notes
    -----
    The bounds are round numbers, chosen with the sample prices in view: a bear bound of -0.20 found 58 % of the days of
    bear markets there, 0 finds 78 %. With the default state machine a bear bound 0.05 higher or lower, or a crash bound
    of 0.35, moves balanced accuracy by 0.02, finds the crashes of 2008 and 2020, and calls none in the calm years.
    """

    warmup_tolerance = math.inf
    """The hysteresis of its bands remembers."""

    def __init__(
        self,
        volatility_weight: Weight = 0.35,
        trend_weight: Weight = 0.30,
        breadth_weight: Weight = 0.25,
        momentum_weight: Weight = 0.10,
        *,
        fast_days: Annotated[int, Field(ge=2, le=500, description="Fast average of the market.")] = 50,
        slow_days: Annotated[int, Field(ge=3, le=1000, description="Slow average of the market and symbols.")] = 200,
        calm_volatility: Annotated[float, Field(gt=0.0, lt=2.0, description="Volatility a year that scores 1.")] = 0.10,
        stressed_volatility: Annotated[float, Field(gt=0.0, lt=2.0, description="Volatility that scores -1.")] = 0.30,
        bull_enter: Annotated[float, Field(ge=-1.0, le=1.0, description="Score at which bull begins.")] = 0.30,
        bull_leave: Annotated[float, Field(ge=-1.0, le=1.0, description="Score at which bull ends.")] = 0.20,
        bear_enter: Annotated[float, Field(ge=-1.0, le=1.0, description="Score at which bear begins.")] = 0.0,
        bear_leave: Annotated[float, Field(ge=-1.0, le=1.0, description="Score at which bear ends.")] = 0.10,
        crash_volatility: Annotated[float, Field(gt=0.0, lt=2.0, description="Volatility of a crash.")] = 0.40,
        crash_width: Annotated[float, Field(gt=0.0, lt=1.0, description="Softness of the crash bound.")] = 0.04,
        band_width: Annotated[float, Field(gt=0.0, lt=1.0, description="Softness of the score bounds.")] = 0.05,
        extra_labels: Annotated[tuple[Literal["volatile", "sideways"], ...], Field(description="Further labels.")] = (),
    ) -> None:
        weights = (volatility_weight, trend_weight, breadth_weight, momentum_weight)
        _check(weights, fast_days, slow_days, calm_volatility, stressed_volatility)
        _check_bands(bull_enter, bull_leave, bear_enter, bear_leave)
        self._weights = weights
        self._middle = (calm_volatility + stressed_volatility) / 2.0
        self._span = (stressed_volatility - calm_volatility) / 2.0
        self._stressed_volatility = stressed_volatility
        self._crash_volatility = crash_volatility
        self._crash_width = crash_width
        self._band_width = band_width
        self._bull_bounds = (bull_enter, bull_leave)
        self._bear_bounds = (-bear_enter, -bear_leave)
        self._volatile = "volatile" in extra_labels
        self._sideways = "sideways" in extra_labels
        order = ("bull", "sideways", "neutral", "volatile", "bear", "crash")
        self.labels: tuple[str, ...] = tuple(
            label for label in order if label in extra_labels or label not in ("sideways", "volatile")
        )
        # The year of the new highs and the month over which they are counted is the longest memory.
        self.warmup = max(slow_days, 252) + 20
        market = (
            RealisedVolatility(VOLATILITY_DAYS),
            TermStructure(),
            TrendScore(fast_days, slow_days),
            MomentumScore(),
        )
        self.factors: dict[str, Factor | OnReference] = {
            **{name: OnReference("benchmark", factor) for name, factor in zip(BENCHMARK, market, strict=True)},
            **{name: OnUniverse(factor) for name, factor in zip(UNIVERSE, market, strict=True)},
            "vix": OnReference("vix", Sma(1)),
            "breadth": BreadthScore(slow_days),
        }
        self._bar = -1
        self._restart()

    def scores(self, market: Market) -> Scores:
        """Return the parts of the score at this bar."""
        names = BENCHMARK if market.has_reference("benchmark") else UNIVERSE
        volatility, level = self._volatility(market, names)
        trend, momentum = float(market.factor(names[2])[0]), float(market.factor(names[3])[0])
        parts = (volatility, trend, _breadth(market), momentum)
        total = weight = 0.0
        for part, part_weight in zip(parts, self._weights, strict=True):
            if part == part:
                total += part_weight * part
                weight += part_weight
        total = total / weight if weight > 0.0 else math.nan
        return Scores(*parts, total=total, volatility_per_year=level)

    def estimate(self, market: Market) -> RegimeEstimate:
        """Return label, probabilities and confidence at ``market.bar``; neutral while nothing is known."""
        if market.bar <= self._bar:  # another run over the same bars
            self._restart()
        self._bar = market.bar
        scores = self.scores(market)
        if math.isnan(scores.total):
            return estimate_of({label: float(label == "neutral") for label in self.labels}, market.bar)
        return estimate_of(self._memberships(scores), market.bar)

    def _restart(self) -> None:
        self._bull = Hysteresis(*self._bull_bounds)
        self._bear = Hysteresis(*self._bear_bounds)

    def _volatility(self, market: Market, names: tuple[str, ...]) -> tuple[float, float]:
        """Return the part's score and the volatility a year."""
        if market.has_reference("vix"):
            level = float(market.factor("vix")[0]) / 100.0
            if level == level:
                return _cut((self._middle - level) / self._span), level
        level = float(market.factor(names[0])[0])
        score = _cut((self._middle - level) / self._span)
        ratio = float(market.factor(names[1])[0])
        if ratio == ratio:
            score = LEVEL_PART * score + (1.0 - LEVEL_PART) * _cut(1.0 - ratio)
        return score, level

    def _memberships(self, scores: Scores) -> dict[str, float]:
        width = self._band_width
        bull = membership(scores.total, self._bull.bound, width)
        bear = membership(-scores.total, self._bear.bound, width)
        self._bull.update(scores.total)
        self._bear.update(-scores.total)
        level = scores.volatility_per_year
        crisis = membership(level, self._crash_volatility, self._crash_width) if level == level else 0.0
        parts = {"bull": bull, "neutral": max(1.0 - bull - bear, 0.0), "bear": bear * (1.0 - crisis)}
        parts["crash"] = bear * crisis
        if self._volatile:
            nervous = membership(level, self._stressed_volatility, self._crash_width) if level == level else 0.0
            parts["volatile"] = nervous * (parts["bull"] + parts["neutral"])
            parts["bull"] *= 1.0 - nervous
            parts["neutral"] *= 1.0 - nervous
        if self._sideways:
            # A trend of a quarter is one of its four measures.
            trendless = membership(0.25, abs(scores.trend), 0.05) if scores.trend == scores.trend else 0.0
            parts["sideways"] = trendless * parts["neutral"]
            parts["neutral"] *= 1.0 - trendless
        return {label: parts[label] for label in self.labels}


def _breadth(market: Market) -> float:
    """Return the mean over the symbols with a bar; NaN without any."""
    values = market.factor("breadth")
    values = values[market.tradable & (values == values)]
    return _cut(float(np.add.reduce(values)) / values.size) if values.size else math.nan


def _cut(value: float) -> float:
    return value if value != value else max(-1.0, min(1.0, value))


def _check(
    weights: tuple[float, ...], fast_days: int, slow_days: int, calm_volatility: float, stressed_volatility: float
) -> None:
    if not sum(weights) > 0.0:
        raise PluginError(
            "regime composite: all four weights are 0, so there is no score; give at least one of volatility_weight, "
            "trend_weight, breadth_weight, momentum_weight"
        )
    if fast_days >= slow_days:
        raise PluginError(
            f"regime composite: fast_days must be less than slow_days; received {fast_days} and {slow_days}. "
            f"Usual are 50 and 200"
        )
    if calm_volatility >= stressed_volatility:
        raise PluginError(
            f"regime composite: calm_volatility must be less than stressed_volatility; received {calm_volatility} and "
            f"{stressed_volatility}. Defaults are 0.10 and 0.30"
        )


def _check_bands(bull_enter: float, bull_leave: float, bear_enter: float, bear_leave: float) -> None:
    if not bear_enter <= bear_leave <= bull_leave <= bull_enter:
        raise PluginError(
            f"regime composite: bounds must rise as bear_enter, bear_leave, bull_leave, bull_enter; received "
            f"{bear_enter}, {bear_leave}, {bull_leave}, {bull_enter}. Defaults are 0.0, 0.10, 0.20, 0.30"
        )
