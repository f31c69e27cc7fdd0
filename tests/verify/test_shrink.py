"""The smallest change: no more than what makes the difference, whatever that is."""

import dataclasses

import numpy as np
import pytest

from tests.verify.planted import prices
from tradewind.verify import shrink
from tradewind.verify.futures import FUTURES
from tradewind.verify.shrink import smallest_change

CUT = 60


@pytest.fixture
def pair():
    line = 100.0 + np.arange(120.0)
    bars = prices(references={"benchmark": line})
    return bars, FUTURES["resampled"](bars, CUT, np.random.default_rng(0))


def changed(bars, true, field, bar, column):
    return bars.fields[field][bar, column] != true.fields[field][bar, column]


@pytest.mark.parametrize(
    ("field", "bar", "column", "symbol"), [("close", 61, 0, "AA"), ("open", 119, 3, "DD"), ("volume", 90, 2, "CC")]
)
def test_one_value_is_found(pair, field, bar, column, symbol):
    true, other = pair
    text = smallest_change(true, other, CUT, lambda bars: changed(bars, true, field, bar, column))
    before, after = (side.fields[field][bar, column] for side in pair)
    assert text.startswith(f"It is enough to change the {field} of {symbol} of bar {bar} (")
    assert text.endswith(f" from {before:.6g} to {after:.6g}.")


def test_two_values_far_apart_are_both_found(pair):
    true, other = pair

    def both(bars):
        return changed(bars, true, "close", 63, 0) and changed(bars, true, "low", 117, 3)

    text = smallest_change(true, other, CUT, both)
    assert "of bar 63 (" in text
    assert text.endswith(", beside others of 2 bars and 2 symbols and 2 fields.")


def test_bars_are_counted_from_the_beginning_of_the_history(pair):
    true, other = pair
    text = smallest_change(true, other, CUT, lambda bars: changed(bars, true, "close", 61, 0), first=1000)
    assert "of bar 1061 (" in text


def test_a_reference_is_named_by_its_role(pair):
    true, other = pair

    def reference(bars):
        return (
            bars.references["benchmark"].fields["close"][70, 0] != true.references["benchmark"].fields["close"][70, 0]
        )

    text = smallest_change(true, other, CUT, reference)
    assert text.startswith("It is enough to change the close of the reference benchmark of bar 70 (")


def test_the_length_of_the_history_is_told():
    true = prices()
    text = smallest_change(
        true, FUTURES["shortened"](true, CUT, np.random.default_rng(0)), CUT, lambda _: True, first=5
    )
    assert text == "It is enough that the history ends at bar 66, not at 124."


def test_an_end_of_data_is_told():
    true = prices()
    other = FUTURES["ended"](true, CUT, np.random.default_rng(0))
    text = smallest_change(true, other, CUT, lambda bars: not np.array_equal(bars.end_bars, true.end_bars))
    assert text == "It is enough that data of some instruments are said to end at bar 60."


def test_an_end_with_its_missing_prices_is_told_as_both():
    true = prices()
    other = FUTURES["ended"](true, CUT, np.random.default_rng(0))

    def both(bars):
        return not np.array_equal(bars.end_bars, true.end_bars) and np.isnan(bars.fields["close"][61:]).any()

    text = smallest_change(true, other, CUT, both)
    assert text.endswith(" to nan, where data of some instruments are said to end at bar 60.")


def test_what_does_not_come_about_again_is_not_told(pair):
    true, other = pair
    assert smallest_change(true, other, CUT, lambda _: False) == ""


def test_the_search_ends_in_time(pair, monkeypatch):
    true, other = pair
    monkeypatch.setattr(shrink, "_SECONDS", 0.0)
    asked = []

    def differs(bars):
        asked.append(bars)
        return changed(bars, true, "close", 61, 0)

    text = smallest_change(true, other, CUT, differs)
    assert len(asked) == 1
    assert text.endswith("beside others of 59 bars and 4 symbols and 6 fields.")


def test_the_past_is_left_alone(pair):
    true, other = pair
    past = dataclasses.replace(true, fields={name: values[: CUT + 1] for name, values in true.fields.items()},
                               timestamps=true.timestamps[: CUT + 1], references={}, ends=None)  # fmt: skip

    def differs(bars):
        for name, values in past.fields.items():
            assert np.array_equal(bars.fields[name][: CUT + 1], values)
        return changed(bars, true, "close", 61, 0)

    assert smallest_change(true, other, CUT, differs)
