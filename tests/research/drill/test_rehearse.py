"""Whole drills by the real engine, on prices that do not move but for the drill."""

import json

import numpy as np
import pytest

from tests.research.drill.stages import drilled, write_configuration
from tradewind.errors import UserError
from tradewind.research.drill.drills import DRILLS

CRASH = 224.84 / 282.70
"""Monday over Friday, October 1987: the market's own volatility before is 0 here."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_configuration(tmp_path_factory.mktemp("drill"))


@pytest.fixture(scope="module")
def held(config):
    """All drills of eight equal positions, as configured."""
    return drilled(config)


@pytest.fixture(scope="module")
def flattened(config):
    """The same, sold after a kill."""
    return drilled(config, "risk.on_kill=flatten")


@pytest.mark.parametrize("configured", ["held", "flattened"])
def test_without_limits_the_loss_is_that_of_the_portfolio(configured, request):
    report, found = request.getfixturevalue(configured)
    assert report.gross == pytest.approx(1.0, abs=1e-6)
    losses = {name: one.without_limits.loss for name, one in found.items() if one.applicable}
    assert losses["crash_1987"] == pytest.approx(1.0 - 251.79 / 282.70, abs=1e-6)
    assert losses["covid_2020"] == pytest.approx(1.0 - 2237.40 / 3386.15, abs=1e-6)
    assert losses["slow_bear_2008"] == pytest.approx(1.0 - 676.53 / 1565.15, abs=1e-6)
    assert losses["overnight_gap"] == pytest.approx(0.15 / 8, abs=1e-6)
    assert losses["trading_halt"] == pytest.approx(0.40 / 8, abs=1e-6)
    assert losses["correlated_losses"] == pytest.approx(1.0 - 0.997**40, abs=1e-6)
    assert losses["wrong_price_up"] == pytest.approx(0.0, abs=1e-6)
    assert found["crash_1987"].without_limits.drawdown == pytest.approx(1.0 - CRASH, abs=1e-6)
    assert found["wrong_price_down"].without_limits.drawdown == pytest.approx(0.9 / 8, abs=1e-6)


def test_a_gate_that_keeps_positions_small_keeps_the_loss_small(config):
    """Four positions of a quarter; with limits they are 15 % each, 60 % in all."""
    report, found = drilled(config, "data.feed.params={symbols: 4}", drills=["overnight_gap", "correlated_losses"])
    assert report.gross == pytest.approx(0.6, abs=1e-6)
    assert report.largest_weight == pytest.approx(0.15, abs=1e-6)
    gap, slow = found["overnight_gap"], found["correlated_losses"]
    assert gap.without_limits.loss == pytest.approx(0.25 * 0.15, abs=1e-6)
    assert gap.with_limits.loss == pytest.approx(0.15 * 0.15, abs=1e-6)
    assert slow.without_limits.loss == pytest.approx(1.0 - 0.997**40, abs=1e-6)
    assert slow.with_limits.loss == pytest.approx(0.6 * (1.0 - 0.997**40), abs=1e-6)


def test_a_kill_that_sells_nothing_saves_nothing_and_is_marked(held):
    report, found = held
    crash = found["covid_2020"]
    assert crash.strongest.code == "killed"
    assert crash.with_limits.loss == pytest.approx(crash.without_limits.loss)
    assert crash.beyond_kill.rest > 0.05
    assert not report.held
    assert any("on_kill is cancel" in note for note in report.notes)


def test_a_kill_that_sells_ends_the_loss_at_the_next_close(flattened):
    report, found = flattened
    crash = found["crash_1987"]
    assert (crash.first.kind, crash.first.code, crash.first.bars_after) == ("breaker", "killed", 21)
    assert crash.first.name in {"drawdown", "daily_loss"}
    # Sold at Tuesday's close, 236.83.
    assert crash.with_limits.loss == pytest.approx(1.0 - 236.83 / 282.70, abs=1e-6)
    assert crash.beyond_kill.excess == pytest.approx(1.0 - CRASH - 0.15, abs=1e-6)
    assert crash.beyond_kill.jump == pytest.approx(crash.beyond_kill.excess)
    assert report.held


def test_no_drawdown_of_a_sold_account_goes_further_than_jump_and_gap(flattened):
    _, found = flattened
    for name, one in found.items():
        if one.beyond_kill is not None:
            assert one.beyond_kill.excess == pytest.approx(one.beyond_kill.jump + one.beyond_kill.gap), name


def test_the_expected_breakers_act_at_their_levels(held):
    _, found = held
    halt = found["trading_halt"].first
    # A loss of 5 % is where the day's loss halts.
    assert (halt.name, halt.code, halt.bars_after) == ("daily_loss", "halted", 11)
    silent = found["feed_silent"].first
    assert (silent.name, silent.code, silent.bars_after) == ("stale_data", "reduce_only", 1)
    slow = [(one.name, one.code) for one in found["correlated_losses"].firsts]
    # 1 - 0.997^28 = 8.07 %.
    assert found["correlated_losses"].first.bars_after == 28
    assert slow[0] == ("drawdown", "reduced")
    wrong = found["wrong_price_down"].first
    assert (wrong.name, wrong.code, wrong.bars_after) == ("daily_loss", "killed", 1)


def test_what_moves_no_limit_moves_nothing(held):
    _, found = held
    for name in ("overnight_gap", "frozen_quotes", "feed_ends"):
        assert found[name].first is None, name
        assert found[name].with_limits.loss == pytest.approx(found[name].without_limits.loss)
    assert not found["flash_crash"].applicable


def test_stale_data_acts_from_more_than_half_on(config):
    _, even = drilled(config, drills=["stale_quotes"])
    _, odd = drilled(config, "data.feed.params={symbols: 9}", drills=["stale_quotes"])
    assert even["stale_quotes"].first is None
    assert odd["stale_quotes"].first.name == "stale_data"
    assert "44.44 % of the instruments have a price" in odd["stale_quotes"].first.text


def test_an_opening_on_a_wrong_price_is_refused(config):
    """Twenty positions: a tenth of one's price is a loss too small for a breaker, and an offer to buy."""
    (config.parent / "daily.py").write_text(
        "import numpy as np\nfrom tradewind import Signals\n\n\nclass Daily:\n"
        "    schedule = 'every_bar'\n\n    def on_bar(self, market, portfolio):\n"
        "        return Signals(scores=np.ones(len(market.instruments)))\n"
    )
    _, found = drilled(
        config,
        "data.feed.params={symbols: 40}",
        'sleeves.0.strategy={python: "./daily.py:Daily"}',
        drills=["wrong_price_down"],
    )
    first = found["wrong_price_down"].first
    assert (first.kind, first.name, first.bars_after) == ("gate", "price_collar", 1)
    assert "from 100 to 10" in first.text


def test_a_flash_crash_hits_what_rests_in_the_market(config):
    _, found = drilled(
        config,
        "data.feed.params={lows: true}",
        "sleeves.0.exits=[{name: stop_loss, params: {fraction: 0.05}}]",
        drills=["flash_crash"],
    )
    flash = found["flash_crash"]
    assert flash.applicable
    # Closed at -3.19 %; stops at -5 % were hit on the way.
    assert flash.without_limits.loss >= 1.0 - 10520.32 / 10866.83 - 1e-6


def test_a_vix_that_rises_with_the_fall_is_watched(config):
    _, found = drilled(
        config, "data.feed.params={vix: true}", "risk.switched_off=[drawdown, daily_loss]", drills=["covid_2020"]
    )
    one = found["covid_2020"]
    assert one.first.name == "volatility_spike"
    assert one.first.text.startswith("vix ")
    assert one.strongest.code == "halted"
    assert one.beyond_kill is None


def test_a_runaway_strategy_trades_on_every_bar(config):
    report, found = drilled(config, "risk=off", drills=["runaway_flip", "runaway_double"])
    # Out and in on 22 bars, eight positions each.
    assert found["runaway_flip"].without_limits.orders == 22 * 8
    assert found["runaway_double"].without_limits.orders == 0
    assert report.kill is None
    assert report.held


def test_a_runaway_strategy_waits_for_no_schedule(config):
    (config.parent / "yearly.py").write_text(
        "import numpy as np\nfrom tradewind import Signals\n\n\nclass Yearly:\n"
        "    schedule = 'annual'\n\n    def on_bar(self, market, portfolio):\n"
        "        return Signals(scores=np.ones(len(market.instruments)))\n"
    )
    yearly = 'sleeves.0.strategy={python: "./yearly.py:Yearly"}'
    _, found = drilled(config, yearly, "risk=off", drills=["runaway_flip", "overnight_gap"])
    assert found["runaway_flip"].without_limits.orders == 22 * 8
    assert found["overnight_gap"].without_limits.orders == 0


def test_a_runaway_strategy_with_leverage_is_stopped_by_the_size_of_its_positions(config):
    _, found = drilled(config, "account.leverage=4.0", "account.cash_buffer=0.0", drills=["runaway_double"])
    one = found["runaway_double"]
    assert one.first.name == "position_size"
    assert one.first.bars_after == 1
    assert one.with_limits.orders == 8
    _, free = drilled(config, "account.leverage=4.0", "risk=off", drills=["runaway_double"])
    assert free["runaway_double"].with_limits.orders > 8


def test_the_same_seed_draws_the_same_whatever_else_is_drilled(config):
    feed = "data.feed.params={symbols: 9}"
    (alone, _), (among, _), (other, _) = (
        drilled(config, feed, drills=names, seed=seed)
        for names, seed in ((["stale_quotes"], 1), (["stale_quotes", "crash_1987"], 1), (["stale_quotes"], 2))
    )
    assert alone.as_data()["results"][0] == among.as_data()["results"][1]
    assert alone.as_data()["settings"] != other.as_data()["settings"]


def test_the_report_is_plain_data(held):
    report, _ = held
    data = json.loads(json.dumps(report.as_data(), allow_nan=False))
    assert [one["name"] for one in data["results"]] == [one.name for one in DRILLS]
    assert data["kill"] == 0.15
    assert data["held"] is False


def test_a_user_s_own_kill_limit_is_what_counts(config):
    report, found = drilled(
        config,
        "risk.breakers=[{name: drawdown, params: {warn: 0.02, halt: 0.03, kill: 0.04}}]",
        "risk.on_kill=flatten",
        drills=["correlated_losses"],
    )
    assert report.kill == 0.04
    killed = found["correlated_losses"].strongest
    # 1 - 0.997^14 = 4.12 %.
    assert (killed.code, killed.bars_after) == ("killed", 14)
    assert found["correlated_losses"].with_limits.drawdown == pytest.approx(1.0 - 0.997**15, abs=1e-6)


def test_a_plan_that_holds_nothing_is_told(config):
    (config.parent / "idle.py").write_text(
        "class Idle:\n    schedule = 'monthly'\n\n    def on_bar(self, market, portfolio):\n        return None\n"
    )
    with pytest.raises(UserError, match=r"drill: the plan holds nothing on the \d+ bars up to"):
        drilled(config, 'sleeves.0.strategy={python: "./idle.py:Idle"}')


def test_the_shortest_stretch_leaves_out_what_has_no_room(config):
    _, found = drilled(config, bars=60)
    applicable = [name for name, one in found.items() if one.applicable]
    assert "overnight_gap" in applicable
    assert "trading_halt" in applicable
    assert not {"slow_bear_2008", "crash_1987", "covid_2020", "correlated_losses"} & set(applicable)


def test_a_feed_with_hardly_any_bars_is_refused(config):
    with pytest.raises(UserError, match="the feed has 40 bars from its start to its end; at least 60 are needed"):
        drilled(config, "data.feed.params={bars: 40}")


def test_equity_begins_at_one_on_the_last_ordinary_bar(held):
    _, found = held
    one = found["covid_2020"]
    assert one.with_equity[0] == one.without_equity[0] == 1.0
    assert len(one.timestamps) == len(one.with_equity) == 1 + 23 + 21
    assert np.isfinite(one.with_equity).all()
