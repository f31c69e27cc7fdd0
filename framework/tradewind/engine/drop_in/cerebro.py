"""A `bt.Cerebro` that is fast where the result is provably the same."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.broker import Broker
from tradewind.engine.drop_in.calendar import Calendar, make_calendar
from tradewind.engine.drop_in.faults import apply_workarounds
from tradewind.engine.drop_in.loop import run_loop
from tradewind.engine.drop_in.once import calculate
from tradewind.engine.drop_in.path import Path
from tradewind.engine.drop_in.preload import columns_first
from tradewind.engine.drop_in.reasons import reason_against

__all__ = ["Cerebro"]


class Cerebro(bt.Cerebro):
    """Behaves as `bt.Cerebro`; `path` tells whether the last run took the fast loop, and why not.

    With `causal` set, lines on the fast loop read as if loaded bar by bar: nothing later than the bar is there.

    >>> Cerebro().path
    Path(fast=False, reason='not run yet')
    """

    path = Path(fast=False, reason="not run yet")
    causal = False

    def __init__(self, **parameters: Any) -> None:
        apply_workarounds()
        super().__init__(**parameters)  # Backtrader's metaclass has taken those that it knows
        self._broker = Broker()
        self._broker.cerebro = self

    def run(self, **kwargs: Any) -> Any:
        """Run as `bt.Cerebro.run` does."""
        self.path = Path(fast=False, reason="no strategy ran in this process")
        with columns_first(self.datas):
            return super().run(**kwargs)

    def _runonce(self, runstrats: list[Any]) -> None:
        planned: Calendar | str = reason_against(self, runstrats) or make_calendar(self.datas)
        if isinstance(planned, str):
            self.path = Path(fast=False, reason=planned)
            super()._runonce(runstrats)
            return
        self.path = Path(fast=True)
        for strategy in runstrats:
            calculate(strategy, causal=self.causal)
            strategy.reset()
        run_loop(self, runstrats, planned)

    def _runonce_old(self, runstrats: list[Any]) -> None:
        self.path = Path(fast=False, reason="oldsync is on")
        super()._runonce_old(runstrats)

    def _runnext(self, runstrats: list[Any]) -> None:
        self.path = Path(fast=False, reason=reason_against(self, runstrats) or "runonce is off")
        super()._runnext(runstrats)

    def _runnext_old(self, runstrats: list[Any]) -> None:
        self.path = Path(fast=False, reason="oldsync is on")
        super()._runnext_old(runstrats)

    def plot(self, plotter: Any = None, numfigs: int = 1, iplot: bool = True, **settings: Any) -> Any:  # noqa: ARG002
        """Draw charts as `bt.Cerebro.plot` does, with or without a display."""
        if self._exactbars > 0:
            return None
        from tradewind.engine.drop_in.plotting import choose_plotter

        chosen, settings = choose_plotter(plotter, settings)
        return super().plot(chosen, numfigs, **settings)
