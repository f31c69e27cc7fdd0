"""What a verdict says, and how it comes about: arithmetic, cuts, budget, seeds."""

import itertools
import json
import math
import time

import numpy as np
import pytest

from tests.verify import planted
from tests.verify.planted import Plain, idea, prices, verdict_on
from tradewind.errors import DataError, PluginError
from tradewind.journal import Record
from tradewind.runs.in_memory import backtest, builder_over
from tradewind.verify import Check, Finding, Verdict, verify, verify_shortly
from tradewind.verify.cuts import decision_bars, draw_cuts

RUN_SECONDS = 60.0


def verdict(**changes):
    plain = {
        "name": "one", "short": False, "checks": (), "findings": (), "cuts": 44, "decisions": 40, "not_checked": (),
        "seed": 3, "seconds": 1.5,
    }  # fmt: skip
    return Verdict(**(plain | changes))


def finding():
    return Finding(
        rule="look_ahead", plugin="sizer one of sleeve main", what="weights", bar=7,
        time=np.datetime64("2020-01-10T15:30"), text="1 becomes 2", cause="Because.", remedy="Mend it.",
    )  # fmt: skip


def shortly(config, bars=None, *, budget=math.inf, run=0.0, **more):
    bars = prices() if bars is None else bars
    done = backtest(config, bars)
    records = done._session.ledger.journal.records
    builder = builder_over(config, bars)
    return verify_shortly(builder, bars, records, budget_seconds=budget, run_seconds=run, seed=0, **more)


@pytest.mark.parametrize(
    ("decisions", "part", "expected"),
    [(0, 0.1, 0.0), (1, 0.1, 0.1), (2, 0.5, 0.75), (40, 0.1, 0.98522), (40, 0.05, 0.87149)],
)
def test_confidence_is_that_of_drawing_a_leaking_decision(decisions, part, expected):
    assert verdict(decisions=decisions).confidence(part) == pytest.approx(expected, abs=1e-5)


def test_confidence_is_what_a_simulation_finds():
    generator = np.random.default_rng(0)
    leaking = generator.random((4000, 20)) < 0.1
    assert verdict(decisions=20).confidence(0.1) == pytest.approx(leaking.any(axis=1).mean(), abs=0.02)


def test_the_sentence_states_the_confidence_at_one_in_ten_and_in_twenty():
    assert verdict().sentence == (
        "No look-ahead found at 44 cuts, 40 on decisions: a plugin that reads the future on one decision in ten would "
        "have been found with 98.5%, on one in twenty with 87.1%."
    )


def test_the_sentence_of_a_finding_names_plugin_and_bar():
    one = verdict(findings=(finding(),))
    assert not one.passed
    assert one.sentence == "1 found, the first: sizer one of sleeve main, weights, at bar 7."
    assert str(finding()) == (
        "sizer one of sleeve main: weights at bar 7 (2020-01-10T15:30:00): 1 becomes 2. Because. Mend it."
    )


def test_without_a_decision_or_a_cut_it_is_not_verified_and_says_so():
    assert verdict(decisions=0).sentence == "Not verified: nothing was decided at 44 cuts."
    none = verdict(cuts=0, decisions=0, skipped="no time")
    assert none.sentence == "Not verified: no time."
    assert none.passed is None
    assert none.as_data()["passed"] is None


def test_decisions_that_were_compared_bar_by_bar_alone_are_told():
    streamed = verdict(cuts=0, decisions=0, skipped="no window is long enough", streamed=1200)
    assert streamed.passed
    assert streamed.sentence == (
        "No look-ahead found bar by bar, where all 1,200 decisions are the same; no cut is on one: no window is long "
        "enough."
    )
    assert verdict(streamed=1200).sentence.endswith("with 87.1%. All 1,200 decisions are the same bar by bar.")


def test_windows_are_told_for_what_they_can_show():
    windows = Check(name="windows", extent="", compared=40, passed=True)
    assert (
        "decisions: of what shows in a window from a flat account, a plugin that" in verdict(checks=(windows,)).sentence
    )
    short = verdict(checks=(windows,), short=True).sentence
    assert "decisions: of what shows in a short window from a flat account, a plugin that" in short


def test_the_confidence_is_that_of_the_sleeve_with_the_fewest_decisions():
    mixed = verdict(by_sleeve={"daily": 36, "monthly": 4})
    assert mixed.confidence(0.1) == pytest.approx(1.0 - 0.9**4)
    assert (
        "40 on decisions, of sleeve monthly only 4: a plugin that reads the future on one decision in ten would "
        in (mixed.sentence)
    )
    assert "with 34.4%" in mixed.sentence


class Daily(Plain):
    schedule = "every_bar"


class Monthly(Plain):
    schedule = "monthly"


def test_sleeves_take_turns_and_are_counted_each_for_itself():
    config = idea()
    config["sleeves"] = [
        {"name": name, "strategy": strategy, "sizer": "equal_weight", "share": 0.5}
        for name, strategy in (("daily", Daily), ("monthly", Monthly))
    ]
    found = verdict_on(config, prices(250), cuts=20, whole_cuts=0)
    assert found.decisions >= 18
    assert found.by_sleeve["monthly"] >= 8
    assert found.by_sleeve["daily"] >= 18
    assert found.fewest == found.by_sleeve["monthly"]
    data = found.as_data()
    assert data["decisions_by_sleeve"] == dict(found.by_sleeve)
    assert data["confidence"]["one in ten"] == pytest.approx(1.0 - 0.9 ** found.by_sleeve["monthly"])


def test_all_decisions_are_counted_where_bars_arrive_one_by_one():
    bars = prices()
    records = backtest(idea(), bars)._session.ledger.journal.records
    assert verdict_on(idea(), bars, cuts=1, whole_cuts=0).streamed == len(
        {record.bar for record in records if record.kind in {"signals", "targets", "exit", "intent"}}
    )


def test_json_has_no_time_and_is_the_same_again():
    first, second = (
        json.dumps(verdict_on(idea(planted.NextClose), cuts=3, whole_cuts=1, seed=5).as_data()) for _ in range(2)
    )
    assert first == second
    data = json.loads(first)
    assert set(data) == {
        "passed", "short", "sentence", "skipped", "cuts", "decisions", "confidence", "seed", "checks", "findings",
        "not_checked", "decisions_by_sleeve", "decisions_streamed", "interrupted",
    }  # fmt: skip
    assert data["findings"][0]["rule"] == "look_ahead"
    assert data["confidence"]["one in ten"] == pytest.approx(1.0 - 0.9 ** data["decisions"])


def test_another_seed_draws_other_cuts():
    bars = [
        {one.last for one in itertools.islice(draw_cuts(500, range(50, 450), 20, np.random.default_rng(seed)), 20)}
        for seed in (0, 0, 1)
    ]
    assert bars[0] == bars[1] != bars[2]


def test_cuts_lie_on_decisions_but_for_each_tenth():
    decided = [60, 100, 200, 300]
    drawn = list(itertools.islice(draw_cuts(500, decided, 40, np.random.default_rng(0)), 30))
    assert all(cut.last in decided for number, cut in enumerate(drawn, 1) if number % 10)
    assert len({cut.last for cut in drawn[9::10]} - set(decided)) >= 2
    for cut in drawn:
        assert 0 <= cut.start <= max(0, cut.last - 40)
        assert cut.last < cut.stop - 1
        assert cut.stop <= 500


def test_a_cut_never_lies_on_the_last_bar():
    for bars in (2, 10, 11):
        for cut in itertools.islice(draw_cuts(bars, [bars - 1], 300, np.random.default_rng(0)), 20):
            assert 0 <= cut.last <= bars - 2


def test_whole_cuts_begin_with_the_history_and_have_all_its_future():
    for cut in itertools.islice(draw_cuts(500, [60, 70], 40, np.random.default_rng(0), whole=True), 5):
        assert (cut.start, cut.stop) == (0, 500)


def test_windows_are_drawn_where_a_strategy_was_asked():
    records = [Record(3, "regime", "{}"), Record(5, "signals", "{}"), Record(8, "exit", "{}"), Record(9, "fill", "{}")]
    assert decision_bars(records, whole=False) == [5]
    assert decision_bars(records, whole=True) == [5, 8]
    assert decision_bars([Record(7, "intent", "{}")], whole=False) == [7]


def test_a_history_of_a_few_bars_is_refused():
    with pytest.raises(DataError, match=r"the history has 9 bars; at least 10 are needed.*Choose an earlier start"):
        verdict_on(idea(), prices(9))


def test_a_plan_that_does_not_run_is_told_as_the_run_tells_it():
    class Broken(Plain):
        def on_bar(self, market, portfolio):
            raise RuntimeError("no idea")

    with pytest.raises(PluginError, match=r"Broken.on_bar raised RuntimeError at bar 10: no idea"):
        verdict_on(idea(Broken))


def test_a_plan_that_writes_to_its_history_is_refused():
    class Rewrites(Plain):
        def on_bar(self, market, portfolio):
            behind = market.fields["close"]
            while behind.base is not None:
                behind = behind.base
            behind[market.bar + 1 :] *= 1.01
            return super().on_bar(market, portfolio)

    with pytest.raises(PluginError, match=r"prices are not what they were .* let it work on a copy"):
        verdict_on(idea(Rewrites))


def test_a_plan_that_needs_more_than_a_window_is_told_as_not_checked():
    class Long(Plain):
        def on_bar(self, market, portfolio):
            if market.bar < 40:
                return None
            market.window("close", 40)
            return super().on_bar(market, portfolio)

    class TooLong(Plain):
        warmup = 10
        calls = 0

        def on_bar(self, market, portfolio):
            if market.timestamp > np.datetime64("2020-04-01"):
                market.window("close", 50)
            return super().on_bar(market, portfolio)

    assert verdict_on(idea(Long), cuts=2, whole_cuts=1).passed
    verdict = verdict_on(idea(TooLong), cuts=4, whole_cuts=0)
    told = verdict.not_checked
    assert verdict.cuts < 4
    assert any("the plan cannot be run over them" in line and "window of 50 bars" in line for line in told)


def test_windows_that_are_refused_for_one_reason_are_told_once_with_their_number():
    class TooLong(Plain):
        def on_bar(self, market, portfolio):
            if len(market.fields["close"]) != 120:
                raise RuntimeError(f"not the whole at bar {market.bar}")
            return super().on_bar(market, portfolio)

    found = verdict_on(idea(TooLong), cuts=7, whole_cuts=0)
    (told,) = [line for line in found.not_checked if "the plan cannot be run over them" in line]
    assert told.startswith("Bars ")
    assert told.endswith("(6 more windows for the same reason)")


def test_cuts_of_the_whole_history_make_up_for_windows_that_are_refused():
    class Whole(Plain):
        def on_bar(self, market, portfolio):
            assert len(market.fields["close"]) > 100, "where is the rest?"
            return super().on_bar(market, portfolio)

    found = verdict_on(idea(Whole), cuts=2, whole_cuts=2)
    assert (found.cuts, found.skipped) == (2, "")
    assert "No look-ahead found at 2 cuts" in found.sentence or found.findings


def test_a_plan_that_no_window_suits_is_not_verified():
    class Whole(Plain):
        def on_bar(self, market, portfolio):
            assert len(market.fields["close"]) == 120, "where is the rest?"
            return super().on_bar(market, portfolio)

    short = shortly(idea(Whole))
    assert (short.cuts, short.checks) == (0, ())
    assert short.sentence == "Not verified: the plan cannot be run over parts of its history."
    assert any("where is the rest?" in line for line in short.not_checked)


def test_progress_is_told():
    told = []
    bars = prices()
    verify(builder_over(idea(), bars), bars, cuts=2, whole_cuts=1, tell=lambda *what: told.append(what))
    assert ("windows", 1, 2) in told
    assert [phase for phase, _ in itertools.groupby(told, key=lambda what: what[0])] == [
        "again", "windows", "history", "streamed", "warm-up",
    ]  # fmt: skip


def test_the_short_version_finds_a_leak_and_looks_for_no_cause():
    short = shortly(idea(planted.NextClose))
    (found,) = short.findings
    assert (found.rule, found.cause) == ("look_ahead", "")
    assert short.short


def test_the_short_version_does_not_take_a_memory_in_the_class_for_look_ahead():
    (found,) = shortly(idea(planted.ClassState)).findings
    assert found.rule == "not_repeatable"


def test_the_short_version_passes_the_honest():
    short = shortly(idea())
    assert short.passed
    assert (short.cuts, short.decisions) == (12, 11)
    assert any("`tradewind verify` does them all" in line for line in short.not_checked)


def test_no_cut_is_made_where_one_would_take_too_long():
    short = shortly(idea(), budget=0.25 * RUN_SECONDS, run=10 * RUN_SECONDS)
    assert (short.cuts, short.checks, short.passed) == (0, (), None)
    assert short.sentence == "Not verified: one cut would take longer than a quarter of the run."


@pytest.fixture
def clock(monkeypatch):
    """The processor's time, in a list, which goes on only where a test says so."""
    now = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: now[0])
    return now


def test_at_least_one_cut_is_made_where_it_should_fit(clock):
    class Slow(Plain):
        def on_bar(self, market, portfolio):
            clock[0] += 5.0
            return super().on_bar(market, portfolio)

    assert shortly(idea(Slow), budget=1.0).cuts == 1


def test_plugins_that_take_long_to_be_made_leave_no_time_for_a_cut(clock):
    class Loads(Plain):
        def __init__(self):
            clock[0] += 1.0

    assert shortly(idea(Loads), budget=3.0, run=4.0).skipped == "one cut would take longer than a quarter of the run"
    assert shortly(idea(Loads), budget=6.5, run=4.0).cuts == 1


def test_no_cut_is_made_once_stopped():
    short = shortly(idea(), stopped=lambda: True)
    assert (short.cuts, short.interrupted, short.passed) == (0, True, None)
    assert short.sentence == "Not verified: it was interrupted."


def test_no_more_cuts_are_made_once_stopped():
    asked = iter([False, False, True])
    short = shortly(idea(planted.NextClose), stopped=lambda: next(asked))
    assert (short.cuts, short.interrupted, short.as_data()["interrupted"]) == (2, True, True)
    assert short.sentence.endswith(" Cut short: it was interrupted.")
    assert "Further cuts: it was interrupted after 2." in short.not_checked


def test_a_short_run_is_not_verified_shortly():
    assert "the run has 9 bars" in shortly(idea(), prices(9)).sentence
