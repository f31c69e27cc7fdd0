"""Each way to cheat is found, and the right plugin, bar and cause are named."""

import numpy as np
import pytest

from tests.verify import planted
from tests.verify.planted import SYMBOLS, FactorReader, StepsOtherwise, idea, prices, reader_of, verdict_on
from tradewind.contracts import Reading
from tradewind.model import Standing
from tradewind.runs.in_memory import builder_over
from tradewind.testing import make_bars
from tradewind.verify.cuts import Cut
from tradewind.verify.look_ahead import look_ahead


def found(config, bars=None, **options):
    """Return the only finding."""
    verdict = verdict_on(config, bars, **({"cuts": 3, "whole_cuts": 0} | options))
    assert not verdict.passed
    (finding,) = verdict.findings
    return finding


@pytest.mark.parametrize("name", [name for name in planted.LEAKING_FACTORS if name != "survivors"])
def test_a_leaking_factor_is_named_and_not_who_reads_it(name):
    finding = found(idea(reader_of(planted.LEAKING_FACTORS[name])))
    assert finding.rule == "look_ahead"
    assert finding.plugin.startswith("strategy ")
    assert finding.what.startswith("factor 'leak' of ")
    assert "no statistics of the whole array" in finding.remedy


def test_a_filter_by_the_last_day_is_found_by_what_trades_again():
    fields = {name: values.copy() for name, values in prices().fields.items()}
    for values in fields.values():
        values[100:, 2] = np.nan
    bars = make_bars(fields.pop("close"), symbols=SYMBOLS, **fields)
    finding = found(idea(reader_of(planted.survivors)), bars)
    assert finding.rule == "look_ahead"
    assert "of CC" in finding.what
    assert "the close of CC of bar 119" in finding.cause


@pytest.mark.parametrize("strategy", [planted.NextClose, planted.Base, planted.LastDay, planted.Foreseeing])
def test_a_strategy_that_reads_ahead_is_found(strategy):
    finding = found(idea(strategy))
    assert finding.rule == "look_ahead"
    assert finding.plugin == f"strategy tests.verify.planted:{strategy.__name__} of sleeve main"
    assert finding.what == "signals"
    assert "market.current" in finding.remedy


def test_targets_that_read_ahead_are_found():
    finding = found(idea(planted.Targeting, sizer=None))
    assert (finding.rule, finding.what) == ("look_ahead", "targets")


def test_the_smallest_change_is_the_very_field_symbol_and_bar():
    bars = prices()
    builder, generator = builder_over(idea(planted.OneBar), bars), np.random.default_rng(0)
    finding = look_ahead(builder, bars, Cut(0, 65, 120), ("resampled",), generator).finding
    assert finding is not None
    assert (finding.rule, finding.what, finding.bar) == ("look_ahead", "signals", 61)
    true = bars.fields["high"][71, 1]
    assert f"It is enough to change the high of BB of bar 71 (2020-04-09) from {true:.6g} to " in finding.cause
    assert "beside" not in finding.cause


def test_the_smallest_change_is_one_that_changes_what_is_named():
    def rounded(bars):
        close = bars.fields["close"]
        return np.round((close - close.mean(axis=0)) / close.std(axis=0))

    for seed in range(4):
        finding = found(idea(reader_of(rounded)), seed=seed)
        symbol = finding.what.removeprefix("factor 'leak' of ")
        assert f"change the close of {symbol} " in finding.cause


def test_the_smallest_change_of_the_next_close_is_one_close_of_the_next_bar():
    finding = found(idea(planted.NextClose))
    assert f"of bar {finding.bar + 1} (" in finding.cause
    assert "change the close of " in finding.cause


@pytest.mark.parametrize(
    ("config", "plugin", "what"),
    [
        (idea(sizer=planted.LeakingSizer), "sizer tests.verify.planted:LeakingSizer of sleeve main", "weights"),
        (idea(exits=[planted.LeakingExit]), "exit tests.verify.planted:LeakingExit of sleeve main", "exit"),
        (idea(exits=[planted.LeakingStop]), "exit tests.verify.planted:LeakingStop of sleeve main", "resting order"),
        (
            idea(planted.Everything, exits=[planted.LeakingLevel]),
            "exit tests.verify.planted:LeakingLevel of sleeve main",
            "order",
        ),
        (
            idea(regime={"detector": planted.LeakingRegime, "immediate": []}),
            "regime detector tests.verify.planted:LeakingRegime",
            "estimate",
        ),
        (
            idea(planted.Showing, risk={"gates": [planted.LeakingGate], "breakers": []}),
            "gate tests.verify.planted:LeakingGate",
            "verdict",
        ),
        (idea(planted.Showing, costs=planted.LeakingCost), "cost model tests.verify.planted:LeakingCost", None),
    ],
    ids=["sizer", "exit", "resting exit", "resting exits of several", "regime", "gate", "cost"],
)
def test_who_leaks_is_named(config, plugin, what):
    finding = found(config, cuts=9)
    assert (finding.rule, finding.plugin) == ("look_ahead", plugin)
    assert what is None or finding.what == what


@pytest.mark.parametrize("strategy", [planted.ClassState, planted.Unseeded, planted.Clock, planted.SetOrder])
def test_what_differs_each_time_is_no_look_ahead(strategy):
    finding = found(idea(strategy))
    assert finding.rule == "not_repeatable"
    assert finding.plugin == f"strategy tests.verify.planted:{strategy.__name__} of sleeve main"
    assert "draw random numbers from a `Seed`" in finding.remedy


def test_of_what_differs_each_time_nothing_else_is_said():
    verdict = verdict_on(idea(planted.Unseeded))
    assert [check.name for check in verdict.checks] == ["again"]
    assert (verdict.cuts, verdict.decisions) == (0, 0)
    assert "mend that first" in verdict.not_checked[0]


def test_a_jump_over_a_decision_is_found():
    finding = found(idea(planted.Jumping))
    assert finding.rule == "stream_differs"
    assert "`next_event` passes over a bar" in finding.remedy


def test_a_step_form_that_differs_is_named_with_its_factor():
    reader = type("Reader", (FactorReader,), {"factor": StepsOtherwise()})
    finding = found(idea(reader))
    assert (finding.rule, finding.what, finding.bar) == ("stream_differs", "factor 'leak' of AA", 0)
    assert "`step`" in finding.remedy


def test_a_step_form_that_fails_is_named():
    class Broken(StepsOtherwise):
        def start(self, symbols):
            raise RuntimeError("no steps here")

    verdict = verdict_on(idea(type("Reader", (FactorReader,), {"factor": Broken()})), cuts=1, whole_cuts=0)
    assert any("no steps here" in finding.text for finding in verdict.findings)


def test_a_factor_that_fails_because_of_bars_to_come_is_named():
    def refuses(bars):
        close = bars.fields["close"]
        if (close[-1] < close[0] / 5).any():
            raise ValueError("the last close is too low")
        return close.copy()

    finding = found(idea(reader_of(refuses)))
    assert (finding.rule, finding.what) == ("look_ahead", "an error")
    assert "the last close is too low" in finding.text
    assert finding.plugin.startswith("strategy ")


def test_a_decision_that_fails_because_of_bars_to_come_names_who_failed():
    class Refusing(planted.Plain):
        def on_bar(self, market, portfolio):
            close = market.fields["close"]
            if (close[-1] < close[0] / 5).any():
                raise ValueError("the last close is too low")
            return super().on_bar(market, portfolio)

    finding = found(idea(Refusing))
    assert (finding.rule, finding.what) == ("look_ahead", "an error")
    assert "Refusing.on_bar" in finding.plugin
    assert "must not fail" in finding.remedy


class QuietAhead:
    """Trips on a fall; calls bars quiet by the last of them."""

    def __init__(self):
        self._before = np.inf

    def observe(self, view):
        fell = view.equity < 0.99 * self._before
        self._before = view.equity
        return Reading(Standing.REDUCE_ONLY, "it fell by more than 1 %") if fell else Reading()

    def quiet(self, path):
        return len(path.equity) if len(path.equity) and path.equity[-1] > 0.9 * path.equity[0] else 0

    def pass_over(self, path, bars):
        self._before = float(path.equity[bars - 1]) if bars else self._before

    def rearm(self, view):
        pass

    def state(self):
        return {"before": self._before}

    def restore(self, state):
        self._before = state["before"]


def test_a_breaker_whose_quiet_reads_ahead_is_told_of_quiet_and_not_of_next_event():
    monthly = type("Monthly", (planted.Plain,), {"schedule": "monthly"})
    config = idea(monthly, risk={"gates": [], "breakers": [QuietAhead]})
    finding = found(config, cuts=1)
    assert (finding.rule, finding.what) == ("stream_differs", "standing")
    assert "QuietAhead" in finding.plugin
    assert "`quiet` passes over a bar on which `observe` would act" in finding.remedy
    assert "next_event" not in finding.remedy
