"""Backtests over prices in memory: the decisions of `run` on the same bars, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.contracts import DataRequest
from tradewind.errors import ConfigError, DataError, UserError
from tradewind.registry import load_class

CONFIG = Path(__file__).parents[2] / "configs" / "high_52w.yaml"
IDEA = {"sleeves": [{"strategy": "buy_and_hold", "sizer": "equal_weight"}]}


def closes(bars: int = 30, symbols: tuple[str, ...] = ("AA", "BB")) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    values = 20.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (bars, len(symbols))), axis=0))
    return pd.DataFrame(values, index=pd.bdate_range("2024-01-01", periods=bars), columns=list(symbols))


def candles() -> dict[str, pd.DataFrame]:
    close = closes()
    open_ = close.shift(1).fillna(close)
    high, low = np.maximum(open_, close) + 0.1, np.minimum(open_, close) - 0.1
    return {"open": open_, "high": high, "low": low, "close": close, "volume": close * 0 + 1e6}


def test_decisions_are_those_of_run_on_the_same_bars() -> None:
    from tradewind_plugins.feeds.sample import Sample

    ran = tradewind.run(CONFIG, start="2015-01-01", end="2018-12-31", runs_directory=None)
    request = DataRequest(
        start=pd.Timestamp("2015-01-01").date(),
        end=pd.Timestamp("2018-12-31").date(),
        references=dict(ran.config["data"].get("references", {})),
    )
    made = tradewind.backtest(CONFIG, Sample().history(request))
    assert made.decision_hash == ran.decision_hash
    pd.testing.assert_series_equal(made.equity, ran.equity["equity"])
    assert made.metrics["cagr"] == ran.metrics["cagr"]


def test_tables_by_field_and_by_symbol_are_the_same_prices() -> None:
    by_field = candles()
    by_symbol = {
        symbol: pd.DataFrame({name.title(): table[symbol] for name, table in by_field.items()})
        for symbol in ("AA", "BB")
    }
    assert tradewind.backtest(IDEA, by_field).decision_hash == tradewind.backtest(IDEA, by_symbol).decision_hash


def test_symbols_with_dates_of_their_own_are_aligned_on_the_union() -> None:
    close = closes()
    prices = {"AA": close[["AA"]].set_axis(["close"], axis=1), "BB": close[["BB"]].set_axis(["close"], axis=1).iloc[5:]}
    result = tradewind.backtest(IDEA, prices)
    assert len(result.equity) == 30
    assert result.fills.groupby("symbol")["bar"].min().to_dict() == {"AA": 1, "BB": 6}


def test_a_zone_is_converted_to_utc() -> None:
    prices = closes().tz_localize("America/New_York")
    assert tradewind.backtest(IDEA, prices).equity.index[0] == pd.Timestamp("2024-01-01 05:00")


def test_overrides_instruments_and_references_count() -> None:
    whole = tradewind.Instrument(symbol="AA", lot_size=1.0)
    result = tradewind.backtest(
        IDEA,
        closes(),
        overrides=["account.cash=1000"],
        instruments=[whole],
        references={"benchmark": closes()["BB"].rename("INDEX")},
    )
    assert result.account["equity"].iloc[0] == 1000.0
    bought = result.fills.set_index("symbol")["quantity"]
    assert bought["AA"] == int(bought["AA"])
    assert bought["BB"] != int(bought["BB"])


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({}, "there are no tables"),
        (closes().reset_index(drop=True), "label them with timestamps"),
        (closes().iloc[::-1], "out of order or twice"),
        (closes() * -1, "a price must be above 0"),
        ({"close": closes(), "open": closes().iloc[1:]}, "the table 'open' has 29 rows"),
        ({"close": closes(), "open": closes()[["BB", "AA"]]}, "the same order"),
        ({"AA": closes().rename(columns={"AA": "closing"})}, "no column 'close'"),
        (closes().astype(object).replace(closes().iloc[0, 0], "x"), "holds what is no number"),
    ],
)
def test_prices_that_cannot_be_used_are_refused(prices: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        tradewind.backtest(IDEA, prices)  # type: ignore[arg-type]


def test_an_unknown_key_and_what_is_no_yaml_are_refused() -> None:
    with pytest.raises(ConfigError, match="sleevs"):
        tradewind.backtest({"sleevs": []}, closes())
    with pytest.raises(UserError, match="holds what YAML has no word for"):
        tradewind.backtest({"sleeves": object()}, closes())


CROSS = '''
import backtrader as bt


class Cross(bt.Strategy):
    params = (("period", 3),)

    def __init__(self):
        self.cross = bt.ind.CrossOver(self.data.close, bt.ind.SMA(period=self.p.period))

    def next(self):
        if self.cross > 0:
            self.buy(size=10)
        elif self.cross < 0:
            self.close()
'''


def test_a_backtrader_strategy_has_the_equity_of_stock_backtrader(tmp_path: Path) -> None:
    (tmp_path / "cross.py").write_text(CROSS)
    prices = candles()
    result = tradewind.backtest(
        {"strategy": {"backtrader": str(tmp_path / "cross.py") + ":Cross"}, "account": {"cash": 1000.0}}, prices
    )
    assert result.equity.to_list() == stock_values(tmp_path, {name: table["AA"] for name, table in prices.items()})
    assert result.final_equity == result.account["equity"].iloc[-1] != 1000.0
    assert f"{result.final_equity:.2f}" in repr(result)


def stock_values(folder: Path, prices: dict[str, pd.Series]) -> list[float]:
    values = []

    class Values(bt.Analyzer):
        def next(self) -> None:
            values.append(self.strategy.broker.getvalue())

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(1000.0)
    cerebro.adddata(bt.feeds.PandasData(dataname=pd.DataFrame(prices)))
    cerebro.addstrategy(load_class("./cross.py:Cross", folder))
    cerebro.addanalyzer(Values)
    cerebro.run()
    return values
