"""The zoo's plugins that look ahead or differ each time are found in a plan as well; its healthy ones are not."""

import numpy as np
import pytest

from tests.verify.planted import FactorReader, Plain, idea, prices, verdict_on
from tests.zoo.table import FUTURE, HEALTHY, SHARED, SICK
from tradewind.errors import TradewindError
from tradewind.model import Signals

SYMBOLS = tuple(f"S{number}" for number in range(6))
AHEAD = [
    sick for sick in SICK if sick.test == FUTURE and sick.kind in {"factor", "strategy", "regime", "sizer", "exit"}
]
FORGETFUL = [sick for sick in SICK if sick.test == SHARED and sick.plugin.__name__ == "ClassMemory"]
OWNERS = {"factor": "strategy", "regime": "regime detector"}


@pytest.fixture(scope="module")
def bars():
    line = 100.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.01, 160)))
    return prices(160, symbols=SYMBOLS, references={"benchmark": line, "vix": 2000.0 / line})


class Opinionated(Plain):
    """Holds half of the symbols, and says of each all that a sizer may ask."""

    warmup = 30

    def on_bar(self, market, portfolio):
        close = market.current("close")
        rise = close / market.current("close", -5) - 1.0
        return Signals(
            scores=np.where(rise >= np.median(rise), 1.0 + rise, 0.0),
            expected_return=np.abs(rise),
            win_probability=np.full(len(rise), 0.6),
            payoff_ratio=np.full(len(rise), 1.5),
            stop_price=close * 0.95,
        )


def plan_with(kind, plugin):
    if kind == "factor":
        values = type("Values", (FactorReader,), {"factor": plugin(), "warmup": 30})
        return idea(values)
    if kind == "regime":
        return idea(regime={"detector": plugin, "immediate": []})
    if kind == "strategy":
        return None
    return idea(Opinionated, sizer=plugin) if kind == "sizer" else idea(exits=[plugin])


def verdict_of(kind, plugin, bars, **options):
    """Return the verdict on a plan with a plugin; of a strategy the sizer is left away where it gives targets."""
    config = plan_with(kind, plugin)
    if config is not None:
        return verdict_on(config, bars, **options)
    try:
        return verdict_on(idea(plugin), bars, **options)
    except TradewindError:
        return verdict_on(idea(plugin, sizer=None), bars, **options)


@pytest.mark.parametrize("sick", AHEAD, ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_looks_ahead_alone_is_found_in_a_plan(sick, bars):
    findings = verdict_of(sick.kind, sick.plugin, bars, cuts=9, whole_cuts=1).findings
    ahead = [finding for finding in findings if finding.rule == "look_ahead"]
    assert [finding.plugin.startswith(OWNERS.get(sick.kind, sick.kind)) for finding in ahead] == [True], findings
    assert ahead[0].cause.startswith("It is enough ")


@pytest.mark.parametrize("sick", FORGETFUL, ids=str)
def test_what_remembers_in_its_class_is_found_in_a_plan(sick, bars):
    (finding,) = verdict_of(sick.kind, sick.plugin, bars, cuts=1, whole_cuts=0).findings
    assert finding.rule == "not_repeatable"
    assert finding.plugin.startswith(OWNERS.get(sick.kind, sick.kind))


@pytest.mark.parametrize(("kind", "plugin"), HEALTHY, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_healthy_are_not_accused(kind, plugin, bars):
    verdict = verdict_of(kind, plugin, bars, cuts=2, whole_cuts=1)
    assert [finding for finding in verdict.findings if finding.rule != "warmup_too_short"] == []


def test_there_is_something_to_find():
    assert len(AHEAD) >= 15
    assert len(FORGETFUL) >= 4
