"""Backtests over prices in memory: the decisions of `run` on the same bars, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.contracts import DataRequest
from tradewind.errors import ConfigError, DataError, PluginError, UserError
from tradewind.registry import load_class

CONFIG = Path(__file__).parents[2] / "configs" / "high_52w.yaml"
IDEA = {"risk": False, "sleeves": [{"strategy": "buy_and_hold", "sizer": "equal_weight"}]}


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


CROSS = """
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
"""


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


PRICES = closes()


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (candles() | {"opne": PRICES}, None),
        ({"close": PRICES, "opne": PRICES}, "unknown field 'opne'. Did you mean 'open'?"),
        ({"close": PRICES, "o": PRICES}, "unknown field 'o'. Did you mean 'open'?"),
        ({"close": PRICES, "vol": PRICES}, "unknown field 'vol'. Did you mean 'volume'?"),
        (
            {"AA": pd.DataFrame({"close": PRICES["AA"], "hihg": PRICES["AA"]})},
            "unknown field 'hihg'. Did you mean 'high'?",
        ),
        ({"close": PRICES, "vwap": PRICES}, None),
        ({"AA": pd.DataFrame({"Close": PRICES["AA"], "Adj Close": PRICES["AA"]})}, None),
        ({"AA": pd.DataFrame({"Close": PRICES["AA"], "close": PRICES["AA"]})}, "the table of AA has 'close' twice"),
        (pd.DataFrame({"Open": PRICES["AA"], "Close": PRICES["AA"]}), r"name it: \{'AAPL': table\}"),
        (pd.concat({"Close": PRICES}, axis=1), "several levels"),
        (PRICES.set_axis(["AA", "AA"], axis=1), "two columns are named 'AA'"),
        (PRICES.to_numpy(), "received a ndarray; give a table of closes"),
        (PRICES["AA"], "received a Series; series.to_frame"),
        (None, "received a NoneType; give a table of closes"),
        ({"close": PRICES["AA"]}, "'close' is a Series, not a table"),
        ({"AA": PRICES["AA"].to_numpy()}, "'AA' is a ndarray, not a table"),
    ],
)
def test_other_fields_and_shapes_are_taken_or_refused(prices: object, message: str | None) -> None:
    if message is None:
        assert len(tradewind.backtest(IDEA, prices).equity) == 30  # type: ignore[arg-type]
        return
    with pytest.raises(DataError, match=message):
        tradewind.backtest(IDEA, prices)  # type: ignore[arg-type]


def test_names_of_fields_may_have_capitals() -> None:
    capital = {name.title(): table for name, table in candles().items()}
    assert tradewind.backtest(IDEA, capital).decision_hash == tradewind.backtest(IDEA, candles()).decision_hash


def test_a_field_of_ones_own_reaches_the_strategy_that_needs_it() -> None:
    class Cheap:
        """Own what closes below its average price."""

        needs = ("close", "vwap")

        def on_bar(self, market: tradewind.Market, portfolio: tradewind.Portfolio) -> tradewind.Targets:
            return tradewind.Targets(weights=np.where(market.current("close") < market.current("vwap"), 0.5, 0.0))

    above = closes() * [1.1, 0.9]
    result = tradewind.backtest({"strategy": Cheap}, {"close": closes(), "vwap": above})
    assert set(result.orders["symbol"]) == {"AA"}
    with pytest.raises(ConfigError, match="vwap"):
        tradewind.backtest({"strategy": Cheap}, closes())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"config": None}, UserError, r"config: received None; give a mapping"),
        ({"config": ["a.yaml"]}, UserError, r"config: received \['a.yaml'\] \(list\); give a mapping"),
        ({"config": {3: 4}}, UserError, r"config: a key must be text; received 3 \(int\)"),
        ({"references": {"benchmark": "SP500"}}, DataError, r"'benchmark' is 'SP500' \(str\); give the closes as a"),
        ({"references": {"benchmark": PRICES}}, DataError, "'benchmark' is a DataFrame; give one of its columns"),
        ({"references": {3: PRICES["AA"]}}, DataError, r"received the role 3 \(int\)"),
        ({"references": PRICES["AA"]}, DataError, "references: received a Series"),
        ({"references": {"vix": PRICES["AA"].astype(object).replace(PRICES.iloc[0, 0], "x")}}, DataError, "no number"),
        ({"instruments": ["A"]}, DataError, r"instruments: received 'A' \(str\); give tradewind\.Instrument"),
        ({"instruments": 3}, DataError, r"instruments: received 3 \(int\)"),
        ({"overrides": "account.cash=5"}, UserError, r"give a list of texts, as \['account\.cash=5'\]"),
        ({"overrides": [3]}, UserError, r"received 3 \(int\); give texts"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        tradewind.backtest(**{"config": IDEA, "prices": PRICES} | arguments)


def test_bars_have_their_own_instruments() -> None:
    bars = tradewind.Bars(
        timestamps=PRICES.index.to_numpy(),
        instruments=(tradewind.Instrument(symbol="AA"),),
        fields={"close": PRICES[["AA"]].to_numpy()},
    )
    with pytest.raises(DataError, match="bars have instruments and references of their own"):
        tradewind.backtest(IDEA, bars, instruments=[tradewind.Instrument(symbol="AA")])


@pytest.mark.parametrize("config", [None, 3, {"a": 1}, [3]])
def test_run_refuses_what_is_no_path(config: object) -> None:
    with pytest.raises(UserError, match=r"config: received .* path of a YAML file"):
        tradewind.run(config)  # type: ignore[arg-type]


class Mine:
    """Own the first symbol."""

    def __init__(self, weight: float = 0.5) -> None:
        self.weight = weight

    def on_bar(self, market: tradewind.Market, portfolio: tradewind.Portfolio) -> tradewind.Targets:
        return tradewind.Targets(weights=np.array([self.weight, 0.0]))


@pytest.mark.parametrize("strategy", [Mine, {"python": Mine}, {"python": Mine, "params": {"weight": np.float64(0.5)}}])
def test_a_class_is_a_strategy(strategy: object) -> None:
    shorthand = tradewind.backtest({"risk": False, "strategy": strategy}, PRICES)
    assert shorthand.weights["AA"].iloc[1] == pytest.approx(0.5, abs=0.02)
    full = tradewind.backtest({"risk": False, "sleeves": [{"strategy": strategy}]}, PRICES)
    assert shorthand.decision_hash == full.decision_hash


def test_classes_made_in_a_function_are_told_apart() -> None:
    def make(own: float) -> type:
        class Mine:
            def on_bar(self, market: tradewind.Market, portfolio: tradewind.Portfolio) -> tradewind.Targets:
                return tradewind.Targets(weights=np.array([own, 0.0]))

        return Mine

    for weight in (0.2, 0.7, 0.2):
        result = tradewind.backtest({"risk": False, "strategy": make(weight)}, PRICES)
        assert result.weights["AA"].iloc[1] == pytest.approx(weight, abs=0.02)
    low, high = make(0.1), make(0.3)
    sleeves = [{"name": str(n), "strategy": one, "share": 0.5} for n, one in enumerate((low, high))]
    config = {"risk": False, "sleeves": sleeves}
    assert tradewind.backtest(config, PRICES).weights["AA"].iloc[1] == pytest.approx(0.2, abs=0.02)


def test_a_backtrader_class_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "cross.py").write_text(CROSS)
    prices = {name: table[["AA"]] for name, table in candles().items()}
    kind = load_class("./cross.py:Cross", tmp_path)
    by_path = tradewind.backtest({"strategy": {"backtrader": f"{tmp_path / 'cross.py'}:Cross"}}, prices)
    for strategy in (kind, {"backtrader": kind, "params": {"period": 3}}):
        assert tradewind.backtest({"strategy": strategy}, prices).decision_hash == by_path.decision_hash


def test_a_class_of_a_script_is_found(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np, pandas as pd, tradewind\n"
        "class Mine:\n"
        "    def on_bar(self, market, portfolio):\n"
        "        return tradewind.Targets(weights=np.array([0.5]))\n"
        "prices = pd.DataFrame({'AA': [10.0, 10.0, 10.0]}, index=pd.date_range('2024-01-02', periods=3))\n"
        "print(tradewind.backtest({'strategy': Mine, 'risk': False}, prices).weights['AA'].round(1).tolist())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout == "[0.0, 0.5, 0.5]\n", done.stderr


def test_an_object_of_a_class_and_a_class_that_is_no_plugin_are_refused() -> None:
    with pytest.raises(UserError, match=r"strategy: holds what YAML has no word for: .* of Mine give the class itself"):
        tradewind.backtest({"strategy": Mine()}, PRICES)
    with pytest.raises(PluginError, match=r"sleeves\.0\.strategy: pathlib:Path: "):
        tradewind.backtest({"strategy": Path}, PRICES)
