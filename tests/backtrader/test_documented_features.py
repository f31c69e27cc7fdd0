"""Timeframes, filters, optimisation and the strategy's life do what the documentation says, on both Cerebros."""

import csv
import datetime as dt

import backtrader as bt
import pytest

from tests.backtrader.known import Orders, feed, make

DAYS, WEEKS, MINUTES = bt.TimeFrame.Days, bt.TimeFrame.Weeks, bt.TimeFrame.Minutes


class Sees(bt.Strategy):
    """Notes the lengths and closes of all feeds on every call of `prenext` and `next`."""

    def __init__(self):
        self.seen = []

    def prenext(self):
        self.note("prenext")

    def next(self):
        self.note("next")

    def note(self, call):
        self.seen.append((call, *((len(data), data.close[0]) if len(data) else None for data in self.datas)))


def seen(cerebro):
    cerebro.addstrategy(Sees)
    return cerebro.run()[0].seen


TEN_DAYS = [float(price) for price in range(10, 20)]  # Monday 2021-03-01 to Friday 2021-03-12


def test_resampling_days_to_weeks_delivers_a_week_when_it_is_over(cerebro_class):
    cerebro = make(cerebro_class, feed(TEN_DAYS, every="B"))
    cerebro.resampledata(cerebro.datas[0], timeframe=WEEKS, name="weeks")
    found = seen(cerebro)
    assert found[:5] == [("prenext", (day, TEN_DAYS[day - 1]), None) for day in range(1, 6)]
    assert found[5:10] == [("next", (day, TEN_DAYS[day - 1]), (1, 14.0)) for day in range(6, 11)]
    assert found[10:] == [("next", (10, 19.0), (2, 19.0))]  # the data's end delivers what is left


def test_replaying_days_as_weeks_grows_the_week_day_by_day(cerebro_class):
    cerebro = make(cerebro_class)
    cerebro.datas.clear()
    cerebro.replaydata(feed(TEN_DAYS, every="B"), timeframe=WEEKS, name="weeks")
    found = seen(cerebro)
    assert [length for _, (length, _) in found] == [1] * 5 + [2] * 5
    assert [close for _, (_, close) in found] == TEN_DAYS


def test_resampling_minutes_to_hours_takes_first_high_low_last_and_sum(cerebro_class):
    class Last(bt.Strategy):
        def next(self):
            data = self.data
            self.hours = [*getattr(self, "hours", []), [line[0] for line in data.lines][:5]]

    cerebro = make(cerebro_class)
    cerebro.datas.clear()
    minutes = feed(range(10, 22), start="2021-03-01 09:15", every="15min", timeframe=MINUTES, compression=15)
    cerebro.resampledata(minutes, timeframe=MINUTES, compression=60)
    cerebro.addstrategy(Last)
    hours = cerebro.run()[0].hours
    # lines: close, low, high, open, volume
    assert hours == [[13.0, 10.0, 13.0, 10.0, 400.0], [17.0, 14.0, 17.0, 14.0, 400.0], [21.0, 18.0, 21.0, 18.0, 400.0]]


def test_two_timeframes_may_come_as_two_feeds_and_be_coupled(cerebro_class):
    class Coupled(bt.Strategy):
        def __init__(self):
            self.above = self.data0.close > self.data1.close()
            self.seen = []

        def next(self):
            self.seen.append((len(self.data1), self.above[0]))

    weeks = feed([12.5, 16.0], start="2021-03-05", every="W-FRI", timeframe=WEEKS)
    cerebro = make(cerebro_class, feed(TEN_DAYS, every="B", timeframe=DAYS), weeks)
    cerebro.addstrategy(Coupled)
    found = cerebro.run(runonce=False)[0].seen
    assert found == [(1, 1.0)] * 5 + [(2, 1.0)]


def test_a_late_feed_holds_next_back_until_it_delivers(cerebro_class):
    found = seen(make(cerebro_class, feed(TEN_DAYS), feed([5.0] * 4, start="2021-03-04")))
    assert [call for call, *_ in found] == ["prenext"] * 3 + ["next"] * 7
    assert found[3] == ("next", (4, 13.0), (1, 5.0))
    assert found[-1] == ("next", (10, 19.0), (4, 5.0))


def test_nextstart_is_called_once_when_all_minimum_periods_are_met(cerebro_class):
    class Counts(bt.Strategy):
        def __init__(self):
            self.calls = []
            slow = bt.ind.SMA(bt.ind.SMA(self.data, period=3), period=2)
            self.slow = slow

        def prenext(self):
            self.calls.append("prenext")

        def nextstart(self):
            self.calls.append("nextstart")

        def next(self):
            self.calls.append(self.slow[0])

    cerebro = make(cerebro_class, feed(TEN_DAYS[:6]))
    cerebro.addstrategy(Counts)
    assert cerebro.run()[0].calls == ["prenext"] * 3 + ["nextstart", 12.5, 13.5]


def test_feeds_are_found_by_name(cerebro_class):
    class Looks(bt.Strategy):
        def next(self):
            self.found = (self.getdatabyname("S1") is self.data1, self.getdatanames(), self.dnames.S0 is self.data0)

    cerebro = make(cerebro_class, feed(), feed())
    cerebro.addstrategy(Looks)
    assert cerebro.run()[0].found == (True, ["S0", "S1"], True)


def test_runstop_ends_the_run_after_the_bar(cerebro_class):
    class Stops(Sees):
        def next(self):
            super().next()
            if len(self) == 3:
                self.env.runstop()

        def stop(self):
            self.seen.append("stop")

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Stops)
    found = cerebro.run()[0].seen
    assert [entry if isinstance(entry, str) else entry[1][0] for entry in found] == [1, 2, 3, "stop"]


def test_a_skipped_strategy_does_not_run(cerebro_class):
    class Skips(Orders):
        def __init__(self):
            raise bt.errors.StrategySkipError

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Skips)
    cerebro.addstrategy(Orders, orders={1: 5})
    assert len(cerebro.run()) == 1


class Holding(Orders):
    """Buys a number of pieces that an optimisation varies; at module level, where other processes find it."""

    params = (("pieces", 1),)

    def __init__(self):
        super().__init__()
        self.p.orders = {1: self.p.pieces}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("optreturn", "optdatas"), [(True, True), (False, False)])
def test_an_optimisation_runs_every_point_once(cerebro_class, processes, optreturn, optdatas):
    cerebro = make(cerebro_class)
    done = []
    cerebro.optcallback(done.append)
    cerebro.optstrategy(Holding, pieces=range(1, 5))
    cerebro.addanalyzer(bt.analyzers.TimeReturn, _name="years", timeframe=bt.TimeFrame.Years)
    runs = cerebro.run(maxcpus=processes, optreturn=optreturn, optdatas=optdatas)
    ends = {run[0].p.pieces: next(iter(run[0].analyzers.years.get_analysis().values())) for run in runs}
    assert ends == {pieces: pytest.approx(pieces * 2.0 / 1000) for pieces in range(1, 5)}
    assert len(done) == 4
    assert all(isinstance(run[0], bt.cerebro.OptReturn) == optreturn for run in runs)


def test_optimising_over_two_parameters_takes_their_product(cerebro_class):
    cerebro = make(cerebro_class)
    cerebro.optstrategy(Holding, pieces=(1, 2), orders=({}, {2: 1}))
    assert len(cerebro.run(maxcpus=1)) == 4


def test_generic_csv_reads_columns_formats_and_missing_values(cerebro_class, tmp_path):
    file = tmp_path / "prices.csv"
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream, delimiter=";")
        rows.writerow(["date", "close", "open", "high", "low"])
        rows.writerow(["01.03.2021", "10.5", "10", "11", "9"])
        rows.writerow(["02.03.2021", "", "11", "12", "10"])
        rows.writerow(["03.03.2021", "12.5", "12", "13", "11"])
    data = bt.feeds.GenericCSVData(
        dataname=str(file),
        dtformat="%d.%m.%Y",
        separator=";",
        nullvalue=7.0,
        close=1,
        open=2,
        high=3,
        low=4,
        volume=-1,
        openinterest=-1,
        fromdate=dt.datetime.fromisoformat("2021-03-02"),
    )
    assert seen(make(cerebro_class, data)) == [("next", (1, 7.0)), ("next", (2, 12.5))]


def test_a_frame_with_more_lines_feeds_a_subclass_that_names_them(cerebro_class):
    class WithYield(bt.feeds.PandasData):
        lines = ("dividend",)
        params = (("dividend", -1),)

    class Reads(bt.Strategy):
        def next(self):
            self.total = getattr(self, "total", 0.0) + self.data.dividend[0]

    table = feed().p.dataname.assign(Dividend=[0.0, 0.5, 0.0, 0.25, 0.0])
    cerebro = make(cerebro_class, WithYield(dataname=table))
    cerebro.addstrategy(Reads)
    assert cerebro.run()[0].total == 0.75


def test_from_and_to_dates_cut_a_frame(cerebro_class):
    day = dt.datetime.fromisoformat
    data = feed(TEN_DAYS, fromdate=day("2021-03-03"), todate=day("2021-03-05"))
    assert [close for _, (_, close) in seen(make(cerebro_class, data))] == [12.0, 13.0, 14.0]


def test_a_simple_filter_drops_bars(cerebro_class):
    data = feed(TEN_DAYS)
    data.addfilter_simple(lambda bar: bar.close[0] % 2 == 1)
    assert [close for _, (_, close) in seen(make(cerebro_class, data))] == [10.0, 12.0, 14.0, 16.0, 18.0]


def test_the_heikin_ashi_filter_opens_in_the_middle_of_the_bar_before(cerebro_class):
    class Opens(bt.Strategy):
        def next(self):
            self.seen = [*getattr(self, "seen", []), (self.data.open[0], self.data.close[0])]

    data = feed((10.0, 14.0, 12.0))
    data.addfilter(bt.filters.HeikinAshi)
    cerebro = make(cerebro_class, data)
    cerebro.addstrategy(Opens)
    assert cerebro.run()[0].seen == [(10.0, 10.0), (10.0, 14.0), (12.0, 12.0)]


def test_order_history_is_executed_as_it_was(cerebro_class):
    cerebro = make(cerebro_class)
    cerebro.addstrategy(Orders, orders={})
    cerebro.add_order_history([["2021-03-02", 10, 10.5], ["2021-03-04", -10, 11.5]], notify=True)
    strategy = cerebro.run()[0]
    assert [(size, price) for _, size, price in strategy.fills] == [(10, 10.5), (-10, 11.5)]
    assert cerebro.broker.getvalue() == 1010.0


def test_cheat_on_close_fills_at_the_close_of_the_deciding_bar(cerebro_class):
    cerebro = make(cerebro_class)
    cerebro.broker.set_coc(True)
    cerebro.addstrategy(Orders, orders={2: 10})
    assert cerebro.run()[0].fills == [(3, 10, 11.0)]


def test_indicators_of_talib_agree_with_talib(cerebro_class):
    talib = pytest.importorskip("talib")
    import numpy as np

    class Measures(bt.Strategy):
        def __init__(self):
            self.rsi = bt.talib.RSI(self.data.close, timeperiod=3)

        def next(self):
            self.seen = [*getattr(self, "seen", []), self.rsi[0]]

    closes = [10.0, 11.0, 10.5, 12.0, 11.0, 13.0, 12.5, 14.0]
    cerebro = make(cerebro_class, feed(closes))
    cerebro.addstrategy(Measures)
    expected = talib.RSI(np.array(closes), timeperiod=3)
    assert cerebro.run()[0].seen == pytest.approx(expected[3:].tolist())


def test_a_broker_of_the_users_own_is_kept(cerebro_class):
    class Generous(bt.brokers.BackBroker):
        def start(self):
            super().start()
            self.add_cash(500.0)

    cerebro = make(cerebro_class)
    cerebro.broker = Generous(cash=2000.0)
    cerebro.addstrategy(Orders, orders={1: 1})
    strategy = cerebro.run()[0]
    assert strategy.path[0] == (2500.0, 2500.0)
    assert type(cerebro.broker) is Generous
