"""The 200-day average and a month's volatility: the plain rule that others must beat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tradewind.contracts import OnReference
from tradewind_plugins.factors import RealisedVolatility
from tradewind_plugins.regimes.bands import estimate_of, membership
from tradewind_plugins.regimes.scores import AverageGap
from tradewind_plugins.regimes.universe import OnUniverse

if TYPE_CHECKING:
    from tradewind.contracts import Factor
    from tradewind.model import Market, RegimeEstimate

__all__ = ["Threshold"]


class Threshold:
    """Regime by the side of the 200-day average and by realised volatility.

    The market is the reference ``benchmark`` where the run has one, else the equal-weight universe. Below its average
    it is ``bear``, or ``crash`` where volatility is that of a crisis; above, it is ``bull``, or ``neutral`` where
    volatility is high. Probabilities are logistic memberships around the three bounds; the average has a width of
    ``gap_width``, the volatilities one of a tenth of their bound.

    Parameters
    ----------
    average_days
        Length of the average: 200 sessions, the usual long-term one (Faber 2007 has ten months).
    volatility_days
        Length of the realised volatility, in returns.
    high_volatility
        Volatility a year above which a rising market is neutral: 0.25, half above the index's long-run 0.16.
    crash_volatility
        Volatility a year above which a falling market is a crash: 0.40, two and a half times the long-run level.
    gap_width
        Softness of the average, as a fraction of it.
    """

    labels: tuple[str, ...] = ("bull", "neutral", "bear", "crash")
    warmup_tolerance = 1e-6
    """Its bounds are steep, so that they magnify how sums of windows round."""

    def __init__(
        self,
        average_days: Annotated[int, Field(ge=2, le=1000, description="Length of the average.")] = 200,
        volatility_days: Annotated[int, Field(ge=2, le=500, description="Length of the volatility.")] = 20,
        high_volatility: Annotated[float, Field(gt=0.0, lt=2.0, description="Ends a bull.")] = 0.25,
        crash_volatility: Annotated[float, Field(gt=0.0, lt=2.0, description="Makes a bear a crash.")] = 0.40,
        gap_width: Annotated[float, Field(gt=0.0, lt=1.0, description="Softness of the average.")] = 0.005,
    ) -> None:
        self.warmup = max(average_days, volatility_days + 1) - 1
        self._high_volatility = high_volatility
        self._crash_volatility = crash_volatility
        self._gap_width = gap_width
        market = {"gap": AverageGap(average_days), "volatility": RealisedVolatility(volatility_days)}
        self.factors: dict[str, Factor | OnReference] = {
            **{f"benchmark_{name}": OnReference("benchmark", factor) for name, factor in market.items()},
            **{f"universe_{name}": OnUniverse(factor) for name, factor in market.items()},
        }

    def estimate(self, market: Market) -> RegimeEstimate:
        """Return label, probabilities and confidence at ``market.bar``; neutral while nothing is known."""
        source = "benchmark" if market.has_reference("benchmark") else "universe"
        gap = float(market.factor(f"{source}_gap")[0])
        volatility = float(market.factor(f"{source}_volatility")[0])
        if math.isnan(gap) or math.isnan(volatility):
            return estimate_of({label: float(label == "neutral") for label in self.labels}, market.bar)
        above = membership(gap, 0.0, self._gap_width)
        high = membership(volatility, self._high_volatility, self._high_volatility / 10.0)
        crisis = membership(volatility, self._crash_volatility, self._crash_volatility / 10.0)
        below = 1.0 - above
        return estimate_of(
            {
                "bull": above * (1.0 - high),
                "neutral": above * high,
                "bear": below * (1.0 - crisis),
                "crash": below * crisis,
            },
            market.bar,
        )
