"""Backtrader's charts on current matplotlib; imported when something is plotted."""

from __future__ import annotations

import bisect
import datetime as dt
import inspect
from typing import Any

import backtrader as bt
import matplotlib as mpl
from matplotlib import dates, ticker

__all__ = ["choose_plotter"]


def choose_plotter(plotter: Any, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the plotter and the settings that `bt.Cerebro.plot` works with on current matplotlib.

    Parameters
    ----------
    plotter
        The caller's own plotter, which is kept; None for Backtrader's.
    settings
        Keywords of `Cerebro.plot`: its own, and attributes of Backtrader's `PlotScheme`.

    Notes
    -----
    `iplot` is off in the result: it would replace a notebook's backend by `nbagg`, which only the classic notebook has.
    The backend the notebook chose draws inline as well.
    """
    keep_backend(settings.get("use"))
    own = inspect.signature(bt.Cerebro.plot).parameters
    scheme = {name: value for name, value in settings.items() if name not in own}
    return plotter or plotter_class()(**scheme), {**settings, "iplot": False}


def keep_backend(backend: str | None) -> None:
    """Choose the backend before Backtrader forces its own.

    Importing `backtrader.plot` selects TKAgg, which overrides `MPLBACKEND` and `matplotlib.use`, and fails on a machine
    without a display; `Cerebro.plot` ignores its parameter `use`. A backend that cannot draw here becomes Agg.
    """
    chosen = backend or mpl.get_backend()
    import backtrader.plot  # noqa: F401
    import matplotlib.pyplot as plt

    try:
        plt.switch_backend(chosen)
    except ImportError:
        if backend is not None:
            raise
        plt.switch_backend("agg")


def plotter_class() -> Any:
    """Return a subclass of Backtrader's plotter that draws dates and missing volumes."""
    from backtrader.plot import Plot, locator

    # Backtrader counts days from year 1, matplotlib since version 3.3 from 1970.
    unix_epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    days_before_epoch = bt.date2num(unix_epoch) - dates.date2num(unix_epoch)

    class RuleTicks(locator.RRuleLocator):
        """Ticks by a calendar rule, as bar numbers."""

        def tick_values(self, vmin: Any, vmax: Any) -> list[int]:
            moments = dates.RRuleLocator.tick_values(self, vmin, vmax)
            return [bisect.bisect_left(self._dates, moment) for moment in moments]

    class DateTicks(locator.AutoDateLocator):
        """Ticks at round dates, as bar numbers."""

        def get_locator(self, dmin: Any, dmax: Any) -> Any:
            if dmax - dmin < dt.timedelta(seconds=1):
                return ticker.FixedLocator([0])
            found = super().get_locator(dmin, dmax)
            if isinstance(found, locator.RRuleLocator):
                found.__class__ = RuleTicks
            return found

    class Plotter(Plot):
        """Backtrader's plotter without what fails on current matplotlib."""

        def plot(self, strategy: Any, *arguments: Any, **settings: Any) -> Any:
            self._dated: list[Any] = []
            figures = super().plot(strategy, *arguments, **settings)
            self._show_dates()
            return figures

        def setlocators(self, ax: Any) -> None:
            """Place the dates; matplotlib reads a bar's day as one 1,969 years later without the shift."""
            super().setlocators(ax)
            shifted = [moment - days_before_epoch for moment in self.pinf.xreal]
            ticks = DateTicks(shifted)
            ax.xaxis.set_major_locator(ticks)
            if self.pinf.sch.fmt_x_ticks is None:
                ax.xaxis.set_major_formatter(locator.AutoDateFormatter(shifted, ticks))
            self._dated.append(ax)

        def _show_dates(self) -> None:
            """Show the dates again; hiding those of the other charts hides the last chart's too since matplotlib 3."""
            for ax in self._dated:
                for other in ax.figure.axes:
                    other.tick_params(axis="x", labelbottom=False)
                ax.tick_params(axis="x", labelbottom=True, labelrotation=self.p.scheme.tickrotation)
                for tick in ax.xaxis.get_major_ticks():
                    tick.label1.set_visible(True)

        def plotvolume(
            self, data: Any, opens: Any, highs: Any, lows: Any, closes: Any, volumes: Any, label: str
        ) -> Any:
            """Draw the volume; a missing one as none, where the axis could not take NaN."""
            known = [0.0 if volume != volume else volume for volume in volumes]
            return super().plotvolume(data, opens, highs, lows, closes, known, label)

    return Plotter
