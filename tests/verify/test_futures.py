"""Other futures: the past to the bit, something else behind it, and bars that could be."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.planted import SYMBOLS, prices
from tradewind.testing import make_bars
from tradewind.validation import require_valid
from tradewind.verify.futures import FUTURES, known_up_to

LONG_BARS = 9000
every_future = pytest.mark.parametrize("name", FUTURES)


def gappy(seed, bars=60):
    """Return bars with halts, a late start and an early end, and two references."""
    whole = prices(bars, seed=seed)
    generator = np.random.default_rng(seed)
    missing = generator.random((bars, len(SYMBOLS))) < 0.1
    missing[: bars // 4, 1] = True
    missing[2 * bars // 3 :, 2] = True
    missing[:, 0] = False
    fields = {name: np.where(missing, np.nan, values) for name, values in whole.fields.items()}
    line = 100.0 + np.arange(float(bars))
    return make_bars(fields.pop("close"), symbols=SYMBOLS, references={"benchmark": line, "vix": line / 5}, **fields)


def replaced(name, bars, cut, seed=0):
    return FUTURES[name](bars, cut, np.random.default_rng(seed))


def each_field(bars):
    yield from bars.fields.items()
    for role, series in bars.references.items():
        for name, values in series.fields.items():
            yield f"{role} {name}", values


@every_future
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 58))
def test_the_past_stays_to_the_bit(name, seed, cut):
    bars = gappy(seed)
    other = replaced(name, bars, cut, seed)
    assert other.timestamps[: cut + 1].tobytes() == bars.timestamps[: cut + 1].tobytes()
    assert other.symbols == bars.symbols
    for (field, before), (again, after) in zip(each_field(bars), each_field(other), strict=True):
        assert field == again
        assert np.ascontiguousarray(after[: cut + 1]).tobytes() == np.ascontiguousarray(before[: cut + 1]).tobytes()
    past = bars.end_bars <= cut
    assert (other.end_bars[past] == bars.end_bars[past]).all()
    assert (other.end_bars[~past] > cut).all()


@every_future
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 58))
def test_the_bars_could_be(name, seed, cut):
    other = replaced(name, gappy(seed), cut, seed)
    fields = other.fields
    there = np.isfinite(fields["close"])
    for field in ("open", "high", "low"):
        assert (np.isfinite(fields[field]) == there).all()
    top = np.maximum(fields["open"], fields["close"])[there]
    bottom = np.minimum(fields["open"], fields["close"])[there]
    assert (fields["high"][there] >= top * (1.0 - 1e-12)).all()
    assert (fields["low"][there] <= bottom * (1.0 + 1e-12)).all()
    assert (fields["low"][there] > 0.0).all()
    assert np.isfinite(fields["volume"][there]).all()


@every_future
def test_something_changes_behind_the_cut(name):
    bars = prices()
    other = replaced(name, bars, 60)
    if name == "shortened":
        assert len(other) == 62
    else:
        assert not np.array_equal(other.fields["close"][61:], bars.fields["close"][61:], equal_nan=True)


def test_the_very_next_bar_of_every_symbol_is_another():
    bars = prices()
    for name in ("resampled", "crash", "rally"):
        assert (replaced(name, bars, 60).fields["close"][61] != bars.fields["close"][61]).all()


def test_everything_falls_in_a_crash_and_rises_in_a_rally():
    bars = prices()
    last = bars.fields["close"][60]
    assert (replaced("crash", bars, 60).fields["close"][-1] < last / 5).all()
    assert (replaced("rally", bars, 60).fields["close"][-1] > last * 5).all()


def test_fear_rises_in_a_crash():
    bars = prices(
        references={"vix": np.full(120, 20.0) + np.sin(np.arange(120.0)), "benchmark": np.arange(50.0, 170.0)}
    )
    crash = replaced("crash", bars, 60)
    assert crash.references["vix"].fields["close"][-1, 0] > 50.0
    assert crash.references["benchmark"].fields["close"][-1, 0] < 50.0


def test_prices_stay_numbers_however_long_the_future_is():
    close = 50.0 + np.sin(np.arange(float(LONG_BARS)))
    bars = make_bars(np.column_stack([close, close + 1.0]))
    for name in ("crash", "rally", "resampled"):
        other = replaced(name, bars, 10).fields["close"]
        assert (np.isfinite(other) & (other > 0.0)).all()


def test_a_code_stays_a_code():
    sector = np.tile([3.0, 4.0, 5.0, 6.0], (120, 1))
    bars = prices(sector=sector)
    assert np.array_equal(replaced("resampled", bars, 60).fields["sector"], sector)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_past_of_a_bar_or_two_has_a_future(cut):
    bars = prices(12)
    for name in FUTURES:
        other = replaced(name, bars, cut)
        assert len(other) == (cut + 2 if name == "shortened" else 12)


def test_one_symbol_has_every_future():
    bars = prices(30, symbols=("AA",))
    halted, ended = (replaced(name, bars, 20) for name in ("halted", "ended"))
    assert np.isnan(halted.fields["close"][21:]).all()
    assert halted.end_bars.tolist() == [30]
    assert ended.end_bars.tolist() == [21]


def test_the_same_seed_makes_the_same_future():
    bars = prices()
    first, second, third = (replaced("resampled", bars, 60, seed).fields["close"] for seed in (4, 4, 5))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_a_feed_that_knows_no_later_bar_knows_no_later_end():
    bars = dataclasses.replace(prices(), ends=np.array([120, 90, 50, 120]))
    assert known_up_to(bars, 70).end_bars.tolist() == [70, 70, 50, 70]


@every_future
def test_the_bars_pass_the_check_of_data(name):
    other = replaced(name, prices(), 60)
    require_valid(other, calendar=False)
