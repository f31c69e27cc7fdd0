"""What a plan computes and decides over given bars, as far as two of its runs can be compared."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tradewind.contracts import OnReference
from tradewind.engine.assemble import declared_factors, run_session
from tradewind.engine.blame import blamed
from tradewind.engine.panel import HistoryPanel, StreamPanel
from tradewind.errors import PluginError, TradewindError
from tradewind.journal import Journal, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tradewind.contracts import Factor
    from tradewind.engine.assemble import Builder
    from tradewind.engine.panel import FactorCache
    from tradewind.model import Bars, RegimeEstimate, Row
    from tradewind.model.typing import FloatArray

__all__ = ["DECIDED", "FactorError", "Trace", "decide", "estimates_of", "factors_of", "owners_of", "stepped_factors_of"]

DECIDED = frozenset({"signals", "targets", "exit", "intent"})
"""Kinds of journal entries that plugins bring about by deciding."""
_DATA = "data"
"""Kind of the entry with the hash of the bars: it stands before the first other of a bar, and is nobody's decision."""


class FactorError(PluginError):
    """A factor failed over some bars; ``owner`` declares it."""

    def __init__(self, owner: str, message: str) -> None:
        super().__init__(message)
        self.owner = owner


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The journal of a run up to a bar, the error that ended it before, if one did, and at which bar."""

    records: tuple[Record, ...]
    raised: TradewindError | None = None
    bar: int = 0

    @property
    def error(self) -> str:
        """Kind and message of the error; empty without one."""
        return f"{type(self.raised).__name__}: {self.raised}" if self.raised else ""


def decide(
    builder: Builder,
    bars: Bars,
    last: int,
    *,
    rows: Iterator[Row] | None = None,
    cache: FactorCache | None = None,
) -> Trace:
    """Run a plan over bars up to bar ``last``, and return all that it has written up to there.

    ``rows`` delivers the bars one by one; ``bars`` is then their template. ``cache`` holds factors of the same bars.
    """
    journal = Journal()
    failed: TradewindError | None = None
    visited = 0

    def goes_on(bar: int) -> bool:
        nonlocal visited
        visited = bar + 1
        return bar < last

    try:
        _run(builder, bars, rows, goes_on, journal, cache)
    except TradewindError as raised:
        failed = raised
    return Trace(tuple(one for one in journal.records if one.bar <= last and one.kind != _DATA), failed, visited)


def _run(
    builder: Builder,
    bars: Bars,
    rows: Iterator[Row] | None,
    goes_on: Callable[[int], bool],
    journal: Journal,
    cache: FactorCache | None,
) -> None:
    if any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves):
        from tradewind.engine.backtrader_run import run_backtrader

        run_backtrader(builder, bars, rows=rows, on_bar=goes_on, journal=journal)
    else:
        run_session(builder, bars, rows=rows, on_bar=goes_on, journal=journal, cache=cache)


def owners_of(builder: Builder, bars: Bars) -> Mapping[str, Mapping[str, Factor | OnReference]]:
    """Return the factors of each owner that the bars can serve: ``regime``, a sleeve, its sizer, its exits."""
    if any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves):
        return {}
    declared = declared_factors(builder.sleeves(bars.instruments), builder.detector())
    return {
        owner: {
            name: factor
            for name, factor in named.items()
            if not isinstance(factor, OnReference) or factor.role in bars.references
        }
        for owner, named in declared.items()
    }


def factors_of(builder: Builder, bars: Bars, cache: FactorCache | None = None) -> dict[str, Mapping[str, FloatArray]]:
    """Return every factor of a plan over bars, by owner and name, each of shape (T, N).

    Raises
    ------
    FactorError
        If one fails, with its owner.
    """
    found: dict[str, Mapping[str, FloatArray]] = {}
    cache = {} if cache is None else cache
    for owner, named in owners_of(builder, bars).items():
        if not named:
            continue
        try:
            found[owner] = HistoryPanel(bars, {owner: dict(named)}, cache).factors_of(owner)
        except TradewindError as error:
            raise FactorError(owner, str(error)) from error
    return found


def stepped_factors_of(builder: Builder, bars: Bars) -> dict[str, Mapping[str, FloatArray]]:
    """Return what `factors_of` does, made by the step forms, bar by bar: of all owners one bar before the next.

    Raises
    ------
    FactorError
        If one fails, with its owner.
    """
    panels: dict[str, StreamPanel] = {}
    declared = {owner: dict(named) for owner, named in owners_of(builder, bars).items() if named}
    for owner, named in declared.items():
        with _owned(owner):
            panels[owner] = StreamPanel(bars.between(0, 0), bars.rows(), {owner: named}, capacity=len(bars))
    for _ in range(len(bars)):
        for owner, panel in panels.items():
            with _owned(owner):
                panel.advance()
    return {
        owner: {name: values[: len(bars)] for name, values in panel.market(owner).factors.items()}
        for owner, panel in panels.items()
    }


@contextmanager
def _owned(owner: str) -> Iterator[None]:
    try:
        with blamed(f"{owner}: a factor", "in its step form"):
            yield
    except TradewindError as error:
        raise FactorError(owner, str(error)) from error


def estimates_of(
    builder: Builder, bars: Bars, last: int, cache: FactorCache | None = None
) -> list[RegimeEstimate | None]:
    """Return what the plan's detector says on each bar up to ``last``; empty without one."""
    detector: Any = builder.detector()
    if detector is None:
        return []
    warmup: int = getattr(detector, "warmup", 0)
    panel = HistoryPanel(bars, {"regime": dict(getattr(detector, "factors", {}))}, cache)
    found: list[RegimeEstimate | None] = []
    while panel.bar < last and panel.advance():
        market = panel.market("regime")
        with blamed("regime detector", f"at bar {panel.bar}"):
            found.append(cast("RegimeEstimate", detector.estimate(market)) if panel.bar >= warmup else None)
    return found
