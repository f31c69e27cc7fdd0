"""A warm-up that is too short is found; a memory without end is named, and rounding is neither."""

import math

import numpy as np
import pytest

from tests.verify.planted import SYMBOLS, Average, FactorReader, Plain, fitted, idea, prices, reader_of, verdict_on
from tradewind.model import RegimeEstimate
from tradewind.runs.in_memory import builder_over
from tradewind.testing import make_bars
from tradewind.verify.warmup import after_warmup
from tradewind_plugins.factors import Atr, Ema, Macd, RollingHigh, Rsi, Sma
from tradewind_plugins.regimes.universe import OnUniverse


def warmed(config, bars=None):
    bars = prices() if bars is None else bars
    return after_warmup(builder_over(config, bars), bars)


def reading(factor, warmup=12):
    return type("Reading", (FactorReader,), {"factor": factor, "warmup": warmup})


def test_a_warmup_of_50_bars_for_an_average_of_200_is_too_short():
    bars = prices(600)
    strategy = {"python": Average, "params": {"average_bars": 200, "warmup": 50}}
    (finding,) = warmed(idea(strategy), bars).findings
    assert finding.rule == "warmup_too_short"
    assert finding.plugin == "strategy tests.verify.planted:Average of sleeve main"
    assert finding.what == "factor 'leak' of AA"
    assert finding.bar == 300 + 50
    mean = bars.fields["close"][151:351, 0].mean()
    assert f"{mean:.6f}"[:8] in finding.text
    assert "nan with the one from bar 300 on, after a warm-up of 50 bars" in finding.text
    assert "Lengthen `warmup`" in finding.remedy


@pytest.mark.parametrize(("average", "warmup", "short"), [(40, 38, True), (40, 39, False)])
def test_one_bar_too_short_is_too_short(average, warmup, short):
    found = warmed(idea({"python": Average, "params": {"average_bars": average, "warmup": warmup}}))
    assert bool(found.findings) is short
    assert found.compared == 1


@pytest.mark.parametrize(
    "factor", [Ema(5), Macd(3, 6, 2), Rsi(5), Atr(5), OnUniverse(Ema(5))], ids=lambda one: type(one).__name__
)
def test_what_remembers_its_whole_past_is_named_and_not_compared(factor):
    found = warmed(idea(reading(factor)))
    assert (found.findings, found.compared) == ([], 0)
    assert any("factor 'leak' of strategy" in line and "remembers its whole past" in line for line in found.not_checked)


def test_an_average_that_hides_its_memory_is_found():
    class Hiding(Ema):
        warmup_tolerance = 0.0

    (finding,) = warmed(idea(reading(Hiding(10)))).findings
    assert "or, where it remembers its whole past" in finding.remedy


@pytest.mark.parametrize("factor", [Sma(12), RollingHigh(12), OnUniverse(Sma(1))], ids=lambda one: type(one).__name__)
def test_tolerances_of_windows_are_finite_and_small(factor):
    assert 0.0 <= factor.warmup_tolerance <= 1e-9


def test_sums_that_round_otherwise_are_within_the_tolerance_and_not_equal():
    bars = prices(600)
    whole, later = Sma(50).compute(bars), Sma(50).compute(bars.between(301, 600))
    assert not np.array_equal(whole[301 + 49 :], later[49:])
    assert warmed(idea(reading(Sma(50), warmup=49)), bars).findings == []


def test_a_tolerance_counts_times_the_size_above_one():
    class Rough:
        needs = ("close",)
        warmup_tolerance = 0.01

        def __init__(self, part):
            self._part = part

        def compute(self, bars):
            return 1000.0 + np.full_like(bars.fields["close"], 1000.0 * self._part * (len(bars) < 100))

        def start(self, symbols):
            raise NotImplementedError

    assert warmed(idea(reading(Rough(0.009)))).findings == []
    assert warmed(idea(reading(Rough(0.011)))).findings != []


def test_halts_do_not_make_a_warmup_too_short():
    generator = np.random.default_rng(2)
    missing = generator.random((200, 4)) < 0.3
    fields = {name: np.where(missing, np.nan, values) for name, values in prices(200).fields.items()}
    bars = make_bars(fields.pop("close"), symbols=SYMBOLS, **fields)
    assert warmed(idea(reading(Sma(20), warmup=19)), bars).findings == []
    assert warmed(idea(reading(Sma(20), warmup=17)), bars).findings != []


def test_a_halt_where_the_shorter_history_begins_is_avoided():
    close = prices(120).fields["close"].copy()
    close[57:63, 1] = np.nan
    bars = make_bars(close, symbols=SYMBOLS)
    found = warmed(idea(regime={"detector": {"name": "threshold", "params": {"average_days": 15}}}), bars)
    assert found.findings == []
    assert "from bar 56 on" in found.extent


def test_what_a_sizer_does_not_know_yet_is_no_finding():
    sizer = {"name": "inverse_volatility", "params": {"lookback_bars": 30}}
    assert warmed(idea(Plain, sizer=sizer)).findings == []


class Windowed:
    """A detector that looks at 30 bars."""

    labels = ("up", "down")
    warmup = 20

    def estimate(self, market):
        closes = market.window("close", min(30, market.bar + 1))[:, 0]
        up = float(1.0 / (1.0 + math.exp(-100.0 * (closes[-1] / closes.mean() - 1.0))))
        label = "up" if up >= 0.5 else "down"
        return RegimeEstimate(
            label=label,
            probabilities={"up": up, "down": 1.0 - up},
            confidence=max(up, 1.0 - up),
            fitted_until=market.bar,
        )


class Warm(Windowed):
    warmup = 29


class Tolerant(Windowed):
    warmup_tolerance = math.inf


def test_a_detector_with_a_short_warmup_is_found():
    def of(detector):
        return warmed(idea(regime={"detector": detector, "immediate": []}))

    (finding,) = of(Windowed).findings
    assert (finding.plugin, finding.what) == ("regime detector tests.verify.test_warmup:Windowed", "estimate")
    assert finding.bar == 60 + 20
    assert of(Warm).findings == []
    assert of(Warm).compared == 1
    assert of(Tolerant).findings == []
    assert "Warm-up of regime detector tests.verify.test_warmup:Tolerant: it remembers its whole past." in (
        of(Tolerant).not_checked
    )


def test_a_history_no_longer_than_the_warmup_is_not_compared():
    found = warmed(idea({"python": Average, "params": {"average_bars": 40, "warmup": 118}}))
    assert (found.compared, found.findings) == (0, [])
    assert "Warm-up: the history is no longer than it." in found.not_checked


def test_the_full_verdict_has_it():
    verdict = verdict_on(idea({"python": Average, "params": {"average_bars": 40}}), cuts=1, whole_cuts=0)
    assert [finding.rule for finding in verdict.findings] == ["warmup_too_short"]
    assert [check.passed for check in verdict.checks if check.name == "warm-up"] == [False]


def test_what_was_found_before_is_said_to_follow_from_it():
    verdict = verdict_on(idea(reader_of(fitted)), cuts=2, whole_cuts=1)
    (warm_up,) = [check for check in verdict.checks if check.name == "warm-up"]
    (finding,) = verdict.findings
    assert (finding.rule, warm_up.passed) == ("look_ahead", False)
    assert warm_up.extent.endswith(f"; {finding.plugin} as found above")
