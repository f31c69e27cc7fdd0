"""A `bt.Cerebro` that is fast where the result is provably the same."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from tradewind.engine.drop_in.broker import Broker
from tradewind.engine.drop_in.calendar import Calendar, make_calendar
from tradewind.engine.drop_in.faults import apply_workarounds
from tradewind.engine.drop_in.loop import run_loop
from tradewind.engine.drop_in.once import calculate
from tradewind.engine.drop_in.path import Path, common_path
from tradewind.engine.drop_in.preload import columns_first
from tradewind.engine.drop_in.reasons import reason_against

__all__ = ["Cerebro"]

_CARRIED = "_tradewind_path"
"""Attribute in which a process of `optstrategy` tells which way its run took."""


class Cerebro(bt.Cerebro):
    """Behaves as `bt.Cerebro`; `path` tells whether the last run took the fast loop, and why not.

    After `optstrategy` on several processes it tells what their runs have in common.

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
            result = super().run(**kwargs)
        if self._dooptimize:
            self.path = common_path(_paths_of(result)) or self.path
        return result

    def __call__(self, iterstrat: Any) -> Any:
        """Run one combination of `optstrategy` in a process of its own, as `bt.Cerebro` does."""
        result = super().__call__(iterstrat)
        for strategy in result[:1]:
            setattr(strategy, _CARRIED, self.path)
        return result

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


def _paths_of(results: list[list[Any]]) -> list[Path]:
    """Return, and take away, what the processes of `optstrategy` told."""
    found = [vars(strategy).pop(_CARRIED, None) for result in results for strategy in result[:1]]
    return [path for path in found if path is not None]
