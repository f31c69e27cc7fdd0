"""What a run held and how its instruments moved with the market, never with what came later."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.research.stress.portfolios import scenario
from tradewind.errors import UserError
from tradewind.model import AssetClass, Bars, Instrument
from tradewind.research.stress.holdings import estimate_betas, holdings_of
from tradewind.research.stress.own_returns import replayed
from tradewind.testing.results import make_result


def walk(seed, count=600, columns=3):
    generator = np.random.default_rng(seed)
    market = np.exp(generator.normal(0.0, 0.01, count).cumsum())
    own = generator.normal(0.0, 0.01, (count, columns)).cumsum(axis=0)
    return np.exp(own + np.linspace(0.3, 1.7, columns) * np.log(market)[:, None]), market


def bars_of(result, closes, market, sector="Energy"):
    symbols = [str(name) for name in result.weights.columns]
    times = result.equity.index.to_numpy()
    index = Instrument(symbol="SPX", asset_class=AssetClass.INDEX)
    reference = Bars(timestamps=times, instruments=(index,), fields={"close": market[:, None]})
    return Bars(
        timestamps=times,
        instruments=tuple(Instrument(symbol=name, sector=sector) for name in symbols),
        fields={"close": closes},
        references={} if market is None else {"benchmark": reference},
    )


def test_a_beta_is_the_slope_of_a_regression_over_the_window():
    closes, market = walk(1)
    rows = np.array([300, 450, 599])
    found = estimate_betas(closes, market, rows, window=252)
    moves, market_moves = closes[1:] / closes[:-1] - 1.0, market[1:] / market[:-1] - 1.0
    for number, row in enumerate(rows):
        for column in range(3):
            slope, _ = np.polyfit(market_moves[row - 252 : row], moves[row - 252 : row, column], 1)
            assert found[number, column] == pytest.approx(slope, rel=1e-9)


def test_later_prices_change_no_beta():
    closes, market = walk(2)
    rows = np.array([100, 300])
    before = estimate_betas(closes, market, rows)
    closes, market = closes.copy(), market.copy()
    closes[301:] *= 7.0
    market[301:] = np.nan
    assert estimate_betas(closes, market, rows).tolist() == before.tolist()


def test_missing_bars_do_not_count_and_too_few_returns_give_no_beta():
    closes, market = walk(3)
    gapped = closes.copy()
    gapped[200:210, 0] = np.nan
    gapped[:545, 1] = np.nan
    found = estimate_betas(gapped, market, np.array([599]), window=599)[0]
    kept = np.r_[0:199, 210:599]
    moves, market_moves = closes[1:, 0] / closes[:-1, 0] - 1.0, market[1:] / market[:-1] - 1.0
    assert found[0] == pytest.approx(np.polyfit(market_moves[kept], moves[kept], 1)[0], rel=1e-9)
    assert np.isnan(found[1])
    assert np.isfinite(found[2])
    assert np.isnan(estimate_betas(closes, np.ones(600), np.array([599]))).all()


def test_the_index_has_a_beta_of_one_and_many_columns_are_those_of_each():
    closes, market = walk(4, columns=150)
    closes[:, 0] = market
    found = estimate_betas(closes, market, np.array([599]))
    assert found[0, 0] == pytest.approx(1.0)
    alone = [estimate_betas(closes[:, [one]], market, np.array([599]))[0, 0] for one in range(150)]
    assert found[0].tolist() == alone


def test_dates_are_counted_back_from_the_last_bar():
    result = make_result()
    closes, market = walk(5, len(result.equity), result.weights.shape[1])
    holdings = holdings_of(result, bars_of(result, closes, market), every_bars=50)
    assert holdings.times[-1] == result.equity.index[-1]
    assert (np.diff(result.equity.index.get_indexer(holdings.times)) == 50).all()
    assert holdings.equity[-1] == result.equity["equity"].iloc[-1]
    worst = 1.0 - result.equity["equity"] / result.equity["equity"].cummax()
    assert holdings.drawdown == pytest.approx(worst.loc[holdings.times].to_numpy())
    assert set(holdings.sectors) == {"Energy"}
    assert np.isfinite(holdings.betas[-1]).all()
    for column, symbol in enumerate(holdings.symbols):
        assert holdings.weights[:, column].tolist() == result.weights.loc[holdings.times, symbol].tolist()


def test_without_prices_betas_are_unknown_and_sectors_empty():
    holdings = holdings_of(make_result(), None)
    assert np.isnan(holdings.betas).all()
    assert set(holdings.sectors) == {""}


def test_an_empty_run_one_without_money_and_one_without_values_are_refused():
    result = make_result()
    with pytest.raises(UserError, match="has no bars"):
        holdings_of(dataclasses.replace(result, equity=result.equity.iloc[:0], weights=result.weights.iloc[:0]), None)
    ruined = result.equity.assign(equity=np.r_[result.equity["equity"].to_numpy()[:-1], -5.0])
    with pytest.raises(UserError, match=r"equity is -5\.00 at the last bar"):
        holdings_of(dataclasses.replace(result, equity=ruined), None)
    unknown = result.weights.copy()
    unknown.iloc[-1, 0] = np.nan
    with pytest.raises(UserError, match="1 positions without a value"):
        holdings_of(dataclasses.replace(result, weights=unknown), None)


def own_prices():
    times = pd.bdate_range("2020-02-10", "2020-04-30")
    closes = np.full((len(times), 3), 100.0)
    closes[times >= "2020-03-23", 0] = 80.0
    closes[times < "2020-03-01", 1] = np.nan
    closes[times >= "2020-02-20", 2] = 150.0
    instruments = tuple(Instrument(symbol=name) for name in ("DOWN", "NEW", "UP"))
    return Bars(timestamps=times.to_numpy(), instruments=instruments, fields={"close": closes})


def test_instruments_do_what_they_did_where_their_prices_reach_back():
    covid = scenario(market=-0.3, start="2020-02-19", end="2020-03-23", symbols={"UP": 0.1})
    one = replayed(covid, own_prices())
    assert one.shock("DOWN", "", AssetClass.EQUITY, 1.0) == (pytest.approx(-0.2), "own history")
    assert one.shock("NEW", "", AssetClass.EQUITY, 1.0) == (-0.3, "beta")
    assert one.shock("UP", "", AssetClass.EQUITY, 1.0) == (0.1, "symbol")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"start": "2019-02-19", "end": "2020-03-23"},
        {"start": "2020-02-19", "end": "2020-06-01"},
        {"start": "2020-02-19", "end": "2020-03-23", "path": {"unit": "moments", "returns": [-0.3]}},
    ],
)
def test_without_dates_within_a_day_or_out_of_reach_nothing_is_replayed(fields):
    assert replayed(scenario(market=-0.3, **fields), own_prices()) is None


def test_a_holiday_is_the_bar_before_it():
    weekend = scenario(market=-0.3, start="2020-02-22", end="2020-03-29")
    assert replayed(weekend, own_prices()).own_returns["DOWN"] == pytest.approx(-0.2)
