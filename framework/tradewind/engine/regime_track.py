"""The confirmed regime bar by bar, a stretch ahead where the run jumps."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tradewind.engine.blame import blamed
from tradewind.errors import PluginError, choices
from tradewind.model import RegimeEstimate

if TYPE_CHECKING:
    from tradewind.contracts import Regime
    from tradewind.engine.panel import Panel
    from tradewind.model import Market
    from tradewind.portfolio.regime_state import RegimeState

__all__ = ["RegimeTrack", "estimate_of"]


class _Bar(NamedTuple):
    label: str
    estimate: RegimeEstimate | None
    changed: bool


class RegimeTrack:
    """Asks the detector once a bar, in order, and confirms its labels.

    An estimate depends on the market alone, so those of the bars until the next change can be taken before the run
    gets there.

    Parameters
    ----------
    panel, detector, state
        Market, detector and the state machine around it.
    """

    def __init__(self, panel: Panel, detector: Regime, state: RegimeState) -> None:
        self._panel = panel
        self._detector = detector
        self._state = state
        self._warmup: int = getattr(detector, "warmup", 0)
        self._bar = -1
        self._ahead: deque[_Bar] = deque()

    def take(self) -> _Bar:
        """Return label, estimate and whether the label is new, of the next bar."""
        return self._ahead.popleft() if self._ahead else self._update()

    def next_change(self, stop: int) -> int:
        """Return the first bar after the current one and before ``stop`` with another label, or ``stop``."""
        for place, ahead in enumerate(self._ahead):
            if ahead.changed:
                return min(self._panel.bar + 1 + place, stop)
        while self._bar < stop - 1:
            self._ahead.append(self._update())
            if self._ahead[-1].changed:
                return self._bar
        return stop

    def confidences(self, bars: int) -> list[float]:
        """Return the confidence of the estimates of the next bars, taken ahead; NaN where there is none."""
        known = [math.nan if one.estimate is None else one.estimate.confidence for one in self._ahead]
        return [*known[:bars], *[math.nan] * (bars - len(known))]

    def _update(self) -> _Bar:
        self._bar += 1
        bar, before = self._bar, self._state.label
        estimate: RegimeEstimate | None = None
        if bar >= self._warmup:
            estimate = estimate_of(self._detector, self._panel.market("regime", bar))
        label = self._state.update(estimate)
        return _Bar(label, estimate, label != before)


def estimate_of(detector: Regime, market: Market) -> RegimeEstimate | None:
    """Ask a detector; what goes wrong in it is told as its fault.

    Raises
    ------
    PluginError
        If it raises, or answers with anything but an estimate of one of its labels.
    """
    called = f"regime {type(detector).__name__}.estimate"
    with blamed(called, f"at bar {market.bar}"):
        estimate: object = detector.estimate(market)
    if estimate is None:
        return None
    if not isinstance(estimate, RegimeEstimate):
        raise PluginError(
            f"{called} returned {type(estimate).__name__} at bar {market.bar}; return tradewind.RegimeEstimate"
        )
    if estimate.label not in detector.labels:
        raise PluginError(
            f"{called} returned the label {estimate.label!r} at bar {market.bar}, which it does not declare; "
            f"{choices(estimate.label, detector.labels)}"
        )
    return estimate
