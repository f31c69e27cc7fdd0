"""Orders of every type meet the same fate on both Cerebros."""

from hypothesis import strategies as st

from tests.backtrader.account import SIZERS, Account, modes
from tests.backtrader.equality import cases, check
from tests.backtrader.recording import Scenario
from tests.backtrader.script import aims, brackets, cancels, closes, groups, plain_orders, scripts
from tests.backtrader.universe import universes

rich = st.builds(Account, cash=st.sampled_from((10_000.0, 100_000.0)))


@cases("order types")
def test_every_order_type_fills_alike(count):
    orders = scripts(plain_orders(), plain_orders(), closes, cancels, fewest=4)
    check(st.builds(Scenario, universes(), st.tuples(orders), rich, modes()), count)


@cases("brackets and one-cancels-other")
def test_brackets_and_cancelled_siblings_end_alike(count):
    orders = scripts(brackets(), brackets(), groups, groups, plain_orders(("Limit", "Stop", "StopTrail")), cancels)
    check(st.builds(Scenario, universes(most_feeds=2), st.tuples(orders), rich, modes()), count)


@cases("targets and sizers")
def test_targets_and_sizers_order_alike(count):
    orders = scripts(aims, aims, closes, plain_orders(("Market", "Limit")))
    accounts = st.builds(
        Account,
        cash=st.sampled_from((10_000.0, 700.0)),
        commission=st.sampled_from(("none", "percent")),
        sizer=st.sampled_from(tuple(SIZERS)),
    )
    check(st.builds(Scenario, universes(), st.tuples(orders), accounts, modes()), count)
