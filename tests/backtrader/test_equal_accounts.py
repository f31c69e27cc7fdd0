"""Costs, margin and the broker's rules come to the same cash and value."""

from hypothesis import strategies as st

from tests.backtrader.account import FILLERS, Account, accounts, cash_amounts, modes, rules, slippages
from tests.backtrader.equality import cases, check
from tests.backtrader.recording import Scenario
from tests.backtrader.script import scripts
from tests.backtrader.universe import universes


@cases("costs")
def test_commission_slippage_and_volume_limits_cost_alike(count):
    costly = st.builds(
        Account,
        commission=st.sampled_from(("percent", "fixed a piece", "percent as 0.1")),
        slippage=slippages(),
        filler=st.sampled_from(tuple(FILLERS)),
    )
    check(st.builds(Scenario, universes(), st.tuples(scripts()), costly, modes()), count)


@cases("margin and interest")
def test_margin_leverage_and_interest_are_charged_alike(count):
    schemes = (
        "futures",
        "futures with automatic margin",
        "interest on shorts",
        "interest on both sides",
        "leverage",
    )
    borrowed = st.builds(
        Account,
        cash=cash_amounts,
        commission=st.sampled_from(schemes),
        first_feed_commission=st.one_of(st.none(), st.sampled_from(schemes)),
        rules=rules(("int2pnl", "shortcash", "checksubmit", "fundmode")),
    )
    check(st.builds(Scenario, universes(), st.tuples(scripts()), borrowed, modes()), count)


@cases("broker rules")
def test_any_account_ends_alike(count):
    check(st.builds(Scenario, universes(), st.tuples(scripts()), accounts(), modes()), count)
