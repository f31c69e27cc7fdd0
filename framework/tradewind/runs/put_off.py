"""When a session sent nothing, because the venue had something otherwise and nobody had explained it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PutOff"]

_MOST_NAMES = 5


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    names: dict[str, None]


@dataclass(slots=True, eq=False)
class PutOff:
    """The bars at whose close orders were put off."""

    _spans: list[_Span] = field(default_factory=list)
    _told: bool = False

    def note(self, bar: int, blocked: Sequence[str], differences: Mapping[str, tuple[float, float]]) -> str:
        """Take note of a bar; return a line for the operator where it is the first of several, else nothing.

        Parameters
        ----------
        bar
            The bar that was completed.
        blocked
            What stands against sending anything; empty where all is well.
        differences
            What of it differs: ours and theirs.
        """
        if not blocked:
            self._told = False
            return ""
        if self._spans and self._spans[-1].last == bar - 1:
            self._spans[-1].last = bar
            self._spans[-1].names |= dict.fromkeys(blocked)
        else:
            self._spans.append(_Span(bar, bar, dict.fromkeys(blocked)))
        if self._told:
            return ""
        self._told = True
        told = [_difference(name, differences) for name in blocked]
        return (
            f"bar {bar}: no order is sent until this is explained: {_listed(told)}. `tradewind status` shows it; undo "
            f"it at the venue, or take it over with `tradewind orders adopt`"
        )

    def warnings(self) -> list[str]:
        """Say on which bars nothing was sent."""
        return [
            f"no order was sent from bar {span.first} to bar {span.last}: the venue had otherwise and nobody "
            f"explained it: {_listed(list(span.names))}"
            for span in self._spans
        ]


def _difference(name: str, differences: Mapping[str, tuple[float, float]]) -> str:
    if name not in differences:
        return f"order {name} is in doubt"
    ours, theirs = differences[name]
    return f"{name} (we have {ours:g}, the venue {theirs:g})"


def _listed(told: Sequence[str]) -> str:
    more = f" and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    return ", ".join(told[:_MOST_NAMES]) + more
