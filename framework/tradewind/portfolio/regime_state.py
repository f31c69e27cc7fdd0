"""The state machine around a regime detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.errors import PluginError, choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model import RegimeEstimate

__all__ = ["Hysteresis", "RegimeState"]


class Hysteresis:
    """A switch that turns on at a high bound and off at a low one.

    Parameters
    ----------
    enter
        Value, or more, that turns it on.
    leave
        Value, or less, that turns it off; not above ``enter``.

    >>> switch = Hysteresis(enter=0.6, leave=0.4)
    >>> [switch.update(value) for value in (0.5, 0.6, 0.5, 0.4)]
    [False, True, True, False]
    """

    def __init__(self, enter: float, leave: float) -> None:
        if not leave <= enter:
            raise PluginError(
                f"hysteresis: `leave` must not lie above `enter`; received enter {enter} and leave {leave}. "
                f"Lower `leave` or raise `enter`"
            )
        self._enter = enter
        self._leave = leave
        self.active = False

    @property
    def bound(self) -> float:
        """The bound in force: ``leave`` while on, ``enter`` while off."""
        return self._leave if self.active else self._enter

    def update(self, value: float) -> bool:
        """Take a value and return whether the switch is on; NaN changes nothing."""
        if value >= self._enter:
            self.active = True
        elif value <= self._leave:
            self.active = False
        return self.active


class RegimeState:
    """Confirms a detector's labels.

    Parameters
    ----------
    labels
        The detector's labels; the first is the regime before the first estimate.
    confirmation_days
        Estimates in a row that must name the new label.
    minimum_stay_days
        Bars a regime lasts at least, the one on which it is entered included.
    confidence
        Least confidence of an estimate that counts, 0 to 1.
    hysteresis
        Lead in probability the new label needs over the present one.
    immediate
        Labels entered at once, without confirmation and minimum stay, on confidence alone.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        confirmation_days: int,
        minimum_stay_days: int,
        confidence: float,
        hysteresis: float,
        immediate: Sequence[str],
    ) -> None:
        self._labels = tuple(labels)
        self._confirmation_days = confirmation_days
        self._minimum_stay_days = minimum_stay_days
        self._confidence = confidence
        self._hysteresis = hysteresis
        self._immediate = frozenset(immediate)
        self.label = self._labels[0]
        self._stayed = 0
        self._candidate = ""
        self._agreed = 0

    def update(self, estimate: RegimeEstimate | None) -> str:
        """Take the estimate of a bar, None while the detector warms up, and return the confirmed label."""
        self._stayed += 1
        if estimate is None:
            return self.label
        if estimate.label not in self._labels:
            raise PluginError(
                f"regime detector returned the label {estimate.label!r}, which it does not declare; "
                f"{choices(estimate.label, self._labels)}"
            )
        self._count(estimate)
        if self._is_immediate(estimate) or (
            self._agreed >= self._confirmation_days and self._stayed > self._minimum_stay_days
        ):
            self.label, self._stayed, self._candidate, self._agreed = estimate.label, 1, "", 0
        return self.label

    def _is_immediate(self, estimate: RegimeEstimate) -> bool:
        return (
            estimate.label in self._immediate
            and estimate.label != self.label
            and estimate.confidence >= self._confidence
        )

    def _count(self, estimate: RegimeEstimate) -> None:
        lead = estimate.probabilities[estimate.label] - estimate.probabilities.get(self.label, 0.0)
        counts = estimate.label != self.label and estimate.confidence >= self._confidence and lead >= self._hysteresis
        if not counts:
            self._candidate, self._agreed = "", 0
        elif estimate.label == self._candidate:
            self._agreed += 1
        else:
            self._candidate, self._agreed = estimate.label, 1
