"""Regimes at work: what a change of label does to the sleeves."""

import numpy as np
import pytest

from tests.engine.helpers import fills_of, run, scripted, weights
from tradewind.contracts import RegimePlugin
from tradewind.errors import ConfigError
from tradewind.hookspecs import hookimpl
from tradewind.model import RegimeEstimate, Targets
from tradewind.testing import make_bars

CASH = {"cash": 1000.0, "cash_buffer": 0.0}


class Weather:
    """Bear from bar 3 on, bull again from bar 6."""

    labels = ("bull", "bear")

    def estimate(self, market):
        label = "bear" if 3 <= market.bar < 6 else "bull"
        chances = {"bull": 0.1, "bear": 0.1} | {label: 0.9}
        return RegimeEstimate(label, chances, 0.9, market.bar)


class Weathers:
    @hookimpl
    def tradewind_regimes(self):
        yield RegimePlugin(name="weather", create=Weather, summary="Bear in the middle.")


def weather(monkeypatch):
    from tests.engine import helpers

    plugin = RegimePlugin(name="weather", create=Weather, summary="Bear in the middle.")
    monkeypatch.setattr(helpers.TestPlugins, "tradewind_regimes", hookimpl(lambda self: iter([plugin])), raising=False)
    return {"detector": "weather", "confirmation_days": 1, "minimum_stay_days": 0, "immediate": []}


def test_a_regime_change_rescales_the_last_targets_at_once_without_asking_the_strategy(monkeypatch):
    from tests.engine import helpers

    monkeypatch.setattr(
        helpers.TestPlugins,
        "tradewind_regimes",
        hookimpl(lambda self: iter(Weathers().tradewind_regimes())),
        raising=False,
    )
    regime = {"detector": "weather", "confirmation_days": 1, "minimum_stay_days": 0, "immediate": []}
    session = run(
        make_bars(np.full((9, 1), 10.0)),
        [{"strategy": scripted("regime", {0: weights(0.8)}), "share": {"bull": 1.0, "bear": 0.25}}],
        regime=regime,
        account=CASH,
    )
    assert fills_of(session) == [(1, "S0", 80.0, 10.0), (4, "S0", -60.0, 10.0), (7, "S0", 60.0, 10.0)]
    reasons = session.ledger.recorder.tables(session.panel.timestamps, None)["orders"]["reason"].tolist()
    assert reasons == ["rebalance", "regime", "regime"]


def test_shares_must_name_the_detectors_labels(monkeypatch):
    from tests.engine import helpers

    monkeypatch.setattr(
        helpers.TestPlugins,
        "tradewind_regimes",
        hookimpl(lambda self: iter(Weathers().tradewind_regimes())),
        raising=False,
    )
    strategy = scripted("labels", {})
    with pytest.raises(
        ConfigError, match=r"sleeves\.0\.share: the detector has no regime 'beer'; .*Did you mean 'bear'"
    ):
        run(
            make_bars([[1.0], [1.0]]),
            [{"strategy": strategy, "share": {"bull": 1.0, "beer": 0.1}}],
            regime={"detector": "weather"},
        )
    with pytest.raises(ConfigError, match="no share for regime bear"):
        run(make_bars([[1.0], [1.0]]), [{"strategy": strategy, "share": {"bull": 1.0}}], regime={"detector": "weather"})


def test_a_regime_change_reaches_kept_weights_also_when_the_strategy_decides_on_that_bar(monkeypatch):
    script = {0: weights(0.4, 0.4), 3: weights(float("nan"), 0.1)}
    sleeves = [{"strategy": scripted("kept", script), "share": {"bull": 1.0, "bear": 0.0}}]
    session = run(make_bars(np.full((6, 2), 10.0)), sleeves, regime=weather(monkeypatch), account=CASH)
    assert session.ledger.holdings() == {}


def test_exact_quantities_survive_a_change_of_share_and_end_with_none(monkeypatch):
    bars = make_bars(np.full((9, 1), 10.0))
    script = {0: Targets(quantities={bars.instruments[0]: 50.0})}
    regime = weather(monkeypatch)
    sleeves = [{"strategy": scripted("exact", script), "share": {"bull": 1.0, "bear": 0.5}}]
    assert len(fills_of(run(bars, sleeves, regime=regime, account=CASH))) == 1
    sleeves = [{"strategy": scripted("exact", script), "share": {"bull": 1.0, "bear": 0.0}}]
    changes = [fill[2] for fill in fills_of(run(bars, sleeves, regime=regime, account=CASH))]
    assert changes == [50.0, -50.0, 50.0]


def test_a_regime_change_on_a_halted_bar_is_carried_out_when_the_symbol_trades_again(monkeypatch):
    bars = make_bars([[10.0], [10.0], [10.0], [np.nan], [10.0], [10.0], [10.0]])
    sleeves = [{"strategy": scripted("later", {0: weights(0.8)}), "share": {"bull": 1.0, "bear": 0.0}}]
    fills = fills_of(run(bars, sleeves, regime=weather(monkeypatch), account=CASH))
    assert fills == [(1, "S0", 80.0, 10.0), (5, "S0", -80.0, 10.0)]
