"""Which bar is the next on which anything can happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradewind.engine.blame import blamed
from tradewind.engine.panel import HistoryPanel
from tradewind.errors import PluginError
from tradewind.model import Path

if TYPE_CHECKING:
    from tradewind.engine.session import Session
    from tradewind.engine.sleeve import Sleeve
    from tradewind.model import Portfolio

__all__ = ["next_event"]

_FIRST_CELLS = 4096
_FIRST_BARS = (16, 1024)
_GROWTH = 4
"""Cells and bars looked at first, and by what the look grows while nothing is found: cost follows distance."""


def next_event(session: Session) -> int:
    """Return the next bar to visit: every participant said that nothing can happen on the bars before it.

    A stream has no bars ahead, and a plugin that is asked on every bar and does not say when it will have an answer
    forces each bar to be visited.
    """
    panel = session.panel
    bar = panel.bar
    pending = session.short_of_sales or any(sleeve.targets.pending for sleeve in session.sleeves)
    if pending or not isinstance(panel, HistoryPanel):
        return bar + 1
    last = min([panel.next_end(), *(sleeve.next_due(bar, panel.days) for sleeve in session.sleeves)])
    watchers = [(sleeve, session.portfolio(sleeve)) for sleeve in session.sleeves if _watches(session, sleeve)]
    least, most = _FIRST_BARS
    reach = min(max(_FIRST_CELLS // len(panel.instruments), least), most)
    while last > bar + 1:
        stop = min(last, bar + 1 + reach)
        event = session.ledger.next_event(stop)
        for sleeve, portfolio in watchers:
            if event > bar + 1:
                event = min(event, _watch(panel, sleeve, portfolio, event))
        if session.track is not None and event > bar + 1:
            event = session.track.next_change(event)
        if event < stop or stop == last:
            return event
        reach *= _GROWTH
    return last


def _watches(session: Session, sleeve: Sleeve) -> bool:
    return sleeve.foresees or (bool(sleeve.exits) and session.ledger.holds(sleeve.name))


def _watch(panel: HistoryPanel, sleeve: Sleeve, portfolio: Portfolio, stop: int) -> int:
    """Return the first bar before ``stop`` on which the strategy, where it foresees, or an exit may act."""
    asked: list[tuple[str, str, object]] = []
    if sleeve.foresees:
        asked.append((sleeve.name, f"{type(sleeve.strategy).__name__}.next_event", sleeve.strategy))
    if portfolio.quantities.any():
        asked.extend((f"{sleeve.name}.exit.{name}", f"exit {name}", rule) for name, rule in sleeve.exits)
    for owner, what, plugin in asked:
        search = getattr(plugin, "next_event", None)
        if search is None:
            return panel.bar + 1
        path = Path(panel.bar, stop, panel.fields, panel.factors_of(owner), portfolio)
        with blamed(f"sleeve {sleeve.name!r}: {what}", f"at bar {panel.bar}"):
            event = search(path)
        if not isinstance(event, int | np.integer) or not panel.bar < event <= stop:
            raise PluginError(
                f"sleeve {sleeve.name!r}: {what} returned {event!r} at bar {panel.bar}; expected the number of a bar "
                f"after it, and {stop} where nothing happens before that bar"
            )
        stop = int(event)
    return stop
