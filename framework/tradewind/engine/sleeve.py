"""One configured strategy at work: when it is called, what it wants, what its exits give up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tradewind.contracts import SCHEDULES, Exit, RestingExit, Schedule, Sizer, Strategy
from tradewind.engine.blame import blamed
from tradewind.engine.targets import TargetBook
from tradewind.errors import PluginError, choices
from tradewind.model import Market, Portfolio, Signals, Targets
from tradewind.portfolio.schedule import Due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.model import Instrument
    from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["Decision", "Sleeve"]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What a sleeve wants after one call.

    ``weights`` are fractions of the sleeve's capital, shape (N,), NaN to keep a holding, None to keep all;
    ``quantities`` are exact, by instrument.
    """

    kind: str
    opinion: FloatArray | None
    weights: FloatArray | None
    quantities: Mapping[Instrument, float] = field(default_factory=dict)


class Sleeve:
    """A strategy with its sizer and exits.

    Parameters
    ----------
    name
        As in the plan.
    strategy, sizer, exits
        Built plugins; each exit with its name.
    share
        Capital share by regime label, or one for all.
    instruments
        Panel columns.
    """

    def __init__(
        self,
        name: str,
        strategy: Strategy,
        sizer: Sizer | None,
        exits: tuple[tuple[str, Exit | RestingExit], ...],
        share: float | Mapping[str, float],
        instruments: Sequence[Instrument],
    ) -> None:
        self.name = name
        self.strategy = strategy
        self.sizer = sizer
        self.exits = exits
        self.closing_exits = tuple((key, rule) for key, rule in exits if isinstance(rule, Exit))
        """Exits that decide on the close."""
        self.resting_exits = tuple((key, rule) for key, rule in exits if isinstance(rule, RestingExit))
        """Exits that rest at the exchange."""
        self.foresees = hasattr(strategy, "next_event") and getattr(strategy, "schedule", "every_bar") == "every_bar"
        """Whether the strategy says on which bars it may have an answer."""
        self.stop_prices: FloatArray | None = None
        """Stop prices of the last signals, shape (N,); None where they give none."""
        self._share = share
        self._due = Due(*_timing(name, strategy))
        self.targets = TargetBook(name, instruments)

    def share_in(self, regime: str) -> float:
        """Capital share in a regime."""
        return self._share if isinstance(self._share, float | int) else self._share.get(regime, 0.0)

    def is_due(self, bar: int, days: int) -> bool:
        """Tell whether the strategy is to be called on this bar, of that day since 1970-01-01."""
        return self._due.on(bar, days)

    def next_due(self, bar: int, days: IntArray) -> int:
        """Return the first bar after this one on which the strategy must be asked, as far as its schedule says.

        Parameters
        ----------
        bar
            The current bar.
        days
            Day of each bar of the history since 1970-01-01.
        """
        return self._due.next_bar(bar, days, foreseen=self.foresees)

    def decide(self, market: Market, portfolio: Portfolio, sizer_market: Market) -> Decision | None:
        """Call the strategy, size its signals and check the answer; None keeps the last decision."""
        with blamed(f"sleeve {self.name!r}: {type(self.strategy).__name__}.on_bar", f"at bar {market.bar}"):
            answer = self.strategy.on_bar(market, portfolio)
        if answer is None:
            return None
        if isinstance(answer, Signals):
            return self._size(answer, sizer_market, portfolio)
        if not isinstance(answer, Targets):
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.strategy).__name__}.on_bar returned {type(answer).__name__} at bar "
                f"{market.bar}; return Signals, Targets or None"
            )
        if self.sizer is not None:
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.strategy).__name__} returns Targets, which no sizer applies to; "
                f"remove `sizer:` from the sleeve"
            )
        if answer.weights is not None:
            self._check_shape("Targets.weights", answer.weights, market)
        decision = Decision("targets", None, answer.weights, answer.quantities)
        self.targets.adopt(decision, market)
        return decision

    def _size(self, signals: Signals, market: Market, portfolio: Portfolio) -> Decision:
        if self.sizer is None:
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.strategy).__name__} returns Signals, which need a sizer; "
                f"add `sizer: equal_weight` to the sleeve"
            )
        self._check_shape("Signals.scores", signals.scores, market)
        if np.isinf(signals.scores).any():
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.strategy).__name__} returned infinite Signals.scores at bar "
                f"{market.bar}; a score is finite, or NaN for no opinion"
            )
        for name in getattr(self.sizer, "signal_fields", ("scores",)):
            if getattr(signals, name) is None:
                raise PluginError(
                    f"sleeve {self.name!r}: {type(self.sizer).__name__} needs Signals.{name}, which "
                    f"{type(self.strategy).__name__} does not give; choose another sizer"
                )
        with blamed(f"sleeve {self.name!r}: {type(self.sizer).__name__}.weights", f"at bar {market.bar}"):
            weights = self.sizer.weights(signals, market, portfolio)
        self._check_shape(f"{type(self.sizer).__name__}.weights", weights, market)
        if not np.isfinite(weights).all():
            bad = [market.symbols[column] for column in np.flatnonzero(~np.isfinite(weights))]
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.sizer).__name__} returned weights that are not finite for "
                f"{', '.join(bad[:5])} at bar {market.bar}; a sizer returns 0 where nothing is to be held"
            )
        self._check_bounds(weights, market)
        self.stop_prices = signals.stop_price
        decision = Decision("signals", signals.scores, weights)
        self.targets.adopt(decision, market)
        return decision

    def _check_bounds(self, weights: FloatArray, market: Market) -> None:
        assert self.sizer is not None
        largest, total = float(np.abs(weights).max(initial=0.0)), float(np.abs(weights).sum())
        if largest > self.sizer.max_weight + 1e-9 or total > self.sizer.budget + 1e-9:
            raise PluginError(
                f"sleeve {self.name!r}: {type(self.sizer).__name__} returned weights up to {largest:.6g} that sum to "
                f"{total:.6g} at bar {market.bar}; it declares max_weight {self.sizer.max_weight:g} and budget "
                f"{self.sizer.budget:g}"
            )

    def _check_shape(self, what: str, values: FloatArray, market: Market) -> None:
        if np.asarray(values).dtype.kind not in "fiub":
            raise PluginError(
                f"sleeve {self.name!r}: {what} at bar {market.bar} holds {np.asarray(values).dtype}; expected numbers, "
                f"one an instrument"
            )
        expected = (len(market.instruments),)
        if np.shape(values) != expected:
            raise PluginError(
                f"sleeve {self.name!r}: {what} has shape {np.shape(values)} at bar {market.bar}; expected {expected}, "
                f"one value an instrument"
            )

    def closing(self, markets: Mapping[str, Market], portfolio: Portfolio) -> dict[str, BoolArray]:
        """Return the positions each exit gives up, by exit name; they are no longer wanted."""
        closed: dict[str, BoolArray] = {}
        for name, rule in self.closing_exits:
            with blamed(f"sleeve {self.name!r}: exit {name}", f"at bar {markets[name].bar}"):
                mask = np.asarray(rule.closes(markets[name], portfolio), dtype=np.bool_) & (portfolio.quantities != 0)
            if mask.any():
                closed[name] = mask
                self.targets.close(mask, f"exit:{name}")
        return closed


def _timing(sleeve: str, strategy: Strategy) -> tuple[Schedule, int]:
    """Schedule and warm-up of a strategy, checked."""
    schedule, warmup = getattr(strategy, "schedule", "every_bar"), getattr(strategy, "warmup", 0)
    where = f"sleeve {sleeve!r}: {type(strategy).__name__}"
    if schedule not in SCHEDULES:
        raise PluginError(f"{where}.schedule is {schedule!r}; {choices(str(schedule), SCHEDULES)}")
    if not isinstance(warmup, int | np.integer) or warmup < 0:
        raise PluginError(f"{where}.warmup is {warmup!r}; expected the number of bars before the first call, 0 or more")
    return schedule, int(warmup)
