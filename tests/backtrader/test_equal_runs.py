"""Calendars, ways to run, indicators and reports look the same from inside and after the run."""

from hypothesis import strategies as st

from tests.backtrader.account import Account, accounts, modes
from tests.backtrader.equality import cases, check
from tests.backtrader.recording import Scenario
from tests.backtrader.script import scripts
from tests.backtrader.universe import LOADERS, universes
from tests.backtrader.zoo import ANALYZERS, MEASURES, OBSERVERS

measures = st.lists(st.tuples(st.sampled_from(MEASURES), st.integers(2, 8)), max_size=3).map(tuple)
simple = st.builds(Account, commission=st.sampled_from(("none", "percent")))


@cases("late starts, halts and ends")
def test_unaligned_feeds_are_seen_alike(count):
    ragged = universes(most_feeds=6, aligned=False)
    check(st.builds(Scenario, ragged, st.tuples(scripts()), simple, modes(), measures), count)


@cases("other feeds")
def test_feeds_of_other_kinds_are_read_alike(count):
    other = universes(most_feeds=3, loading=tuple(LOADERS)[1:])
    check(st.builds(Scenario, other, st.tuples(scripts()), simple, modes(), measures), count)


@cases("weeks of days")
def test_resampled_and_replayed_weeks_are_seen_alike(count):
    weekly = universes(most_feeds=2, weeks=("resampled", "replayed"))
    check(st.builds(Scenario, weekly, st.tuples(scripts()), simple, modes()), count)


@cases("several strategies")
def test_strategies_sharing_an_account_are_served_alike(count):
    two = st.tuples(scripts(most=6), scripts(most=6))
    check(st.builds(Scenario, universes(), two, accounts(), modes()), count)


@cases("ways to run")
def test_memory_saving_and_row_by_row_runs_are_alike(count):
    check(st.builds(Scenario, universes(), st.tuples(scripts()), simple, modes(memory=True), measures), count)


@cases("indicators")
def test_indicators_are_alike_to_the_last_bit(count):
    many = st.lists(st.tuples(st.sampled_from(MEASURES), st.integers(2, 8)), min_size=3, max_size=8).map(tuple)
    market = universes(most_feeds=2, bars=(40, 60))
    check(st.builds(Scenario, market, st.tuples(scripts(most=4)), simple, modes(), many), count)


@cases("reports")
def test_analyzers_and_observers_report_alike(count):
    def some(names):
        return st.lists(st.sampled_from(tuple(names)), max_size=6, unique=True).map(tuple)

    scenarios = st.builds(
        Scenario,
        universes(),
        st.tuples(scripts()),
        accounts(),
        modes(),
        analyzers=some(ANALYZERS),
        observers=some(OBSERVERS),
    )
    check(scenarios, count)
