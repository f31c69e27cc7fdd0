"""Feeds loaded by columns hold what Backtrader loads row by row."""

import datetime as dt
import io

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from tests.engine.drop_in.helpers import lines_of, outcome, prices
from tradewind.engine import Cerebro
from tradewind.engine.drop_in import day_numbers, preload


class WithRatio(bt.feeds.PandasData):
    """A feed with a line of its own."""

    lines = ("ratio",)
    params = (("ratio", -1),)


def zoned():
    return prices(60, 3, frequency="7h").tz_localize("America/New_York")


def renamed():
    frame = prices(40, 4).rename(columns=str.upper)
    return frame.rename(columns={"CLOSE": "last"})


def columned():
    return prices(40, 5, frequency="13min").rename_axis("when").reset_index()


def odd():
    frame = prices(50, 6, frequency="1234567ms")
    frame.loc[frame.index[7], ["open", "close"]] = np.nan
    frame["volume"] = frame["volume"].astype("int64") * 10**15
    frame["ratio"] = frame["close"].astype("float32")
    return frame


CASES = {
    "daily": (bt.feeds.PandasData, prices(30, 1), {}, True),
    "from and to": (
        bt.feeds.PandasData, prices(90, 2),
        {"fromdate": dt.datetime.fromisoformat("2020-01-15"), "todate": dt.date(2020, 3, 2)}, True,
    ),
    "not in order": (bt.feeds.PandasData, prices(60, 2).iloc[::-1], {"fromdate": dt.date(2020, 3, 2)}, True),
    "zone": (bt.feeds.PandasData, zoned(), {"fromdate": dt.datetime.fromisoformat("2020-01-05")}, True),
    "names": (bt.feeds.PandasData, renamed(), {"close": "last", "volume": None}, True),
    "numbers": (bt.feeds.PandasData, prices(30, 1), {"close": 0, "open": 3}, True),
    "time in a column": (bt.feeds.PandasData, columned(), {"datetime": "when"}, True),
    "parts of seconds": (WithRatio, odd(), {}, True),
    "integers": (bt.feeds.PandasData, prices(30, 1).round().astype("int32"), {}, True),
    "nothing": (bt.feeds.PandasData, prices(30, 1), {"fromdate": dt.datetime.fromisoformat("2030-01-01")}, True),
    "nullable": (bt.feeds.PandasData, prices(30, 1).astype("Float64"), {}, False),
    "input zone": (bt.feeds.PandasData, prices(30, 1), {"tzinput": dt.UTC}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_columns_are_the_rows(name, monkeypatch):
    kind, frame, parameters, by_column = CASES[name]
    loaded = []
    monkeypatch.setattr(preload, "_fill", lambda *given, fill=preload._fill: (loaded.append(given), fill(*given)))

    def build(cerebro):
        cerebro.adddata(kind(dataname=frame, **parameters), name="a")

    _, ours = outcome(Cerebro, build)
    _, stock = outcome(bt.Cerebro, build)
    (one,), (other,) = ours.datas, stock.datas
    np.testing.assert_equal(lines_of(one), lines_of(other))
    assert (len(one), one._idx) == (len(other), other._idx)
    assert bool(loaded) is by_column
    assert "preload" not in vars(one)


def test_a_filtered_feed_is_filtered():
    def skip_mondays(data):
        if data.datetime.date(0).weekday() == 0:
            data.backwards()
            return True
        return False

    def build(cerebro):
        data = bt.feeds.PandasData(dataname=prices(40, 1))
        data.addfilter(skip_mondays)
        cerebro.adddata(data, name="a")

    ours, cerebro = outcome(Cerebro, build)
    stock, _ = outcome(bt.Cerebro, build)
    assert cerebro.path.fast
    assert len(cerebro.datas[0]) == 32
    np.testing.assert_equal(ours, stock)


def test_a_file_of_comma_separated_values_takes_the_fast_loop():
    def build(cerebro):
        text = io.StringIO(prices(40, 1).to_csv(date_format="%Y-%m-%d"))
        cerebro.adddata(bt.feeds.GenericCSVData(dataname=text, dtformat="%Y-%m-%d", name="a", openinterest=-1))

    ours, cerebro = outcome(Cerebro, build)
    stock, _ = outcome(bt.Cerebro, build)
    assert cerebro.path.fast
    np.testing.assert_equal(ours, stock)


def test_numbers_of_times_are_backtraders():
    index = pd.date_range("1969-12-30 23:59:59.999999", periods=3000, freq="13h7min1s1234us")
    assert day_numbers(index.to_numpy()).tolist() == [bt.date2num(stamp.to_pydatetime()) for stamp in index]
