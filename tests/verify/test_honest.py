"""What reads no future is not accused."""

from pathlib import Path

import numpy as np
import pytest

from tests.verify.planted import SYMBOLS, HonestRegime, Plain, Showing, idea, one, prices, reader_of, verdict_on
from tradewind.config.loader import load_plan
from tradewind.engine.assemble import Builder
from tradewind.model import Signals
from tradewind.registry import Registry
from tradewind.runs.execute import read_data
from tradewind.testing import make_bars
from tradewind.verify import verify

CONFIGS = Path(__file__).parents[2] / "configs"


class Remembering(Plain):
    """Its own state, in the instance."""

    def __init__(self):
        self._seen = 0.0

    def on_bar(self, market, portfolio):
        self._seen += float(market.current("close")[0])
        return one(np.roll(np.arange(4.0), int(self._seen)))


class Holding(Plain):
    """Decides by what it holds."""

    def on_bar(self, market, portfolio):
        held = portfolio.quantities > 0.0
        return Signals(scores=np.where(held, 0.0, 1.0) if held.any() else np.array([1.0, 1.0, 0.0, 0.0]))


CROSSING = {"name": "moving_average_cross", "params": {"fast_bars": 5, "slow_bars": 20}}
HONEST = {
    "plain": idea(),
    "every bar": idea(type("Daily", (Plain,), {"schedule": "every_bar"})),
    "state": idea(Remembering),
    "holdings": idea(Holding),
    "shows its array": idea(Showing),
    "regime": idea(regime={"detector": HonestRegime, "immediate": []}),
    "threshold": idea(regime={"detector": {"name": "threshold", "params": {"average_days": 20}}}),
    "composite": idea(regime={"detector": {"name": "composite", "params": {"fast_days": 5, "slow_days": 10}}}),
    "exits": idea(exits=[{"name": "trailing_stop", "params": {"fraction": 0.05}}, "time_stop"]),
    "atr stop": idea(exits=["atr_stop"]),
    "take profit": idea(exits=[{"name": "take_profit", "params": {"fraction": 0.05}}]),
    "inverse volatility": idea(sizer={"name": "inverse_volatility", "params": {"lookback_bars": 10}}),
    "volatility target": idea(sizer="volatility_target"),
    "kelly": idea(sizer="kelly"),
    "costs": idea(costs="us_equity"),
    "gates and breakers": idea(risk={}),
    "crossing averages": idea(CROSSING, sizer=None),
    "near the high": idea({"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 20}}),
}


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_pass(name):
    verdict = verdict_on(HONEST[name], cuts=2, whole_cuts=1)
    assert verdict.findings == ()
    assert all(check.passed for check in verdict.checks)


def test_gaps_late_starts_and_early_ends_are_no_findings():
    generator = np.random.default_rng(5)
    missing = generator.random((120, 4)) < 0.1
    missing[:40, 1] = True
    missing[90:, 2] = True
    fields = {name: np.where(missing, np.nan, values) for name, values in prices().fields.items()}
    bars = make_bars(fields.pop("close"), symbols=SYMBOLS, **fields)
    near = {"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 15, "schedule": "weekly"}}
    config = idea(near, regime={"detector": {"name": "threshold", "params": {"average_days": 15}}}, exits=["atr_stop"])
    verdict = verdict_on(config, bars, cuts=4, whole_cuts=2)
    assert verdict.findings == ()
    assert verdict.decisions >= 4


def test_one_symbol_and_its_references_are_no_findings():
    line = 100.0 + np.sin(np.arange(120.0))
    bars = prices(symbols=("AA",), references={"benchmark": line, "vix": line / 5})
    config = idea(
        CROSSING,
        sizer=None,
        regime={"detector": {"name": "composite", "params": {"fast_days": 5, "slow_days": 10}}},
    )
    assert verdict_on(config, bars, cuts=3, whole_cuts=1).findings == ()


@pytest.mark.parametrize("bars", [10, 11, 14])
def test_runs_shorter_than_their_warmup_are_not_accused_and_not_verified(bars):
    verdict = verdict_on(idea({"name": "high_52w", "params": {"lookback_bars": 60}}), prices(bars), cuts=3)
    assert verdict.findings == ()
    assert verdict.passed is None
    assert verdict.sentence == "Not verified: nothing was decided at 5 cuts."


def test_warnings_of_made_up_futures_are_neither_shown_nor_findings(recwarn):
    def fragile(bars):
        close = bars.fields["close"]
        floor = np.minimum.accumulate(close, axis=0)
        return np.log(close - 0.9 * close[0]) + 0.0 * floor

    calm = 50.0 + np.sin(np.arange(120.0))[:, np.newaxis] + np.arange(4.0)
    verdict = verdict_on(idea(reader_of(fragile)), make_bars(calm, symbols=SYMBOLS), cuts=2, whole_cuts=1)
    assert [finding.rule for finding in verdict.findings] == ["stream_differs"]
    assert not recwarn.list


def test_flat_prices_are_no_finding():
    flat = np.full((120, 4), 33.3)
    bars = make_bars(flat, symbols=SYMBOLS, open=flat, high=flat, low=flat, volume=flat)
    config = idea(
        {"name": "high_52w", "params": {"top_n": 2, "lookback_bars": 20}},
        sizer={"name": "inverse_volatility", "params": {"lookback_bars": 10}},
        regime={"detector": {"name": "composite", "params": {"fast_days": 5, "slow_days": 10}}},
    )
    assert verdict_on(config, bars, cuts=2, whole_cuts=1).findings == ()


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_the_configurations_shipped_pass(name):
    loaded = load_plan([CONFIGS / f"{name}.yaml"], start="2020-06-01")
    builder = Builder(loaded.plan, Registry.load(), loaded.directory)
    bars, _, _ = read_data(builder)
    verdict = verify(builder, bars, cuts=1, whole_cuts=1, seed=1)
    assert verdict.findings == ()
    assert verdict.decisions >= 1
