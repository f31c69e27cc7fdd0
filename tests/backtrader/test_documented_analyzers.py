"""Every analyzer's numbers, computed here from their documented formulas, on both Cerebros.

Fifty pieces bought at 11: the account goes 1000, 1000, 1050, 1000, 1100.
"""

import datetime as dt
import math
import statistics

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from tests.backtrader.known import Orders, analysis, feed, make

DAYS = bt.TimeFrame.Days
VALUES = [1000.0, 1000.0, 1050.0, 1000.0, 1100.0]
RETURNS = [after / before - 1.0 for before, after in zip([1000.0, *VALUES], VALUES, strict=False)]
DATES = [dt.date(2021, 3, day) for day in range(1, 6)]
TIMES = [dt.datetime.combine(date, dt.time()) for date in DATES]


@pytest.fixture
def bought(cerebro_class):
    cerebro = make(cerebro_class)
    cerebro.addstrategy(Orders, orders={1: 50})
    return cerebro


@pytest.fixture
def traded(cerebro_class):
    """Trades that win 10, lose 20 and win 60."""
    closes = [10, 10, 11, 11, 9, 9, 15, 15, 15, 15]
    cerebro = make(cerebro_class, feed(closes))
    cerebro.addstrategy(Orders, orders={1: 10, 2: -10, 3: 10, 4: -10, 5: 10, 6: -10})
    return cerebro


def test_the_account_is_worth_what_the_hand_says(bought):
    assert [value for _, value in bought.run()[0].path] == VALUES


def test_annual_return(bought):
    assert analysis(bought, bt.analyzers.AnnualReturn) == {2021: pytest.approx(0.1)}


def test_time_return_by_day(bought):
    found = analysis(bought, bt.analyzers.TimeReturn, timeframe=DAYS)
    assert list(found) == TIMES
    assert list(found.values()) == pytest.approx(RETURNS)


def test_time_return_of_a_feed(bought):
    asset = bought.datas[0]
    found = analysis(bought, bt.analyzers.TimeReturn, timeframe=DAYS, data=asset)
    assert list(found.values())[1:] == pytest.approx([0.1, 1 / 11, -1 / 12, 2 / 11])


def test_log_returns(bought):
    found = analysis(bought, bt.analyzers.LogReturnsRolling, timeframe=DAYS)
    assert list(found.values()) == pytest.approx(np.log1p(RETURNS))


def test_returns(bought):
    found = analysis(bought, bt.analyzers.Returns, timeframe=DAYS, tann=252)
    total = math.log(1.1)
    assert found["rtot"] == pytest.approx(total)
    assert found["ravg"] == pytest.approx(total / 5)
    assert found["rnorm"] == pytest.approx(math.expm1(total / 5 * 252))
    assert found["rnorm100"] == pytest.approx(100 * math.expm1(total / 5 * 252))


def test_draw_down(bought):
    found = analysis(bought, bt.analyzers.DrawDown)
    assert found["max"] == {"len": 1, "drawdown": pytest.approx(100 * 50 / 1050), "moneydown": 50.0}
    assert (found["len"], found["drawdown"], found["moneydown"]) == (0, 0.0, 0.0)


def test_time_draw_down(bought):
    found = analysis(bought, bt.analyzers.TimeDrawDown, timeframe=DAYS)
    assert found == {"maxdrawdown": pytest.approx(100 * 50 / 1050), "maxdrawdownperiod": 1}


def test_calmar(bought):
    found = analysis(bought, bt.analyzers.Calmar, timeframe=DAYS, period=4)
    window = [1050.0, 1000.0, 1100.0, 1100.0]  # Backtrader notes the last value once more at the end
    growth = math.log(window[-1] / window[0]) / 4
    assert list(found.values())[-1] == pytest.approx(growth / (100 * 50 / 1050))


def test_gross_leverage(bought):
    found = analysis(bought, bt.analyzers.GrossLeverage)
    assert list(found.values()) == pytest.approx([0.0, 550 / 1000, 600 / 1050, 550 / 1000, 650 / 1100])


def test_positions_value(bought):
    found = analysis(bought, bt.analyzers.PositionsValue, headers=True, cash=True)
    header, *rows = found.values()
    assert header == ["S0", "cash"]
    assert rows == [[0.0, 1000.0], [550.0, 450.0], [600.0, 450.0], [550.0, 450.0], [650.0, 450.0]]


def test_transactions(bought):
    assert analysis(bought, bt.analyzers.Transactions) == {TIMES[1]: [[50, 11.0, 0, "S0", -550.0]]}


def test_period_stats(bought):
    found = analysis(bought, bt.analyzers.PeriodStats, timeframe=DAYS)
    assert found["average"] == pytest.approx(statistics.fmean(RETURNS))
    assert found["stddev"] == pytest.approx(statistics.pstdev(RETURNS))
    assert (found["positive"], found["negative"], found["nochange"]) == (2, 1, 2)
    assert (found["best"], found["worst"]) == pytest.approx((max(RETURNS), min(RETURNS)))


@pytest.mark.parametrize("sample", [False, True])
def test_sharpe_ratio(bought, sample):
    found = analysis(
        bought, bt.analyzers.SharpeRatio, timeframe=DAYS, riskfreerate=0.0, annualize=False, stddev_sample=sample
    )
    spread = statistics.stdev(RETURNS) if sample else statistics.pstdev(RETURNS)
    assert found["sharperatio"] == pytest.approx(statistics.fmean(RETURNS) / spread)


def test_annualised_sharpe_ratio_with_a_riskless_rate(bought):
    found = analysis(bought, bt.analyzers.SharpeRatio_A, timeframe=DAYS, riskfreerate=0.05)
    daily_rate = 1.05 ** (1 / 252) - 1
    excess = [change - daily_rate for change in RETURNS]
    ratio = statistics.fmean(excess) / statistics.pstdev(excess)
    assert found["sharperatio"] == pytest.approx(math.sqrt(252) * ratio)


def test_variability_weighted_return(bought):
    found = analysis(bought, bt.analyzers.VWR, timeframe=DAYS, tau=2.0, sdev_max=0.2, tann=252)
    growth = math.log(1.1) / 5
    annual = 100 * math.expm1(growth * 252)
    starts = [1000.0, *VALUES[:-1]]  # Backtrader measures each period from its own start, not from the run's
    periods = enumerate(zip(starts, VALUES, strict=True), 1)
    away = [after / (before * math.exp(growth * number)) - 1 for number, (before, after) in periods]
    spread = statistics.stdev(away)
    assert found["vwr"] == pytest.approx(annual * (1 - (spread / 0.2) ** 2.0), rel=1e-6)


def test_system_quality_number(traded):
    found = analysis(traded, bt.analyzers.SQN)
    results = [10.0, -20.0, 60.0]
    quality = math.sqrt(3) * statistics.fmean(results) / statistics.pstdev(results)
    assert found == {"sqn": pytest.approx(quality), "trades": 3}


def test_trade_analyzer(traded):
    found = analysis(traded, bt.analyzers.TradeAnalyzer)
    assert found["total"] == {"total": 3, "open": 0, "closed": 3}
    assert found["streak"] == {"won": {"current": 1, "longest": 1}, "lost": {"current": 0, "longest": 1}}
    assert found["pnl"]["net"] == {"total": 50.0, "average": pytest.approx(50 / 3)}
    assert found["won"] == {"total": 2, "pnl": {"total": 70.0, "average": 35.0, "max": 60.0}}
    assert found["lost"] == {"total": 1, "pnl": {"total": -20.0, "average": -20.0, "max": -20.0}}
    assert (found["long"]["total"], found["short"]["total"]) == (3, 0)
    assert found["len"]["total"] == 3


def test_pyfolio_gives_the_frames_pyfolio_takes(bought):
    bought.addanalyzer(bt.analyzers.PyFolio, _name="it")
    returns, positions, transactions, leverage = bought.run()[0].analyzers.it.get_pf_items()
    assert returns.tolist() == pytest.approx(RETURNS)
    assert returns.index.equals(pd.DatetimeIndex(DATES, tz="UTC", name="index"))
    assert positions.columns.tolist() == ["S0", "cash"]
    assert positions["S0"].tolist() == [0.0, 550.0, 600.0, 550.0, 650.0]
    assert transactions[["amount", "price", "symbol", "value"]].to_numpy().tolist() == [[50, 11.0, "S0", -550.0]]
    assert leverage.tolist() == pytest.approx([0.0, 0.55, 600 / 1050, 0.55, 650 / 1100])


def test_analyzers_are_found_by_name_and_number_and_hold_children(cerebro_class):
    class Parent(bt.Analyzer):
        def __init__(self):
            self.inner = bt.analyzers.TimeReturn(timeframe=DAYS)

        def get_analysis(self):
            return {"inner": len(self.inner.get_analysis())}

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Orders, orders={})
    cerebro.addanalyzer(Parent)
    cerebro.addanalyzer(bt.analyzers.SQN, _name="quality")
    analyzers = cerebro.run()[0].analyzers
    assert analyzers[0].get_analysis() == {"inner": 5}
    assert analyzers.getbyname("quality") is analyzers.quality
    assert analyzers.getnames() == ["parent", "quality"]
