"""Altered prices are what they say, in figures made by hand."""

import numpy as np
import pytest

from tradewind.research.drill import alter
from tradewind.testing import make_bars

NAN = np.nan


def close_of(bars):
    return bars.fields["close"][:, 0].tolist()


def test_given_returns_replace_the_own_and_later_prices_keep_theirs():
    bars = make_bars([10.0, 20.0, 21.0, 20.0, 25.0, 50.0])
    moved = alter.moved(bars, 2, np.array([[-0.5], [0.1]]), overnight=0.5)
    # 20 falls by half and rises by a tenth; after that +25 % and +100 %, as before.
    assert close_of(moved) == pytest.approx([10.0, 20.0, 10.0, 11.0, 13.75, 27.5])
    assert close_of(bars) == [10.0, 20.0, 21.0, 20.0, 25.0, 50.0]


def test_a_moved_bar_opens_where_the_night_has_left_it_and_goes_straight_to_its_close():
    flat = [100.0] * 4
    bars = make_bars(flat, open=flat, high=[101.0] * 4, low=[99.0] * 4, volume=[5.0] * 4)
    moved = alter.moved(bars, 2, np.array([[-0.2]]), overnight=0.25)
    assert [moved.fields[name][2, 0] for name in ("open", "high", "low", "close", "volume")] == [95, 95, 80, 80, 5]
    assert [moved.fields[name][3, 0] for name in ("open", "high", "low", "close")] == pytest.approx(
        [80, 80.8, 79.2, 80]
    )
    assert [moved.fields[name][1, 0] for name in ("open", "high", "low", "close")] == [100, 101, 99, 100]


def test_a_halted_instrument_stays_halted_while_its_price_moves_on():
    bars = make_bars([10.0, 10.0, NAN, 10.0, 20.0])
    moved = alter.moved(bars, 2, np.array([[-0.5], [-0.5]]), overnight=0.5)
    assert close_of(moved)[3:] == [2.5, 5.0]
    assert np.isnan(moved.fields["close"][2, 0])


def test_an_instrument_without_returns_or_without_a_price_before_is_left_alone():
    bars = make_bars([[10.0, NAN], [10.0, NAN], [11.0, 7.0], [12.0, 8.0]])
    moved = alter.moved(bars, 2, np.array([[NAN, -0.5]]), overnight=0.5)
    np.testing.assert_array_equal(moved.fields["close"], bars.fields["close"])


def test_no_price_loses_more_than_95_percent_in_a_bar():
    moved = alter.moved(make_bars([10.0, 10.0]), 1, np.array([[-3.0]]), overnight=0.5)
    assert close_of(moved) == pytest.approx([10.0, 0.5])


def test_missing_and_frozen_quotes():
    bars = make_bars(np.arange(1.0, 13.0).reshape(6, 2), open=np.arange(1.0, 13.0).reshape(6, 2))
    empty = alter.without_prices(bars, slice(2, 4), np.array([1]))
    for name in ("open", "close"):
        assert np.isnan(empty.fields[name][2:4, 1]).all()
        assert np.isfinite(empty.fields[name]).sum() == 10
    frozen = alter.frozen(bars, 2, 2, np.array([1]))
    assert frozen.fields["close"][:, 1].tolist() == [2, 4, 4, 4, 10, 12]
    assert frozen.fields["open"][:, 1].tolist() == [2, 4, 4, 4, 10, 12]
    assert frozen.fields["close"][:, 0].tolist() == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize(("factor", "high", "low", "close"), [(10.0, 1010.0, 99.0, 1010.0), (0.1, 101.0, 10.1, 10.1)])
def test_a_wrong_close_takes_high_or_low_with_it_on_one_bar_only(factor, high, low, close):
    bars = make_bars([101.0] * 3, open=[100.0] * 3, high=[101.0] * 3, low=[99.0] * 3)
    wrong = alter.misquoted(bars, 1, 0, factor)
    assert wrong.fields["close"][:, 0].tolist() == pytest.approx([101.0, close, 101.0])
    assert wrong.fields["high"][:, 0].tolist() == pytest.approx([101.0, high, 101.0])
    assert wrong.fields["low"][:, 0].tolist() == pytest.approx([99.0, low, 99.0])
    assert wrong.fields["open"][1, 0] == 100.0


def test_a_crash_within_a_bar_is_seen_in_its_low_alone():
    flat = [100.0] * 4
    bars = make_bars(flat, open=flat, high=flat, low=flat)
    fell = alter.plunged(bars, 2, np.array([-0.09]), np.array([-0.03]))
    assert [fell.fields[name][2, 0] for name in ("open", "high", "low", "close")] == pytest.approx([100, 100, 91, 97])
    assert fell.fields["close"][3, 0] == pytest.approx(97.0)


def test_ended_data_has_no_prices_and_its_end_is_known():
    bars = make_bars([[1.0, NAN], [1.0, NAN], [1.0, 2.0], [1.0, 2.0]], references={"benchmark": [5.0] * 4})
    over = alter.ended(bars, 2)
    assert np.isnan(over.fields["close"][2:]).all()
    assert np.isnan(over.references["benchmark"].fields["close"][2:]).all()
    # What never traded has nothing to end.
    assert over.end_bars.tolist() == [2, 4]


def test_a_cut_counts_ends_from_its_first_bar_and_leaves_out_what_does_not_trade_in_it():
    bars = make_bars(
        [[1.0, 2.0, 3.0], [NAN, 2.0, 3.0], [NAN, 2.0, 3.0], [NAN, NAN, 3.0]], references={"vix": [9.0] * 4}
    )
    part = alter.trading(bars.between(1, 4))
    assert part.symbols == ("S1", "S2")
    assert part.end_bars.tolist() == [2, 3]
    assert len(part.references["vix"]) == 3
    assert part.timestamps[0] == bars.timestamps[1]
