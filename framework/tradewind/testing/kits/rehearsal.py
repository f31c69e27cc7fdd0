"""Plugins asked bar by bar, as a run would ask them, over made-up markets."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tradewind.contracts import OnReference
from tradewind.engine.blame import blamed
from tradewind.engine.panel import HistoryPanel, StreamPanel
from tradewind.errors import TradewindError
from tradewind.testing.kits.answers import Answer
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.holdings import Holdings
from tradewind.testing.scenes import scene, with_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tradewind.contracts import Factor
    from tradewind.engine.panel import Panel
    from tradewind.model import Bars, Market, Path, Portfolio
    from tradewind.testing.kits.watching import Reads

__all__ = ["OWNER", "PanelRun", "Rehearsal", "Run", "next_event"]

OWNER = "under test"
_CAPACITY = 64
"""Bars a stream makes room for at first: more than there are, later fewer, so that nobody can count on it."""
_TAIL_BARS = 60
_CROWD_TAIL_BARS = 6
_LONGEST_LEAD_BARS = 2400


class Run(ABC):
    """One plugin on one market. ``actor`` is what carries the state: it can be saved, and replaced by what was saved.

    Iterating asks the plugin on every bar on which it is due.
    """

    actor: Any

    def __iter__(self) -> Iterator[Answer]:
        return self

    @abstractmethod
    def __next__(self) -> Answer:
        """Go to the next bar on which the plugin is due, and ask it."""


class PanelRun(Run):
    """A plugin that is asked with a `Market` and a `Portfolio`."""

    def __init__(
        self, rehearsal: Rehearsal, created: Any, bars: Bars, *, streamed: bool = False, reads: Reads | None = None
    ) -> None:
        self.actor = created
        self.bars = bars
        self._rehearsal = rehearsal
        seen = bars if reads is None else reads.watched(bars)
        factors = {OWNER: dict(getattr(created, "factors", {}))}
        self.panel: Panel = (
            StreamPanel(_template(bars), bars.rows(), factors, _CAPACITY) if streamed else HistoryPanel(seen, factors)
        )
        if reads is not None:
            self.panel.reference_fields = reads.mapping(self.panel.reference_fields, "reference:")
        self.holdings = Holdings(bars.symbols)
        self.first = rehearsal.first_bar(created)

    def __next__(self) -> Answer:
        while self.panel.advance():
            bar = self.panel.bar
            self.holdings.mark(bar, self.bars.fields["close"][bar])
            if bar < self.first or (self._rehearsal.needs_holdings and not self.holdings.any()):
                continue
            if self._rehearsal.is_due(self.actor, bar, self.panel.day()):
                return Answer(bar, self.ask())
        raise StopIteration

    def ask(self) -> Any:
        """Ask the plugin on the panel's bar."""
        market, portfolio = self.panel.market(OWNER), self.holdings.portfolio()
        with blamed(type(self.actor).__name__, f"at bar {self.panel.bar}"):
            return self._rehearsal.ask(self.actor, market, portfolio)


class Rehearsal(ABC):
    """How the plugins of a kind are asked."""

    kind: ClassVar[str]
    needs_holdings: ClassVar[bool] = False
    """Whether plugins of the kind are asked only while something is held."""

    def begin(self, created: Any, bars: Bars, *, streamed: bool = False, reads: Reads | None = None) -> Run:
        """Return a run of a fresh plugin over a market, before its first bar."""
        return PanelRun(self, created, bars, streamed=streamed, reads=reads)

    def without_history(self, created: Any, bars: Bars) -> Iterable[Answer]:
        """Return what a fresh plugin answers in its other form: bar by bar, where nothing is known of later bars."""
        return self.begin(created, bars, streamed=True)

    @abstractmethod
    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return the plugin's answer on a bar."""

    def first_bar(self, created: Any) -> int:
        """Return the first bar on which a plugin is asked."""
        warmup = getattr(created, "warmup", 0)
        return int(warmup) if isinstance(warmup, int | np.integer) else 0

    def is_due(self, actor: Any, bar: int, day: int) -> bool:
        """Tell whether a plugin is asked on a bar; asked once a bar, in order."""
        return True

    def tail_bars(self, created: Any) -> int:
        """Return the bars of a scene after the plugin knows enough."""
        return _TAIL_BARS

    def factors(self, created: Any) -> Mapping[str, Factor | OnReference]:
        """Return the factors a plugin has computed for it."""
        return dict(getattr(created, "factors", {}))

    def lead_bars(self, created: Any) -> int:
        """Return the bars until a plugin knows enough: its warm-up, or what its slowest factor needs."""
        lead = self.first_bar(created)
        for factor in self.factors(created).values():
            plain = factor.factor if isinstance(factor, OnReference) else factor
            lead = max(lead, _lead_of(plain))
        return lead

    def length(self, created: Any, name: str = "ordinary") -> int:
        """Return the bars of a scene made to measure."""
        tail = _CROWD_TAIL_BARS if name == "crowd" else self.tail_bars(created)
        return max(self.lead_bars(created), 60) + tail

    def market(self, name: str, created: Any, needs: tuple[str, ...]) -> Bars:
        """Return a scene made to measure, with a made-up series for each need that scenes do not have."""
        bars = scene(name, self.length(created, name))
        fields = tuple(need for need in needs if not need.startswith("reference:"))
        roles = [need.removeprefix("reference:") for need in needs if need.startswith("reference:")]
        for factor in self.factors(created).values():
            if isinstance(factor, OnReference):
                roles.append(factor.role)
            else:
                fields = (*fields, *factor.needs)
        return with_series(bars, fields, tuple(roles))


def _lead_of(factor: Factor) -> int:
    """Return the first bar on which a factor knows a value for every symbol of the ordinary scene."""
    bars = 80
    while bars <= _LONGEST_LEAD_BARS:
        market = with_series(scene("ordinary", bars), tuple(factor.needs))
        try:
            with blamed(type(factor).__name__, "while its length was measured"):
                known = np.isfinite(factor.compute(market)).all(axis=1)
        except TradewindError:
            return 0
        if known.any():
            return int(known.argmax())
        bars *= 3
    return 0


def next_event(actor: Any, path: Path, where: str) -> int:
    """Return the next event that a plugin foresees on a path; fail where it is none of the path's bars."""
    event = actor.next_event(path)
    if not isinstance(event, int | np.integer) or not path.bar < event <= path.stop:
        fail(
            f"{where}, bar {path.bar}",
            f"next_event returns a bar after {path.bar}, and {path.stop} where nothing happens before it",
            received=event,
            remedy="Use path.first(mask)",
        )
    return int(event)


def _template(bars: Bars) -> Bars:
    """Return the market without its bars, as a stream begins."""
    return dataclasses.replace(
        bars,
        timestamps=bars.timestamps[:0],
        fields={name: values[:0] for name, values in bars.fields.items()},
        references={role: _template(series) for role, series in bars.references.items()},
        ends=None,
    )
