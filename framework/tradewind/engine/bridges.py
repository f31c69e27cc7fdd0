"""Backtrader at the wheel: a clock feed for the panel, a broker and a strategy that hand each bar to the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from tradewind.engine.collector import patient_collector

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.engine.panel import Panel
    from tradewind.engine.session import Session

__all__ = ["drive"]

_MICROSECONDS_PER_DAY = 86_400_000_000
_EPOCH_ORDINAL = 719_163
"""Proleptic ordinal of 1970-01-01, from which Backtrader counts days."""


class ClockFeed(bt.feed.DataBase):
    """One cursor for the whole panel: its bars are the panel's timestamps.

    Prices live in the panel, where plugins read them through `Market`; the feed's own price lines stay NaN.
    """

    params = (("panel", None), ("streaming", False))

    def islive(self) -> bool:
        """Tell Cerebro not to preload a stream."""
        return bool(self.p.streaming)

    def preload(self) -> None:
        """Do nothing: the panel holds the bars already."""

    def _load(self) -> bool:
        panel: Panel = self.p.panel
        if not panel.advance():
            return False
        self.lines.datetime[0] = backtrader_time(panel.timestamps[panel.bar])
        return True


class BrokerBridge(bt.BrokerBase):
    """Lets the session's exchange act when Cerebro turns to its broker."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.startingcash = session.ledger.exchange.cash

    def next(self) -> None:
        """Process the bar that has just been delivered."""
        self._session.process()

    def get_notification(self) -> None:
        """Orders of sleeves are not Backtrader's: it has nothing to notify."""

    def getcash(self) -> float:
        """Return the account's cash."""
        return self._session.ledger.exchange.cash

    def getvalue(self, datas: Any = None) -> float:  # noqa: ARG002  # Backtrader passes it
        """Return the account's equity."""
        return self._session.ledger.equity() if self._session.panel.bar >= 0 else self.getcash()


class StrategyBridge(bt.Strategy):
    """Hosts the sleeves: on every bar the session decides."""

    params = (("session", None), ("on_bar", None))

    def next(self) -> None:
        """Decide on the close of this bar."""
        self.p.session.decide()
        if self.p.on_bar is not None and not self.p.on_bar(self.p.session.panel.bar):
            self.env.runstop()


class SessionCerebro(bt.Cerebro):
    """Cerebro with a loop for a single shared cursor: no feed is peeked at, aligned or advanced bar by bar.

    Bars on which nothing can happen are passed over; ``jumps`` False visits them, with the same result.
    """

    jumps = True

    def _runonce(self, runstrats: list[Any]) -> None:
        if len(self.datas) != 1 or not isinstance(self.datas[0], ClockFeed):
            super()._runonce(runstrats)
            return
        panel: Panel = self.datas[0].p.panel
        broker, strategy = self._broker, runstrats[0]
        session: Session = strategy.p.session
        while not self._event_stop and panel.advance():
            broker.next()
            strategy.next()
            if self.jumps and not self._event_stop:
                session.jump()


def drive(
    session: Session, *, streaming: bool, jumps: bool = True, on_bar: Callable[[int], bool] | None = None
) -> None:
    """Run a session over its panel.

    Parameters
    ----------
    session
        The session; its panel stands before the first bar.
    streaming
        Whether rows arrive one at a time, which Backtrader's live loop serves.
    jumps
        Whether bars of a history on which nothing can happen are passed over.
    on_bar
        Called after every bar that is visited, with its number; False stops the run in order.
    """
    cerebro = SessionCerebro(stdstats=False, preload=not streaming, runonce=not streaming)
    cerebro.jumps = jumps
    cerebro.broker = BrokerBridge(session)
    feed = ClockFeed(panel=session.panel, streaming=streaming)
    cerebro.adddata(feed)
    cerebro.addstrategy(StrategyBridge, session=session, on_bar=on_bar)
    with patient_collector():
        cerebro.run()


def backtrader_time(timestamp: np.datetime64) -> float:
    """Return Backtrader's day number of a UTC timestamp."""
    microseconds = int(timestamp.astype("datetime64[us]").astype(np.int64))
    return _EPOCH_ORDINAL + microseconds / _MICROSECONDS_PER_DAY
