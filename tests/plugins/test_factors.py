"""Factors against TA-Lib, pandas, hand computation, and their two forms against each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.errors import PluginError
from tradewind.testing import make_bars
from tradewind_plugins.factors import (
    Atr,
    AverageVolume,
    Ema,
    Macd,
    RealisedVolatility,
    Returns,
    Roc,
    RollingHigh,
    RollingLow,
    Rsi,
    Slope,
    Sma,
)

if TYPE_CHECKING:
    from tradewind.contracts import Factor
    from tradewind.model import Bars

SHARED = Path(os.environ.get("TRADEWIND_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
FACTORS: tuple[Factor, ...] = (
    Atr(3),
    AverageVolume(4),
    Ema(5),
    Macd(2, 4, 3),
    Macd(2, 4, 3, "line"),
    Macd(2, 4, 3, "signal"),
    RealisedVolatility(4),
    Returns(),
    Roc(3),
    RollingHigh(5),
    RollingHigh(1),
    RollingLow(5, "low"),
    Rsi(3),
    Slope(4, 3),
    Sma(6),
    Sma(4, "volume"),
)


def panel(count: int, symbols: int, *, holes: bool, seed: int = 1) -> Bars:
    generator = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.02, (count, symbols)), axis=0))
    fields = {
        "high": close * (1.0 + generator.uniform(0.0, 0.02, close.shape)),
        "low": close * (1.0 - generator.uniform(0.0, 0.02, close.shape)),
        "volume": generator.integers(1, 10**6, close.shape).astype(np.float64),
    }
    if holes:
        missing = generator.random(close.shape) < 0.15
        for column in range(symbols):
            missing[: generator.integers(0, count // 2 + 1), column] = True
        for values in (close, *fields.values()):
            values[missing] = np.nan
    return make_bars(close, **fields)


def stepped(factor: Factor, bars: Bars) -> np.ndarray:
    step = factor.start(len(bars.instruments))
    return np.array([step.step(row.fields) for row in bars.rows()])


@pytest.fixture(scope="module")
def long_panel() -> Bars:
    return panel(700, 3, holes=False)


@pytest.mark.parametrize("factor", FACTORS, ids=repr)
@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 45), symbols=st.integers(1, 4), holes=st.booleans(), seed=st.integers(0, 10**6))
def test_the_step_form_equals_the_batch_form_to_the_last_bit(
    factor: Factor, count: int, symbols: int, holes: bool, seed: int
) -> None:
    bars = panel(count, symbols, holes=holes, seed=seed)

    np.testing.assert_array_equal(stepped(factor, bars), factor.compute(bars), strict=True)


@pytest.mark.parametrize(
    "factor",
    [Atr(14), Ema(50), Macd(), RealisedVolatility(60), RollingHigh(252), RollingLow(252), Rsi(14), Slope(200, 20)],
    ids=repr,
)
def test_the_forms_agree_over_real_window_lengths_with_halts(factor: Factor) -> None:
    bars = panel(900, 5, holes=True)

    np.testing.assert_array_equal(stepped(factor, bars), factor.compute(bars), strict=True)


@pytest.mark.parametrize("factor", FACTORS, ids=repr)
def test_a_symbol_with_holes_has_the_values_of_its_own_bars_alone(factor: Factor) -> None:
    bars = panel(80, 3, holes=True)
    for column in range(3):
        present = np.isfinite(bars.fields["close"][:, column])
        alone = make_bars(
            bars.fields["close"][present, column],
            **{name: bars.fields[name][present, column] for name in ("high", "low", "volume")},
        )
        own = factor.compute(alone)[:, 0]

        held = factor.compute(bars)[:, column]
        np.testing.assert_array_equal(held[present], own)
        np.testing.assert_array_equal(held, pd.Series(np.where(present, held, np.nan)).ffill().to_numpy())


@pytest.mark.parametrize("factor", FACTORS, ids=repr)
def test_the_future_changes_nothing(factor: Factor) -> None:
    bars = panel(60, 3, holes=True)
    fields = {name: np.vstack([values[:40], values[40:] * 7.0]) for name, values in bars.fields.items()}
    close = fields.pop("close")

    np.testing.assert_array_equal(factor.compute(make_bars(close, **fields))[:40], factor.compute(bars)[:40])


@pytest.mark.parametrize(
    ("factor", "reference"),
    [
        (Sma(30), lambda high, low, close, volume: talib.SMA(close, 30)),
        (Ema(30), lambda high, low, close, volume: talib.EMA(close, 30)),
        (Rsi(14), lambda high, low, close, volume: talib.RSI(close, 14)),
        (Atr(14), lambda high, low, close, volume: talib.ATR(high, low, close, 14)),
        (Macd(output="signal"), lambda high, low, close, volume: talib.MACD(close)[1]),
        (Macd(), lambda high, low, close, volume: talib.MACD(close)[2]),
        (Roc(10), lambda high, low, close, volume: talib.ROCP(close, 10)),
        (RollingHigh(252), lambda high, low, close, volume: talib.MAX(close, 252)),
        (RollingLow(252, "low"), lambda high, low, close, volume: talib.MIN(low, 252)),
        (AverageVolume(20), lambda high, low, close, volume: talib.SMA(volume, 20)),
    ],
    ids=lambda value: repr(value) if not callable(value) else "talib",
)
def test_values_and_missing_values_are_those_of_ta_lib(factor: Factor, reference: object, long_panel: Bars) -> None:
    computed = factor.compute(long_panel)

    for column in range(3):
        inputs = [np.ascontiguousarray(long_panel.fields[n][:, column]) for n in ("high", "low", "close", "volume")]
        np.testing.assert_allclose(computed[:, column], reference(*inputs), rtol=1e-9, atol=1e-11)  # type: ignore[operator]


def test_the_macd_line_is_ta_libs_and_begins_at_the_slow_length(long_panel: Bars) -> None:
    computed = Macd(output="line").compute(long_panel)[:, 0]
    reference = talib.MACD(np.ascontiguousarray(long_panel.fields["close"][:, 0]))[0]

    assert np.flatnonzero(np.isfinite(computed))[0] == 25
    np.testing.assert_allclose(computed[33:], reference[33:], rtol=1e-9, atol=1e-11)


def test_volatility_is_the_sample_deviation_of_pandas_annualised(long_panel: Bars) -> None:
    close = pd.DataFrame(long_panel.fields["close"])
    expected = np.log(close / close.shift()).rolling(60).std(ddof=1) * np.sqrt(252)

    np.testing.assert_allclose(RealisedVolatility(60).compute(long_panel), expected, rtol=1e-10)
    np.testing.assert_allclose(
        RealisedVolatility(60, periods_per_year=12).compute(long_panel), expected * np.sqrt(12 / 252), rtol=1e-10
    )


def test_slope_is_the_relative_change_of_the_average_of_pandas(long_panel: Bars) -> None:
    average = pd.DataFrame(long_panel.fields["close"]).rolling(200).mean()

    np.testing.assert_allclose(
        Slope(200, 20).compute(long_panel), average.pct_change(20, fill_method=None), rtol=1e-8, atol=1e-12
    )


def test_the_published_rsi_numbers_are_met() -> None:
    path = SHARED / "oracles" / "ta_series.csv"
    if not path.exists():
        pytest.skip(f"needs the closes of TA-Lib's regression test at {path}")
    bars = make_bars(pd.read_csv(path)["close"].to_numpy())

    rsi = Rsi(14).compute(bars)[:, 0]
    average = Sma(2).compute(bars)[:, 0]

    # Printed truncated to two digits by TA-Lib's own regression test.
    np.testing.assert_allclose(rsi[[14, 15, 16, 251]], [49.14, 52.32, 46.07, 49.63], atol=0.01)
    np.testing.assert_allclose(average[[1, 251]], [93.15, 108.31], atol=0.01)
    assert np.isnan(rsi[:14]).all()


def test_log_returns_and_volatility_by_hand() -> None:
    bars = make_bars([100.0, 110.0, 99.0])

    np.testing.assert_allclose(Returns().compute(bars)[:, 0], [np.nan, 0.0953101798, -0.1053605157], rtol=1e-9)
    # Two returns a, b have the sample deviation |a - b| / sqrt(2).
    np.testing.assert_allclose(
        RealisedVolatility(2, 1).compute(bars)[:, 0], [np.nan, np.nan, 0.2006706955 / 2**0.5], rtol=1e-9
    )


def test_a_price_that_never_moves_has_no_volatility_and_an_even_index() -> None:
    bars = make_bars(np.full(40, 10.0))

    assert (RealisedVolatility(20).compute(bars)[20:] == 0.0).all()
    assert (Rsi(14).compute(bars)[14:] == 50.0).all()


def test_volatility_returns_to_exactly_nothing_after_a_storm() -> None:
    close = np.concatenate([100.0 * np.exp(np.cumsum(np.tile([0.3, -0.3], 50))), np.full(50, 100.0)])

    assert (RealisedVolatility(20).compute(make_bars(close))[-25:] == 0.0).all()


def test_the_average_does_not_drift_after_a_collapse_of_the_price() -> None:
    close = np.concatenate([np.full(400, 1e9 / 3.0), np.full(400, 1e-3)])

    np.testing.assert_allclose(Sma(200).compute(make_bars(close))[-100:], 1e-3, rtol=1e-13)


def test_returns_of_prices_that_are_not_positive_are_unknown() -> None:
    returns = Returns().compute(make_bars([1.0, 0.0, 2.0, -1.0, 3.0, 3.0]))[:, 0]

    np.testing.assert_array_equal(returns, [np.nan, np.nan, np.nan, np.nan, np.nan, 0.0])


def test_a_history_shorter_than_the_window_has_no_value() -> None:
    bars = panel(5, 2, holes=False)

    for factor in (
        Atr(14),
        Ema(6),
        Macd(),
        RealisedVolatility(20),
        Roc(5),
        RollingHigh(6),
        Rsi(5),
        Slope(4, 3),
        Sma(6),
    ):
        assert np.isnan(factor.compute(bars)).all(), factor


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sma(0), "factor Sma: bars is a number of bars, at least 1; received 0"),
        (lambda: Slope(10, -1), "factor Slope: over_bars is a number of bars, at least 1; received -1"),
        (lambda: RealisedVolatility(1), r"factor RealisedVolatility: bars is .*at least 2; received 1"),
        (lambda: Macd(26, 12), "fast must be shorter than slow; received fast 26 and slow 12"),
    ],
)
def test_impossible_lengths_are_refused(make: object, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        make()  # type: ignore[operator]


def test_a_missing_field_is_named_with_those_there_are() -> None:
    bars = make_bars([1.0, 2.0])

    with pytest.raises(PluginError, match="needs the field 'volume', which the bars lack; they have close"):
        AverageVolume(2).compute(bars)
    with pytest.raises(PluginError, match="needs the field 'high'"):
        Atr(2).start(1).step({"close": np.ones(1)})
