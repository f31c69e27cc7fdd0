"""From a score to the probabilities of labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.model import RegimeEstimate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["estimate_of", "membership"]

STEEPEST = 500.0


def membership(value: float, boundary: float, width: float) -> float:
    """Return how far a value lies above a boundary, 0 to 1: logistic, 0.5 at the boundary, 0.73 one ``width`` above."""
    steps = max(-STEEPEST, min(STEEPEST, (value - boundary) / width))
    return 1.0 / (1.0 + math.exp(-steps))


def estimate_of(weights: Mapping[str, float], bar: int) -> RegimeEstimate:
    """Return the estimate whose probabilities are the weights scaled to sum to 1; the first of equals is the label.

    The confidence is the label's probability. Nothing is fitted, so the estimate rests on data up to ``bar``.
    """
    total = math.fsum(weights.values())
    probabilities = {label: weight / total for label, weight in weights.items()}
    label = max(probabilities, key=probabilities.__getitem__)
    return RegimeEstimate(
        label=label, probabilities=probabilities, confidence=min(probabilities[label], 1.0), fitted_until=bar
    )
