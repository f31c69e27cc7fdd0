"""How strategies, detectors, sizers, exits and factors are asked."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from tradewind.contracts import Exit, OnReference, RestingExit, Schedule
from tradewind.engine.blame import blamed
from tradewind.model import Signals
from tradewind.portfolio.schedule import next_period
from tradewind.testing.kits.answers import Answer
from tradewind.testing.kits.rehearsal import PanelRun, Rehearsal, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradewind.contracts import Factor
    from tradewind.model import Bars, Market, Portfolio
    from tradewind.model.typing import FloatArray
    from tradewind.testing.kits.watching import Reads

__all__ = ["ExitRehearsal", "FactorRehearsal", "RegimeRehearsal", "SizerRehearsal", "StrategyRehearsal", "signals_of"]

_DAYS_A_PERIOD = {"weekly": 5, "monthly": 22, "quarterly": 65, "semi_annual": 130, "annual": 260}
_PERIODS = 6


class StrategyRehearsal(Rehearsal):
    """A strategy is asked on the first bar after its warm-up and then as its schedule says."""

    kind: ClassVar[str] = "strategy"

    def begin(self, created: Any, bars: Bars, *, streamed: bool = False, reads: Reads | None = None) -> Run:
        """Return a run; each has its own schedule."""
        return PanelRun(_Scheduled(), created, bars, streamed=streamed, reads=reads)

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return `on_bar`'s answer."""
        return actor.on_bar(market, portfolio)

    def tail_bars(self, created: Any) -> int:
        """Return bars for at least six decisions."""
        return max(60, _PERIODS * _DAYS_A_PERIOD.get(getattr(created, "schedule", "every_bar"), 1))


class _Scheduled(StrategyRehearsal):
    def __init__(self) -> None:
        self._until = -(10**9)

    def is_due(self, actor: Any, bar: int, day: int) -> bool:
        schedule = getattr(actor, "schedule", "every_bar")
        if schedule not in (*_DAYS_A_PERIOD, "daily") or day >= self._until:
            if schedule in (*_DAYS_A_PERIOD, "daily"):
                self._until = next_period(cast("Schedule", schedule), day)
            return True
        return False


class RegimeRehearsal(Rehearsal):
    """A detector is asked on every bar after its warm-up."""

    kind: ClassVar[str] = "regime"

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return the estimate."""
        return actor.estimate(market)


class SizerRehearsal(Rehearsal):
    """A sizer is asked with made-up signals that have the fields it declares and no others."""

    kind: ClassVar[str] = "sizer"

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return the weights."""
        return actor.weights(signals_of(actor, market), market, portfolio)

    def lead_bars(self, created: Any) -> int:
        """Return the bars until a sizer knows enough; windows of a year are common and nowhere declared."""
        return max(260, super().lead_bars(created))

    def first_bar(self, created: Any) -> int:
        """Return a bar early enough to ask for weights before all is known."""
        return 0

    def is_due(self, actor: Any, bar: int, day: int) -> bool:
        """Ask on the first bars and then on every third."""
        return bar < 5 or bar % 3 == 0


class ExitRehearsal(Rehearsal):
    """An exit is asked on every bar with a holding."""

    kind: ClassVar[str] = "exit"
    needs_holdings: ClassVar[bool] = True

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return the positions to close, or the prices that rest: stops first, then limits."""
        answers: list[Any] = []
        if isinstance(actor, Exit):
            answers.append(actor.closes(market, portfolio))
        if isinstance(actor, RestingExit):
            answers += [actor.stop_prices(market, portfolio), actor.limit_prices(market, portfolio)]
        return tuple(answers)


class FactorRun(Run):
    """A factor in its step form."""

    def __init__(self, created: Any, bars: Bars, reads: Reads | None = None) -> None:
        self._name = type(created).__name__
        self._rows = enumerate(bars.rows())
        self._reads = reads
        with blamed(self._name, "in start"):
            self.actor = created.start(len(bars.instruments))

    def __next__(self) -> Answer:
        bar, row = next(self._rows)
        fields = dict(row.fields)
        with blamed(f"{self._name}'s step form", f"at bar {bar}"):
            return Answer(bar, self.actor.step(fields if self._reads is None else self._reads.mapping(fields)))


class FactorRehearsal(Rehearsal):
    """A factor takes one step a bar."""

    kind: ClassVar[str] = "factor"

    def begin(self, created: Any, bars: Bars, *, streamed: bool = False, reads: Reads | None = None) -> Run:
        """Return a run of the step form."""
        return FactorRun(created, bars, reads)

    def without_history(self, created: Any, bars: Bars) -> Iterable[Answer]:
        """Return the batch form's rows: the step form is what a run asks."""
        with blamed(type(created).__name__, "in its batch form"):
            return [Answer(bar, row) for bar, row in enumerate(created.compute(bars))]

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return nothing: a factor knows no market."""
        raise NotImplementedError

    def factors(self, created: Any) -> Mapping[str, Factor | OnReference]:
        """Return the factor itself."""
        return {"itself": created}


def signals_of(sizer: Any, market: Market, *, every: bool = False, scale: float = 1.0) -> Signals:
    """Return made-up signals: by symbol and bar alone, some for, some against, some without an opinion.

    Parameters
    ----------
    sizer
        Whose declared fields are filled.
    market
        Where and when.
    every
        Fill the other fields too.
    scale
        Size of the scores.
    """
    fields = getattr(sizer, "signal_fields", ("scores",))
    seeds = np.array([zlib.crc32(symbol.encode()) % 9973 for symbol in market.symbols], dtype=np.float64)
    noise = np.modf(np.abs(np.sin(seeds * 12.9898 + (market.bar // 3) * 78.233)) * 43758.5453)[0]
    scores = np.where(noise < 0.2, np.nan, np.where(noise < 0.35, 0.0, np.where(noise < 0.55, -1.0, 1.0) * noise))
    direction = np.sign(np.nan_to_num(scores))
    values: dict[str, FloatArray] = {
        "expected_return": direction * noise * 0.05,
        "win_probability": 0.4 + 0.3 * noise,
        "payoff_ratio": 1.0 + noise,
        "stop_price": market.marks * (1.0 - direction * (0.02 + 0.1 * noise)),
    }
    kept = {name: _frozen(one) for name, one in values.items() if every or name in fields}
    return Signals(scores=_frozen(scores * scale), **kept)


def _frozen(values: FloatArray) -> FloatArray:
    view = values.view()
    view.flags.writeable = False
    return view
