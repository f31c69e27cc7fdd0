"""A strategy that has run away: the configured one, asked on every bar, its wishes multiplied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.engine.assemble import Builder
from tradewind.engine.sleeve import Decision, Sleeve

if TYPE_CHECKING:
    from tradewind.model import Instrument, Market, Portfolio
    from tradewind.model.typing import IntArray

__all__ = ["MOST_DOUBLINGS", "RunawayBuilder", "doubled", "flipped"]

MOST_DOUBLINGS = 10

Factor = Callable[[int], float]
"""What the wishes are multiplied by so many bars, 1 or more, after the last ordinary one."""


def doubled(bars: int) -> float:
    """Twice as much on each bar, ten times over."""
    return 2.0 ** min(bars, MOST_DOUBLINGS)


def flipped(bars: int) -> float:
    """Nothing on one bar, everything on the next."""
    return 0.0 if bars % 2 else 1.0


class RunawaySleeve(Sleeve):
    """A sleeve that decides as configured up to a bar, and after it on every bar, multiplied."""

    ordinary_until: int
    factor: Factor

    @classmethod
    def of(
        cls, sleeve: Sleeve, share: object, instruments: Sequence[Instrument], until: int, factor: Factor
    ) -> RunawaySleeve:
        """Return the runaway of a sleeve that has not begun."""
        made = cls(sleeve.name, sleeve.strategy, sleeve.sizer, sleeve.exits, share, instruments)  # type: ignore[arg-type]
        made.ordinary_until, made.factor = until, factor
        made._calls = False
        made._wished = None
        return made

    _calls: bool
    """Whether the strategy itself is due."""
    _wished: tuple[np.ndarray[tuple[int], np.dtype[np.float64]], dict[Instrument, float]] | None
    """What the strategy itself wants."""

    def is_due(self, bar: int, days: int) -> bool:
        """Tell whether the sleeve decides: after the last ordinary bar, always."""
        self._calls = super().is_due(bar, days)
        return self._calls or bar > self.ordinary_until

    def next_due(self, bar: int, days: IntArray) -> int:  # noqa: ARG002 - the contract of a sleeve
        """Return the next bar: none is passed over."""
        return bar + 1

    def decide(self, market: Market, portfolio: Portfolio, sizer_market: Market) -> Decision | None:
        """Decide as configured where that is due; then multiply what is wanted."""
        decision = None
        if self._wished is None:
            self._wished = (self.targets.weights.copy(), dict(self.targets.quantities))
        if self._calls:
            decision = super().decide(market, portfolio, sizer_market)
            if decision is not None:
                self._wished = (self.targets.weights.copy(), dict(self.targets.quantities))
        if market.bar <= self.ordinary_until:
            return decision
        weights, quantities = self._wished
        factor = self.factor(market.bar - self.ordinary_until)
        known = {market.instruments[column] for column in np.flatnonzero(weights)}
        run_away = Decision(
            "targets",
            None,
            np.where(weights != 0.0, weights * factor, np.nan),
            {one: quantity * factor for one, quantity in quantities.items() if one not in known},
        )
        self.targets.adopt(run_away, market)
        return run_away


@dataclass(frozen=True, slots=True)
class RunawayBuilder(Builder):
    """Builds a plan whose strategies run away after a bar."""

    ordinary_until: int = 0
    factor: Factor = doubled

    def sleeves(self, instruments: Sequence[Instrument]) -> list[Sleeve]:
        """Build the sleeves, in plan order."""
        made = Builder.sleeves(self, instruments)
        return [
            RunawaySleeve.of(sleeve, config.share, instruments, self.ordinary_until, self.factor)
            for sleeve, config in zip(made, self.plan.sleeves, strict=True)
        ]
