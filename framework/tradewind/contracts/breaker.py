"""Breakers: what watches the account as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from tradewind.model.frozen import read_only, seal
from tradewind.model.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["Breaker", "BreakerPath", "BreakerView", "Reading"]


class Reading(NamedTuple):
    """What a breaker says on a bar.

    Parameters
    ----------
    standing
        What it wants the account to be allowed.
    text
        The rule and the numbers: ``drawdown 12.4 %, halt at 12 %``; empty where all is well.
    """

    standing: Standing = Standing.ACTIVE
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class BreakerView:
    """The account and the market on the close of a bar, before anything is decided.

    Parameters
    ----------
    bar, time, day
        Number and timestamp of the bar; its day since 1970-01-01.
    equity
        Unit value: what the equity of the start has become at the last prices. Transfers, of money and in kind, change
        neither it nor the part that a later gain or loss is of it; without any it is the equity of the account.
    closed_trades
        Profit of each round trip that was closed since the bar before, in the order of their ends.
    orders, refused
        Orders of the run so far, and those that the venue has refused.
    fresh
        Part of the tradable instruments that have a price of this bar, 0 to 1.
    confidence
        Of the regime estimate of the bar before; NaN in a run without regimes.
    references
        Last close of each reference by role: ``{"vix": 31.2}``.
    """

    bar: int
    time: np.datetime64
    day: int
    equity: float
    closed_trades: tuple[float, ...]
    orders: int
    refused: int
    fresh: float
    confidence: float
    references: Mapping[str, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", MappingProxyType(self.references))


@dataclass(frozen=True, slots=True, eq=False)
class BreakerPath:
    """Bars ahead on which nothing is traded, as columns: the equity that the account would have, and the market's.

    The arrays are read-only.

    Parameters
    ----------
    bar
        The current bar; the columns begin with the next.
    days
        Day of each bar since 1970-01-01, shape (T,).
    equity
        Unit value, as in `BreakerView`, shape (T,).
    fresh
        Part of the tradable instruments with a price, shape (T,).
    confidence
        Of the regime estimate of the bar before each bar, shape (T,); NaN in a run without regimes.
    references
        Last close of each reference by role, shape (T,).
    """

    bar: int
    days: IntArray
    equity: FloatArray
    fresh: FloatArray
    confidence: FloatArray
    references: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        seal(self, "days", "equity", "fresh", "confidence")
        closes = {role: read_only(one) for role, one in self.references.items()}
        object.__setattr__(self, "references", MappingProxyType(closes))


@runtime_checkable
class Breaker(Protocol):
    """Watches the account and says on each bar what it may still do.

    What it remembers between bars (a peak, a count) is what `state` returns and `restore` takes, as plain JSON types.
    On a restart the bars are gone through again, so that it stands where it stood.

    Optional are two methods that let a backtest jump; without them every bar is visited. ``quiet(path: BreakerPath) ->
    int`` returns how many bars of the path, from its first, would leave the reading ACTIVE, and changes nothing;
    ``pass_over(path: BreakerPath, bars: int) -> None`` remembers of so many of them what `observe` would have.

    Optional is also ``cooled(view: BreakerView) -> None``: the cool-down of a halt is over. What halts may be measured
    from here on; what kills is not, or one halt after the other would let the account bleed to death.
    """

    def observe(self, view: BreakerView) -> Reading:
        """Look at a bar; called once for each bar, in order."""
        ...

    def rearm(self, view: BreakerView) -> None:
        """Begin anew from here: a kill is over."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what it remembers, as plain JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what `state` has returned."""
        ...
