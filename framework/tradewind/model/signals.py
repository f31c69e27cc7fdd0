"""What plugins answer: regime estimates, opinions (`Signals`) and exact wishes (`Targets`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.instrument import Instrument
    from tradewind.model.typing import FloatArray

__all__ = ["SIGNAL_FIELDS", "RegimeEstimate", "Signals", "Targets"]

SIGNAL_FIELDS = ("scores", "expected_return", "win_probability", "payoff_ratio", "stop_price")


@dataclass(frozen=True, slots=True)
class RegimeEstimate:
    """A detector's view of the market at bar t, filtered and never smoothed.

    Parameters
    ----------
    label
        One of the detector's declared labels.
    probabilities
        Label to probability; they sum to 1.
    confidence
        How far the detector trusts ``label``, 0 to 1.
    fitted_until
        Number of the last bar whose data entered the detector's parameters; the current bar if nothing is fitted.
    """

    label: str
    probabilities: Mapping[str, float]
    confidence: float
    fitted_until: int

    def __post_init__(self) -> None:
        # Plain numbers: numpy's own are no JSON, and the journal writes these.
        object.__setattr__(self, "fitted_until", int(self.fitted_until))
        object.__setattr__(self, "confidence", float(self.confidence))
        total = math.fsum(self.probabilities.values())
        if self.label not in self.probabilities or not math.isclose(total, 1.0, abs_tol=1e-9):
            raise PluginError(
                f"regime estimate: label {self.label!r} must be among the probabilities, which must sum to 1; received "
                f"{dict(self.probabilities)} (sum {total})"
            )
        if not 0.0 <= self.confidence <= 1.0 or min(self.probabilities.values()) < 0.0:
            raise PluginError(
                f"regime estimate {self.label!r}: confidence and probabilities lie in [0, 1]; received confidence "
                f"{self.confidence} and {dict(self.probabilities)}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """A strategy's opinion per instrument. A sizer turns it into weights.

    Parameters
    ----------
    scores
        Shape (N,). Positive: own it; negative: short it; 0 or NaN: hold nothing. The size of a score orders opinions
        and has no unit.
    expected_return
        Expected return until the next decision, as a fraction; shape (N,).
    win_probability, payoff_ratio
        Probability of a winning trade (0 to 1) and mean win over mean loss (> 0); shape (N,).
    stop_price
        Price at which the trade is given up; shape (N,).
    """

    scores: FloatArray
    expected_return: FloatArray | None = None
    win_probability: FloatArray | None = None
    payoff_ratio: FloatArray | None = None
    stop_price: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a strategy wants exactly. No sizer applies.

    Parameters
    ----------
    weights
        Fractions of the sleeve's capital, shape (N,); NaN keeps the present holding.
    quantities
        Signed quantities by instrument, also of instruments without a feed (option legs).
    """

    weights: FloatArray | None = None
    quantities: Mapping[Instrument, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.weights is not None and np.isinf(self.weights).any():
            values = np.ravel(self.weights)
            infinite = np.flatnonzero(np.isinf(values))
            raise PluginError(
                f"targets: weights must be finite or NaN (keep); received {values[infinite[0]]} in column "
                f"{infinite[0]}, {len(infinite)} of {len(values)} are infinite"
            )
        for instrument, quantity in self.quantities.items():
            if not math.isfinite(quantity):
                raise PluginError(f"targets: quantity of {instrument.symbol} must be finite; received {quantity}")
