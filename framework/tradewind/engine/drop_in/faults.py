"""Backtrader's faults on current Python, numpy, pandas and matplotlib, worked around from outside.

Each function below names one fault and where it shows. All of them turn an error into the documented behaviour;
none changes a run that works without it. The installed package is never edited.
"""

from __future__ import annotations

import collections
import collections.abc
import datetime as dt
import functools
import types
import zoneinfo
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
from backtrader import lineiterator
from backtrader.utils import dateintern

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["apply_workarounds"]


@functools.cache
def apply_workarounds() -> None:
    """Apply every workaround, once a process; `tradewind.engine.Cerebro` calls it.

    Those for plotting wait in `tradewind.engine.drop_in.plotting` until something is plotted.
    """
    restore_iterable()
    accept_modern_time_zones()
    accept_numbered_columns()
    start_filtered_feeds()
    report_annual_returns_without_observers()
    calculate_beta_without_pandas_ols()
    answer_with_plain_booleans()
    label_log_returns()


def restore_iterable() -> None:
    """Let `bindlines` find `collections.Iterable`, which Python 3.10 removed.

    Shows as ``AttributeError: module 'collections' has no attribute 'Iterable'`` from `bindlines` and `bind2lines`.
    Only Backtrader's `lineiterator` sees the name; `collections` itself stays as it is.
    """
    names = types.ModuleType("collections")
    vars(names).update(vars(collections), Iterable=collections.abc.Iterable)
    lineiterator.collections = names


class LocalizingZone(dt.tzinfo):
    """A time zone with the `localize` method that Backtrader wants to add to it.

    Parameters
    ----------
    zone
        A `zoneinfo.ZoneInfo`, `datetime.timezone` or other zone that refuses new attributes.
    """

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone

    def __reduce__(self) -> tuple[type[LocalizingZone], tuple[dt.tzinfo]]:
        return type(self), (self._zone,)

    def __repr__(self) -> str:
        return f"LocalizingZone({self._zone!r})"

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        """Return the zone's offset."""
        return self._zone.utcoffset(when)

    def dst(self, when: dt.datetime | None) -> dt.timedelta | None:
        """Return the zone's summer-time shift."""
        return self._zone.dst(when)

    def tzname(self, when: dt.datetime | None) -> str | None:
        """Return the zone's name."""
        return self._zone.tzname(when)

    def fromutc(self, when: dt.datetime) -> dt.datetime:
        """Convert a time in UTC."""
        return self._zone.fromutc(when.replace(tzinfo=self._zone)).replace(tzinfo=self)

    def localize(self, when: dt.datetime) -> dt.datetime:
        """Say that a naive time is of this zone."""
        return when.replace(tzinfo=self)


def accept_modern_time_zones() -> None:
    """Accept `zoneinfo.ZoneInfo` and `datetime.timezone`, and zones by name where pytz is not installed.

    Shows as ``AttributeError: 'zoneinfo.ZoneInfo' object has no attribute 'localize'`` for `tz` and `tzinput` of
    Cerebro and feeds: Backtrader adds a method to the zone, which such zones refuse. pandas no longer brings pytz,
    without which a name fails in the same way.
    """
    stock = dateintern.Localizer

    def localizer(tz: Any) -> Any:
        if isinstance(tz, str):
            tz = zoneinfo.ZoneInfo("CST6CDT" if tz == "CST" else tz)
        if isinstance(tz, zoneinfo.ZoneInfo | dt.timezone):
            return LocalizingZone(tz)
        return stock(tz)

    dateintern.Localizer = localizer
    bt.utils.date.Localizer = localizer


def accept_numbered_columns() -> None:
    """Let `PandasData` read frames that have columns with numbers for names.

    Shows as ``AttributeError: 'numpy.int64' object has no attribute 'lower'`` when such a frame's columns are given
    by position, as the documentation says they may.
    """
    stock = bt.feeds.PandasData.start

    @functools.wraps(stock)
    def start(self: Any) -> None:
        names = list(self.p.dataname.columns.values)
        if not self.p.nocase or all(isinstance(name, str) for name in names):
            stock(self)
            return
        by_lower_case = {name.lower(): name for name in reversed(names) if isinstance(name, str)}
        for field, column in self._colmapping.items():
            if isinstance(column, str):
                self._colmapping[field] = by_lower_case.get(column.lower(), column)
        self.p.nocase = False
        try:
            stock(self)
        finally:
            self.p.nocase = True

    bt.feeds.PandasData.start = start


def start_filtered_feeds() -> None:
    """Start the feed inside a `DataFilter` or `DataFiller` completely.

    Shows as ``AttributeError: ... object has no attribute '_tzinput'``: these filters only call the inner feed's
    `start`, which since Backtrader 1.9 leaves its time zones unset.
    """
    for wrapper in (bt.filters.DataFilter, bt.filters.DataFiller):
        wrapper.start = _starting_inner(wrapper.start)


def _starting_inner(stock: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(stock)
    def start(self: Any) -> None:
        stock(self)
        inner = self.p.dataname
        if getattr(inner, "_env", None) is None:
            inner.setenvironment(self._env)
            inner._start()  # noqa: SLF001  # as Cerebro does with the feeds it knows

    return start


class _Values:
    """Stands in for the `Broker` observer: `value[-i]` as its line has it."""

    def __init__(self, values: list[float]) -> None:
        self._values = values
        self.value = self

    def __getitem__(self, ago: int) -> float:
        return self._values[ago - 1]


def report_annual_returns_without_observers() -> None:
    """Let `AnnualReturn`, and `SharpeRatio` with `legacyannual`, work with ``stdstats=False``.

    Shows as ``AttributeError: 'ItemCollection' object has no attribute 'broker'`` at the end of the run: the analyzer
    reads the account's value from the `Broker` observer. Where there is none, it now notes the value itself.
    """
    analyzer = bt.analyzers.AnnualReturn
    stock = analyzer.stop

    def start(self: Any) -> None:
        self._noted = None if hasattr(self.strategy.stats, "broker") else []

    def note(self: Any) -> None:
        if self._noted is not None:
            self._noted.append(self.strategy.broker.getvalue())

    @functools.wraps(stock)
    def stop(self: Any) -> None:
        if self._noted is None:
            stock(self)
            return
        self.strategy.stats.broker = _Values(self._noted)
        try:
            stock(self)
        finally:
            del self.strategy.stats.broker

    analyzer.start, analyzer.next, analyzer.stop = start, note, stop


def calculate_beta_without_pandas_ols() -> None:
    """Calculate `OLS_BetaN` without `pandas.ols`, which pandas 0.20 removed.

    Shows as ``AttributeError: module 'pandas' has no attribute 'ols'``. The slope is that of an ordinary least squares
    line with intercept of the first feed on the second; NaN where the second does not move.
    """

    def beta(self: Any) -> None:
        y, x = (np.array(data.get(size=self.p.period)) for data in self.datas)
        away = x - x.mean()
        spread = float(away @ away)
        self.lines.beta[0] = float(away @ (y - y.mean())) / spread if spread else float("nan")

    bt.indicators.OLS_BetaN.next = beta


def answer_with_plain_booleans() -> None:
    """Let a trade say whether it is open where sizes are numpy numbers.

    Shows as ``TypeError: __bool__ should return bool, returned numpy.bool`` from ``if trade:`` after orders whose size
    came out of numpy or pandas.
    """

    def has_size(self: Any) -> bool:
        return bool(self.size != 0)

    bt.Trade.__bool__ = has_size


def label_log_returns() -> None:
    """Label the `LogReturns` observers in a plot where no timeframe was given.

    Shows as ``TypeError: list indices must be integers or slices, not NoneType`` from `plot` with the observer's
    own defaults.
    """

    def labels(self: Any) -> list[str]:
        timeframe = self.p.timeframe or bt.TimeFrame.NoTimeFrame
        compression = self.p.compression or 1
        return [bt.TimeFrame.getname(timeframe, compression), str(compression)]

    bt.observers.LogReturns._plotlabel = labels  # noqa: SLF001  # Backtrader's hook for labels
