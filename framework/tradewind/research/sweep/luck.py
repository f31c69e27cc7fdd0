"""What the best of many would look like by luck alone."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Luck", "expected_maximum_sharpe", "luck_of"]

_EULER = 0.5772156649015329
_NORMAL = statistics.NormalDist()


@dataclass(frozen=True, slots=True)
class Luck:
    """The best Sharpe ratio beside the one that luck would give.

    Parameters
    ----------
    trials
        Points with a Sharpe ratio.
    best
        Highest Sharpe ratio of them.
    expected_maximum
        Highest one to expect of as many trials without skill; NaN below two.
    """

    trials: int
    best: float
    expected_maximum: float

    def __str__(self) -> str:
        if not self.trials:
            return "No point has a Sharpe ratio: there is nothing to compare. Did any trade?"
        if not math.isfinite(self.expected_maximum):
            return f"Best of {self.trials}."
        return (
            f"Best of {self.trials}: expect luck. The best Sharpe ratio is {self.best:.2f}; as many independent trials "
            f"without any skill, spread as these are, would show a best of about {self.expected_maximum:.2f}, and more "
            f"where points resemble one another."
        )


def expected_maximum_sharpe(trials: int, deviation: float) -> float:
    """Return the highest Sharpe ratio to expect among independent trials whose true ratio is 0; NaN below two.

    ``deviation * ((1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)))``, with Z the quantile of the normal distribution and g
    Euler's constant. Points that resemble one another are fewer trials than they are counted as.

    Parameters
    ----------
    trials
        N.
    deviation
        Standard deviation of the ratios over the trials, in their unit (a year, a bar).

    References
    ----------
    Bailey and Lopez de Prado, *The Deflated Sharpe Ratio*, Journal of Portfolio Management (2014).
    """
    if trials < 2:
        return math.nan
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return deviation * ((1.0 - _EULER) * first + _EULER * second)


def luck_of(ratios: Sequence[float]) -> Luck:
    """Return the luck of a sweep from its Sharpe ratios; those that are NaN count for nothing."""
    known = [ratio for ratio in ratios if math.isfinite(ratio)]
    if len(known) < 2:
        return Luck(len(known), max(known, default=math.nan), math.nan)
    return Luck(len(known), max(known), expected_maximum_sharpe(len(known), statistics.stdev(known)))
