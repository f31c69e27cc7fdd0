"""Known faults of Backtrader are gone with our Cerebro, and each was there with Backtrader's.

What shows a fault runs in a process of its own: the workarounds are applied to this one.
"""

import datetime as dt
import json
import os
import pickle
import subprocess
import sys
import zoneinfo

import backtrader as bt
import numpy as np
import pytest

from tests.backtrader.known import Orders, analysis, feed, make
from tradewind.engine import Cerebro
from tradewind.engine.drop_in.faults import LocalizingZone, apply_workarounds

SETUP = """
import datetime, zoneinfo
import backtrader as bt
import numpy as np
from tests.backtrader.known import Orders, feed, make

class Binds(bt.Indicator):
    lines = ("bound",)

    def __init__(self):
        bt.ind.SMA(self.data, period=2).bindlines(0)

class UsesBinding(bt.Strategy):
    def __init__(self):
        Binds()

class UsesBeta(bt.Strategy):
    def __init__(self):
        bt.ind.OLS_BetaN(self.data0, self.data1, period=3)

class AsksTrade(Orders):
    def notify_trade(self, trade):
        bool(trade)

def run(*feeds, strategy=Orders, analyzer=None, plots=False, orders=None, **settings):
    cerebro = make(CEREBRO, *feeds, **settings)
    cerebro.addstrategy(strategy, **({"orders": orders or {1: 5, 3: -5}} if issubclass(strategy, Orders) else {}))
    if analyzer:
        cerebro.addanalyzer(analyzer)
    cerebro.run()
    if plots:
        cerebro.plot()[0][0].canvas.draw()

def use_agg():
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")

def numbered():
    table = feed().p.dataname
    table.columns = range(5)
    return bt.feeds.PandasData(dataname=table, open=0, high=1, low=2, close=3, volume=4, openinterest=None)
"""

FAULTS = {
    "bindlines": ("run(strategy=UsesBinding)", "has no attribute 'Iterable'"),
    "AnnualReturn": ("run(analyzer=bt.analyzers.AnnualReturn, stdstats=False)", "has no attribute 'broker'"),
    "zoneinfo": ("run(tz=zoneinfo.ZoneInfo('America/New_York'))", "has no attribute 'localize'"),
    "datetime.timezone": ("run(feed(tzinput=datetime.timezone.utc))", "has no attribute 'localize'"),
    "numbered columns": ("run(numbered())", "has no attribute 'lower'"),
    "DataFilter": ("run(bt.filters.DataFilter(dataname=feed(), funcfilter=len))", "'_tzinput'"),
    "OLS_BetaN": ("run(feed(), feed(), strategy=UsesBeta)", "module 'pandas' has no attribute 'ols'"),
    "numpy sizes": ("run(strategy=AsksTrade, orders={1: np.float64(5)})", "__bool__ should return bool"),
    "no display": ("run(plots=True)", "Cannot load backend 'TKAgg'"),
    "NaN volume": (
        "use_agg(); data = feed(); data.p.dataname['volume'] = np.nan; run(data, plots=True)",
        "Axis limits cannot be NaN",
    ),
    "LogReturns": (
        "use_agg(); "
        "cerebro = make(CEREBRO); cerebro.addstrategy(Orders); cerebro.addobserver(bt.observers.LogReturns); "
        "cerebro.run(); cerebro.plot()",
        "list indices must be integers",
    ),
}


COLLECT = """
import json, sys
shown = {}
for name, (code, _) in FAULTS.items():
    try:
        exec(code)
        shown[name] = None
    except Exception as error:
        shown[name] = f"{type(error).__name__}: {error}"
json.dump(shown, sys.stdout)
"""


def errors_with(cerebro):
    """Run what shows the faults on a named Cerebro, in a process without a display."""
    script = "\n".join((cerebro, SETUP, f"FAULTS = {FAULTS!r}", COLLECT))
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    finished = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path), "MPLBACKEND": ""},
        timeout=200,
        check=True,
    )
    return json.loads(finished.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="taking the display away by the environment works on Linux")
def test_each_fault_is_there_on_backtrader():
    pytest.importorskip("matplotlib")
    shown = errors_with("import backtrader\nCEREBRO = backtrader.Cerebro")
    missing = {name: shown[name] for name, (_, message) in FAULTS.items() if message not in (shown[name] or "")}
    assert missing == {}


def test_each_fault_is_gone_on_tradewind():
    pytest.importorskip("matplotlib")
    assert errors_with("from tradewind.engine import Cerebro as CEREBRO") == dict.fromkeys(FAULTS)


def test_workarounds_are_applied_once():
    apply_workarounds()
    before = (bt.Trade.__bool__, bt.feeds.PandasData.start, bt.analyzers.AnnualReturn.stop)
    Cerebro()
    assert before == (bt.Trade.__bool__, bt.feeds.PandasData.start, bt.analyzers.AnnualReturn.stop)


def test_annual_returns_are_the_same_with_and_without_observers():
    def returns(**settings):
        prices = np.linspace(10, 20, 500)
        cerebro = make(Cerebro, feed(prices), **settings)
        cerebro.addstrategy(Orders, orders={10: 20, 300: -5})
        return analysis(cerebro, bt.analyzers.AnnualReturn)

    assert returns(stdstats=False) == returns(stdstats=True)
    assert list(returns()) == [2021, 2022]


def test_a_zone_shows_local_time_and_takes_local_input():
    zone = zoneinfo.ZoneInfo("America/New_York")

    def first_time(**settings):
        class Notes(bt.Strategy):
            def next(self):
                self.times = [*getattr(self, "times", []), self.data.datetime.datetime(0)]

        cerebro = make(Cerebro, feed(every="h", **settings))
        cerebro.addstrategy(Notes)
        return cerebro.run()[0].times[0]

    assert first_time(tz=zone) == dt.datetime.fromisoformat("2021-02-28T19:00")
    assert first_time(tzinput=zone) == dt.datetime.fromisoformat("2021-03-01T05:00")


def test_a_localizing_zone_keeps_summer_time_and_survives_pickling():
    zone = pickle.loads(pickle.dumps(LocalizingZone(zoneinfo.ZoneInfo("Europe/Berlin"))))
    summer = dt.datetime(2021, 7, 1, 12, tzinfo=dt.UTC).astimezone(zone)
    assert (summer.hour, summer.tzname(), summer.dst()) == (14, "CEST", dt.timedelta(hours=1))
    assert zone.localize(dt.datetime.fromisoformat("2021-01-01")).utcoffset() == dt.timedelta(hours=1)


def test_beta_is_the_slope_of_least_squares():
    random = np.random.default_rng(1)
    market = 10 + random.normal(size=30).cumsum() * 0.1
    asset = 3 + 2 * market + random.normal(size=30) * 0.05

    class Beta(bt.Strategy):
        def __init__(self):
            self.beta = bt.ind.OLS_BetaN(self.data0, self.data1, period=10)

    cerebro = make(Cerebro, feed(asset), feed(market))
    cerebro.addstrategy(Beta)
    slope, _ = np.polyfit(market[-10:], asset[-10:], 1)
    assert cerebro.run()[0].beta[0] == pytest.approx(slope)


def test_columns_are_found_by_case_among_numbered_ones():
    table = feed().p.dataname.rename(columns=str.title).assign(extra=0.0).rename(columns={"extra": 7})
    cerebro = make(Cerebro, bt.feeds.PandasData(dataname=table, close="CLOSE"))
    cerebro.addstrategy(Orders, orders={1: 10})
    assert cerebro.run()[0].fills == [(2, 10, 11.0)]


def test_a_chart_shows_its_dates():
    plt = pytest.importorskip("matplotlib.pyplot")
    cerebro = make(Cerebro, feed(np.linspace(10, 20, 120), start="2021-01-01"))
    cerebro.addstrategy(Orders, orders={3: 5})
    cerebro.run()
    figure = cerebro.plot(use="agg", fmt_x_ticks="%Y-%m-%d")[0][0]
    figure.canvas.draw()
    shown = [[label.get_text() for label in ax.get_xticklabels()] for ax in figure.axes]
    ticks = figure.axes[0].get_xticks()
    plt.close("all")
    (labels,) = [labels for labels in shown if labels]  # only the lowest chart shows them
    assert {"2021-01-01", "2021-02-01", "2021-03-01", "2021-04-01"} <= set(labels)
    assert {0, 31, 59, 90} <= set(ticks)


def test_a_chart_of_one_bar_is_drawn():
    plt = pytest.importorskip("matplotlib.pyplot")
    cerebro = make(Cerebro, feed([10.0]))
    cerebro.addstrategy(Orders, orders={})
    cerebro.run()
    figure = cerebro.plot(use="agg", style="candle")[0][0]
    figure.canvas.draw()
    panes = [pane for pane in figure.axes if pane.patches or pane.collections]
    assert panes
    assert all(pane.get_xlim()[0] < 0.0 < pane.get_xlim()[1] for pane in panes)
    plt.close("all")


def test_a_notebooks_own_backend_is_kept(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    plt.switch_backend("svg")
    cerebro = make(Cerebro)
    cerebro.addstrategy(Orders, orders={})
    cerebro.run()
    cerebro.plot()
    assert matplotlib.get_backend() == "svg"
    plt.close("all")
    plt.switch_backend("agg")
