"""Losses of portfolios small enough to compute by hand, and what must hold for any."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.research.stress.portfolios import account, permuted, scenario
from tradewind.model import AssetClass
from tradewind.research.stress.apply import apply_scenario, path_drawdowns
from tradewind.research.stress.history import apply_over_history
from tradewind.research.stress.loader import load_scenarios

CRASH = scenario(market=-0.4, sectors={"Energy": -0.5}, symbols={"GLD": 0.1})
MIXED = account(
    {
        "KO": (0.5, 0.5, "Staples"),
        "XOM": (0.3, 1.2, "Energy"),
        "GLD": (0.1, 0.0, ""),
        "AMD": (-0.2, 2.0, "Technology"),
    }
)
WEIGHTS = st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=6)


def test_the_loss_is_the_one_computed_by_hand():
    impact = apply_scenario(CRASH, MIXED)
    # 0.5 * 0.5 * 40 % + 0.3 * 50 % - 0.1 * 10 % - 0.2 * 2 * 40 % = 10 + 15 - 1 - 16 %
    assert impact.loss == pytest.approx(0.08)
    assert impact.loss_money == pytest.approx(8_000.0)
    assert impact.drawdown_after == pytest.approx(0.08)
    assert not impact.breaches_limit
    assert [one.name for one in impact.positions] == ["XOM", "KO", "GLD", "AMD"]
    assert [one.cause for one in impact.positions] == ["sector", "beta", "symbol", "beta"]
    assert (impact.worst_position.name, impact.worst_position.loss) == ("XOM", pytest.approx(0.15))
    assert (impact.worst_sector.name, impact.worst_sector.shock) == ("Energy", pytest.approx(-0.5))
    assert {one.name for one in impact.sectors} == {"Staples", "Energy", "unknown", "Technology"}


def test_the_standing_drawdown_counts_and_the_limit_itself_is_beyond():
    holdings = account({"SPY": (1.0, 1.0, "")}, drawdown=0.1)
    impact = apply_scenario(scenario(market=-0.2), holdings, limit=0.28)
    # 90 left of 100, 72 after.
    assert impact.drawdown_after == pytest.approx(0.28)
    assert apply_scenario(scenario(market=-0.2), holdings, limit=0.27).breaches_limit
    assert not apply_scenario(scenario(market=-0.2), holdings, limit=0.29).breaches_limit
    exact = apply_scenario(scenario(market=-0.25), account({"SPY": (1.0, 1.0, "")}), limit=0.25)
    assert exact.breaches_limit
    assert (exact.path.breach_step, exact.path.breach_drawdown) == (1, 0.25)


def test_the_index_itself_loses_what_was_published():
    spy = account({"SPY": (1.0, 1.0, "")})
    losses = {one.name: apply_scenario(one, spy).loss for one in load_scenarios()}
    assert losses == {
        "crash_1987": 0.335,
        "dotcom_2000": 0.491,
        "crisis_2008": 0.568,
        "flash_crash_2010": 0.092,
        "covid_2020": 0.339,
        "rates_2022": 0.254,
    }


def test_the_limit_is_crossed_on_the_days_the_index_crossed_it():
    spy = account({"SPY": (1.0, 1.0, "")})
    (crash, covid) = (apply_scenario(one, spy).path for one in load_scenarios(["crash_1987", "covid_2020"]))
    # 2020-02-27 was the sixth session: 2978.76 against 3386.15.
    assert (covid.breach_step, covid.steps, covid.unit) == (6, 23, "session")
    assert covid.breach_drawdown == pytest.approx(1.0 - 2978.76 / 3386.15, abs=2e-4)
    # 1987-10-15 closed 11.5 % below the high, 1987-10-16 16.1 %, and the Monday after fell by 20.5 %.
    assert crash.breach_drawdown == pytest.approx(1.0 - 282.70 / 336.77, abs=2e-4)
    assert crash.worst_step_loss == pytest.approx(0.2047, abs=2e-4)
    assert crash.maximum_drawdown == pytest.approx(0.335)


def test_the_flash_crash_is_crossed_within_the_day_and_over_at_its_close():
    (flash,) = load_scenarios(["flash_crash_2010"])
    impact = apply_scenario(flash, account({"SPY": (1.0, 1.0, "")}), limit=0.09)
    assert (impact.path.breach_step, impact.path.steps, impact.path.unit) == (1, 2, "moment")
    assert impact.path.maximum_drawdown == pytest.approx(0.092)


def test_a_short_portfolio_gains_in_every_crash():
    short = account({"A": (-0.5, 1.0, ""), "B": (-0.2, 0.7, "")})
    for one in load_scenarios():
        impact = apply_scenario(one, short)
        assert impact.loss < 0.0
        assert impact.drawdown_after == 0.0
        assert impact.worst_position is None
        assert impact.worst_sector is None
        if one.name != "flash_crash_2010":
            assert not impact.breaches_limit


def test_a_gain_that_is_given_back_is_a_drawdown_of_the_path():
    (flash,) = load_scenarios(["flash_crash_2010"])
    impact = apply_scenario(flash, account({"A": (-1.0, 1.0, "")}))
    # From 1.092 at the low to 1 + 0.092 * share of the fall that is left at the close.
    close = 1.0 + 0.092 * flash.shape()[-1]
    assert impact.path.maximum_drawdown == pytest.approx(1.0 - close / 1.092)


def test_long_and_short_of_the_same_size_in_a_sector_have_no_return_of_their_value():
    impact = apply_scenario(scenario(market=-0.3), account({"A": (0.5, 1.0, "X"), "B": (-0.5, 0.5, "X")}))
    (sector,) = impact.sectors
    assert math.isnan(sector.shock)
    assert sector.loss == pytest.approx(0.075)


def test_options_are_named_and_not_guessed():
    option = account({"KO_C60": (0.1, 1.0, "", AssetClass.OPTION), "KO": (0.5, 1.0, "")})
    impact = apply_scenario(scenario(market=-0.4), option)
    assert impact.not_covered == ("KO_C60",)
    assert impact.loss == pytest.approx(0.2)


def test_a_long_position_loses_no_more_than_its_value_and_a_short_one_gains_no_more():
    holdings = account({"HOT": (0.5, 4.0, ""), "COLD": (-0.25, 4.0, "")})
    assert apply_scenario(scenario(market=-0.4), holdings).loss == pytest.approx(0.25)


def test_an_unknown_beta_is_one():
    assert apply_scenario(scenario(market=-0.3), account({"NEW": (1.0, math.nan, "")})).loss == pytest.approx(0.3)


@given(WEIGHTS, st.floats(0.1, 3.0), st.integers(0, 5))
def test_the_loss_is_linear_in_weights(weights, factor, seed):
    betas = np.random.default_rng(seed).uniform(-0.5, 2.5, len(weights))
    names = [f"S{number}" for number in range(len(weights))]

    def loss(values):
        rows = {name: (weight, beta, "") for name, weight, beta in zip(names, values, betas, strict=True)}
        return apply_scenario(CRASH, account(rows)).loss

    half = [weight / 3.0 for weight in weights]
    rest = [weight - part for weight, part in zip(weights, half, strict=True)]
    assert loss([weight * factor for weight in weights]) == pytest.approx(factor * loss(weights), abs=1e-12)
    assert loss(half) + loss(rest) == pytest.approx(loss(weights), abs=1e-12)


@given(st.permutations(range(4)))
def test_the_order_of_symbols_means_nothing(order):
    one, other = apply_scenario(CRASH, MIXED), apply_scenario(CRASH, permuted(MIXED, list(order)))
    assert other.loss == one.loss
    assert other.positions == one.positions
    assert [sector.name for sector in other.sectors] == [sector.name for sector in one.sectors]


@given(st.floats(0.0, 1.5), st.floats(0.0, 0.5))
def test_through_a_path_a_long_portfolio_loses_as_much_as_at_once(weight, standing):
    for one in load_scenarios(["covid_2020", "crash_1987"]):
        impact = apply_scenario(one, account({"A": (weight, 1.0, "")}, drawdown=standing))
        assert impact.path.maximum_drawdown == pytest.approx(impact.drawdown_after, abs=1e-12)


def test_sectors_sum_to_the_loss():
    impact = apply_scenario(CRASH, MIXED)
    assert math.fsum(one.loss for one in impact.sectors) == pytest.approx(impact.loss)
    assert math.fsum(one.loss for one in impact.positions) == pytest.approx(impact.loss)


def four_dates():
    return dataclasses.replace(
        MIXED,
        times=pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]),
        equity=np.array([100.0, 110.0, 99.0, 50.0]),
        drawdown=np.array([0.0, 0.0, 0.1, 6.0 / 11.0]),
        weights=np.array([[0, 0, 0, 0], [0.5, 0.3, 0.1, -0.2], [1, 0, 0, 0], [0, 0, 0, -1]], dtype=float),
        betas=np.array([[np.nan, 1, 1, 1], [0.5, 1.2, 0, 2], [1.5, 1, 1, 1], [1, 1, 1, 0.5]]),
    )


def test_over_history_each_date_has_its_own_weights_betas_and_drawdown():
    past = apply_over_history(CRASH, four_dates(), limit=0.12)
    # Losses: 0, 8 %, 60 %, -20 %; drawdowns after: 0, 8 %, 64 %, 45.5 %.
    assert (past.dates, past.invested_dates) == (4, 3)
    assert str(past.worst_date)[:10] == "2024-01-04"
    assert past.worst_loss == pytest.approx(0.6)
    assert past.worst_loss_money == pytest.approx(59.4)
    assert past.median_loss == pytest.approx(0.04)
    assert past.share_beyond_limit == 0.5
    assert past.worst_path_drawdown == pytest.approx(0.64)


def test_the_last_date_of_the_history_is_today():
    (covid,) = load_scenarios(["covid_2020"])
    holdings = four_dates()
    last = dataclasses.replace(
        holdings,
        **{name: getattr(holdings, name)[-1:] for name in ("times", "equity", "drawdown", "weights", "betas")},
    )
    assert apply_over_history(covid, last).worst_loss == apply_scenario(covid, holdings).loss


def test_paths_of_many_dates_are_those_of_each():
    (crisis,) = load_scenarios(["crisis_2008"])
    generator = np.random.default_rng(3)
    losses, standing = generator.uniform(-0.5, 1.0, 5_000), generator.uniform(0.0, 0.5, 5_000)
    whole = path_drawdowns(crisis, losses, standing)
    some = generator.integers(0, 5_000, 20)
    alone = [path_drawdowns(crisis, losses[[one]], standing[[one]])[0] for one in some]
    assert whole[some].tolist() == alone
