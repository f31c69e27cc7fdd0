"""Each drill does what it says to the prices."""

import numpy as np
import pytest

from tests.research.drill.stages import stage_of
from tradewind.errors import UserError
from tradewind.research.drill.drills import DRILLS, Altered, find_drills
from tradewind.research.drill.market import crash_of_1987

FLAT = np.full((420, 4), 100.0)
MARKET = {"benchmark": np.full(420, 4000.0), "vix": np.full(420, 15.0)}


def altered(name, stage, seed=0):
    (drill,) = find_drills([name])
    return drill.alter(stage, np.random.default_rng(seed))


def flat_stage(**given):
    return stage_of(FLAT, shock=30, decision=40, **({"references": MARKET} | given))


def test_instruments_follow_the_published_closes_by_their_betas():
    made = altered("covid_2020", flat_stage(betas=[1.0, 2.0, 0.0, -1.0]))
    closes, benchmark = made.bars.fields["close"], made.bars.references["benchmark"].fields["close"][:, 0]
    # S&P 500: 3386.15 on 2020-02-19, 3373.23 the day after, 2237.40 on 2020-03-23, 23 sessions later.
    first = 3373.23 / 3386.15 - 1.0
    assert closes[31] == pytest.approx([100 + 100 * first, 100 + 200 * first, 100.0, 100 - 100 * first])
    assert closes[53, 0] == pytest.approx(100.0 * 2237.40 / 3386.15)
    assert benchmark[53] == pytest.approx(4000.0 * 2237.40 / 3386.15)
    vix = made.bars.references["vix"].fields["close"][30:54, 0]
    assert vix[[0, -1]] == pytest.approx([15.0, 82.69])
    # The market recovers now and then on its way.
    assert (np.diff(vix) >= 0.0).all()
    assert not (np.diff(closes[30:54, 0]) <= 0.0).all()
    assert (made.first, made.last) == (31, 53)
    assert closes[30].tolist() == [100.0] * 4


def test_the_slow_bear_ends_at_the_low_of_march_2009():
    made = altered("slow_bear_2008", flat_stage())
    assert made.bars.fields["close"][made.last, 0] == pytest.approx(100.0 * 676.53 / 1565.15)
    assert made.last == 30 + 355


def test_a_stretch_without_room_for_the_slow_bear_is_told():
    short = stage_of(np.full((100, 2), 100.0), shock=30, decision=40)
    assert altered("correlated_losses", stage_of(np.full((71, 2), 100.0), shock=30, decision=40)).startswith("needs 41")
    assert isinstance(altered("correlated_losses", stage_of(np.full((72, 2), 100.0), shock=30, decision=40)), Altered)
    assert altered("slow_bear_2008", short) == "needs 356 bars after the shock, there are 69; give more --bars"


def test_the_crash_of_1987_comes_after_volatility_drawn_by_the_seed():
    stage = flat_stage(volatility=0.01)
    returns, _, _ = crash_of_1987(stage, np.random.default_rng(3))
    again, _, _ = crash_of_1987(stage, np.random.default_rng(3))
    other, _, _ = crash_of_1987(stage, np.random.default_rng(4))
    ramp, after = returns[:20], returns[20:]
    assert returns.tolist() == again.tolist()
    assert not np.allclose(ramp, other[:20])
    assert ramp.sum() == pytest.approx(0.0, abs=1e-12)
    # S&P 500: 282.70 on Friday, 224.84 on Monday, 236.83 on Tuesday.
    assert after[:2] == pytest.approx([224.84 / 282.70 - 1.0, 236.83 / 224.84 - 1.0])
    many = np.array([crash_of_1987(stage, np.random.default_rng(seed))[0][:20] for seed in range(400)])
    spread = many.std(axis=0)
    assert spread[:3].mean() == pytest.approx(0.011, rel=0.15)
    assert spread[-3:].mean() == pytest.approx(0.029, rel=0.15)


def test_only_the_largest_position_gaps():
    made = altered("overnight_gap", flat_stage(open=FLAT, high=FLAT, low=FLAT, weights=[0.1, 0.4, 0.2, 0.2]))
    assert made.bars.fields["open"][31].tolist() == pytest.approx([100, 85, 100, 100])
    assert made.bars.fields["close"][31:33, 1].tolist() == pytest.approx([85, 85])
    assert made.bars.references["benchmark"].fields["close"][31, 0] == 4000.0


def test_a_halted_position_reopens_lower():
    made = altered("trading_halt", flat_stage())
    closes = made.bars.fields["close"][:, 0]
    assert np.isnan(closes[31:41]).all()
    assert closes[[30, 41, 42]].tolist() == pytest.approx([100, 60, 60])
    assert np.isfinite(made.bars.fields["close"][:, 1:]).all()
    assert (made.first, made.last) == (31, 41)


@pytest.mark.parametrize(("columns", "stale"), [(4, 2), (5, 3), (1, 1)])
def test_half_of_the_universe_rounded_up_is_stale_up_to_the_decision(columns, stale):
    stage = stage_of(np.full((100, columns), 100.0), shock=30, decision=40)
    made = altered("stale_quotes", stage)
    missing = np.isnan(made.bars.fields["close"])
    assert missing.sum(axis=1)[[35, 36, 40, 41]].tolist() == [0, stale, stale, 0]
    assert missing[36, 0]
    assert (made.first, made.last) == (36, 40)


def test_frozen_quotes_are_there_and_do_not_move():
    rising = np.linspace(100.0, 200.0, 100)[:, None] * np.ones(4)
    made = altered("frozen_quotes", stage_of(rising, shock=30, decision=40))
    closes = made.bars.fields["close"]
    still = (closes[36:41] == closes[35]).all(axis=0)
    assert still.sum() == 2
    assert still[0]
    assert np.array_equal(closes[41], rising[41])


def test_the_feed_is_silent_or_ends():
    silent, over = altered("feed_silent", flat_stage()), altered("feed_ends", flat_stage())
    assert np.flatnonzero(np.isnan(silent.bars.fields["close"]).all(axis=1)).tolist() == list(range(31, 41))
    assert np.isnan(over.bars.fields["close"][31:]).all()
    assert over.bars.end_bars.tolist() == [31] * 4


@pytest.mark.parametrize(("name", "price"), [("wrong_price_up", 1000.0), ("wrong_price_down", 10.0)])
def test_one_close_of_the_largest_position_is_wrong(name, price):
    made = altered(name, flat_stage())
    closes = made.bars.fields["close"]
    assert closes[39:42, 0].tolist() == pytest.approx([100, price, 100])
    assert (closes[:, 1:] == 100.0).all()


def test_the_wrong_price_of_another_is_of_one_that_is_not_held():
    stage = flat_stage(weights=[0.5, 0.0, 0.5, 0.0])
    wrong = {
        int((altered("wrong_price_elsewhere", stage, seed).bars.fields["close"][40] > 500.0).argmax())
        for seed in range(9)
    }
    assert wrong == {1, 3}
    assert altered("wrong_price_elsewhere", flat_stage()) == "everything is held"


def test_a_flash_crash_needs_lows():
    assert altered("flash_crash", flat_stage()) == "the feed has no lows: nothing happens between two closes"
    made = altered("flash_crash", flat_stage(open=FLAT, high=FLAT, low=FLAT, betas=[1.0, 2.0, 1.0, 1.0]))
    # Dow Jones Industrial Average on 2010-05-06: 10866.83 before, 9869.62 at its low, 10520.32 at the close.
    low, close = 9869.62 / 10866.83 - 1.0, 10520.32 / 10866.83 - 1.0
    assert made.bars.fields["low"][31, :2] == pytest.approx([100 + 100 * low, 100 + 200 * low])
    assert made.bars.fields["close"][31, :2] == pytest.approx([100 + 100 * close, 100 + 200 * close])
    assert made.bars.fields["open"][31, 0] == 100.0


def test_everything_loses_together_whatever_its_beta():
    made = altered("correlated_losses", flat_stage(betas=[0.0, 3.0, 1.0, -1.0]))
    assert made.bars.fields["close"][70].tolist() == pytest.approx([100.0 * 0.997**40] * 4)


def test_a_runaway_strategy_has_its_own_prices():
    stage = flat_stage()
    for name, factors in (("runaway_double", [2.0, 4.0, 8.0]), ("runaway_flip", [0.0, 1.0, 0.0])):
        made = altered(name, stage)
        assert isinstance(made, Altered)
        assert made.bars is stage.bars
        assert [made.runaway(bars) for bars in (1, 2, 3)] == factors


def test_drills_are_found_by_name_in_their_own_order():
    assert [one.name for one in find_drills(["feed_ends", "covid_2020"])] == ["covid_2020", "feed_ends"]
    assert find_drills() == DRILLS
    with pytest.raises(UserError, match=r"no drill 'covid_2021'.*Did you mean 'covid_2020'"):
        find_drills(["covid_2021"])
