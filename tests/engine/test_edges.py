"""Corners where orders, holdings of several sleeves and jumps meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tradewind
from tests.engine import helpers
from tests.engine.helpers import run, scripted, weights
from tests.engine.test_jump import require_equal
from tradewind.errors import DataError, PluginError
from tradewind.exchange import Exchange
from tradewind.hookspecs import hookimpl
from tradewind.model import Bars, Targets
from tradewind.testing import make_bars
from tradewind_plugins.exits import tradewind_exits

CASH = {"cash": 10_000.0}
STOP = {"name": "stop_loss", "params": {"fraction": 0.1, "resting": True}}
IDEA = {"risk": False, "sleeves": [{"strategy": "buy_and_hold", "sizer": "equal_weight"}]}


@pytest.fixture(autouse=True)
def _exits(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = hookimpl(lambda self: iter(tradewind_exits()))
    monkeypatch.setattr(helpers.TestPlugins, "tradewind_exits", built_in, raising=False)


def flat(close: np.ndarray, volume: float = 1e6) -> Bars:
    return make_bars(close, open=close, high=close, low=close, volume=np.full(close.shape, volume))


def sleeve(name: str, script: dict[int, Targets], *exits: dict[str, Any], share: float = 0.5) -> dict[str, Any]:
    return {"name": name, "strategy": scripted(f"edges {name}", script), "exits": list(exits), "share": share}


def test_a_refused_resting_stop_is_not_sent_again_until_a_holding_changes() -> None:
    # The account is flat, so that the stop of one sleeve would open a short position, which is not allowed.
    bars = flat(np.full((12, 1), 100.0))
    sleeves = [sleeve("long", {0: weights(1.0)}, STOP), sleeve("short", {0: weights(-0.5)})]
    rules = {"account": CASH, "exchange": {"allow_short": False}}
    jumping, visiting = run(bars, sleeves, **rules), run(bars, sleeves, jumps=False, **rules)
    require_equal(jumping, visiting)
    orders = visiting.ledger.recorder.tables(bars.timestamps, None)["orders"]
    assert (orders["order_type"] == "stop").sum() <= 2


def test_a_stop_that_fires_withdraws_what_is_still_being_bought() -> None:
    close = np.full((20, 1), 100.0)
    close[4:] = 85.0
    session = run(
        flat(close, volume=100.0),
        [sleeve("slow", {0: weights(1.0)}, STOP, share=1.0)],
        account=CASH,
        exchange={"volume_limit": 0.1},
    )
    fills = session.ledger.recorder.tables(session.panel.timestamps, None)["fills"]
    stopped = fills["bar"][fills["reason"] == "exit:stop_loss"].min()
    assert (fills["bar"][fills["quantity"] > 0.0] <= stopped).all()
    assert session.ledger.holdings() == {}


def test_the_end_of_data_closes_holdings_of_sleeves_that_cancel_out() -> None:
    close = np.full((12, 2), 100.0)
    close[5:, 0] = np.nan
    bars = replace(flat(close), ends=np.array([5, 12]))
    sleeves = [sleeve("up", {0: weights(0.5, 0.5)}), sleeve("down", {0: weights(-0.5, 0.1)})]
    session = run(bars, sleeves, account=CASH, exchange={"data_end_haircut": 0.5})
    books = session.ledger.books.books.values()
    assert [float(book.quantities[0]) for book in books] == [0.0, 0.0]
    profits = session.ledger.recorder.tables(bars.timestamps, None)["sleeves"].iloc[-1]
    assert profits.sum() == pytest.approx(session.ledger.equity() - 10_000.0)
    assert profits["up"] < 0.0 < profits["down"]


@pytest.mark.parametrize("decided", [4, 7])
def test_what_is_wanted_of_an_instrument_whose_data_have_ended_is_not_waited_for(decided: int) -> None:
    close = np.full((12, 2), 100.0)
    close[4:, 0] = np.nan
    session = run(
        replace(flat(close), ends=np.array([6, 12])),
        [sleeve("late", {decided: weights(0.5, 0.5)}, share=1.0)],
        account=CASH,
    )
    assert not session.sleeves[0].targets.pending
    assert session.ledger.holdings() == {session.panel.instruments[1]: pytest.approx(50.0)}


def test_a_plugin_that_changes_the_portfolio_it_was_shown_is_named() -> None:
    class Careless:
        def on_bar(self, market: Any, portfolio: Any) -> Targets:
            portfolio.quantities[:] = 0.0
            return weights(1.0)

    class Provider:
        @hookimpl
        def tradewind_strategies(self) -> Any:
            yield tradewind.StrategyPlugin(name="careless", create=Careless, summary="Writes where it reads.")

    made = helpers.builder(flat(np.full((4, 1), 10.0)), [{"strategy": "hold_all", "sizer": "ninety"}])
    made.registry.register(Provider(), "edges")
    plan = made.plan.model_copy(
        update={"sleeves": tuple(one.model_copy(update={"strategy": _named("careless")}) for one in made.plan.sleeves)}
    )
    with pytest.raises(
        PluginError, match=r"Careless.on_bar raised ValueError at bar 0: assignment destination is read"
    ):
        helpers.run_session(replace(made, plan=plan), flat(np.full((4, 1), 10.0)))


def _named(name: str) -> Any:
    from tradewind.config.plan import PluginRef

    return PluginRef(name=name)


def test_a_table_changed_afterwards_changes_no_result() -> None:
    closes = pd.DataFrame({"AA": [10.0, 10.1, 10.2, 10.3]}, index=pd.date_range("2024-01-02", periods=4))
    result, expected = tradewind.backtest(IDEA, closes), tradewind.backtest(IDEA, closes).weights
    closes.iloc[:] *= 2.0
    pd.testing.assert_frame_equal(result.weights, expected)


def test_tables_in_several_zones_are_brought_to_utc() -> None:
    days = pd.date_range("2024-01-02", periods=3)
    naive = pd.DataFrame({"close": [10.0, 10.1, 10.2]}, index=days)
    aware = naive.set_axis(days.tz_localize("UTC"))
    assert len(tradewind.backtest(IDEA, {"A": naive, "B": aware}).equity) == 3
    with pytest.raises(DataError, match="label them with timestamps"):
        tradewind.backtest(IDEA, {"A": naive, "B": naive.reset_index(drop=True)})


def test_a_levered_account_that_has_fallen_below_its_credit_can_still_close() -> None:
    close = np.full((14, 2), 100.0)
    close[3:, 0] = 85.0
    sleeves = [sleeve("levered", {0: weights(1.7, 0.1), 5: weights(np.nan, 0.0)}, share=1.0)]
    session = run(flat(close), sleeves, account={**CASH, "leverage": 1.8})
    assert float(session.ledger.books.books["levered"].quantities[1]) == 0.0


def test_a_stop_that_fills_in_part_gives_up_the_rest_too() -> None:
    close, low = np.full((14, 1), 100.0), np.full((14, 1), 100.0)
    low[5] = 89.0
    volume = np.full((14, 1), 1e6)
    volume[5] = 100.0
    bars = make_bars(close, open=close, high=close, low=low, volume=volume)
    sleeves = [sleeve("partial", {0: weights(0.5)}, STOP, share=1.0)]
    session = run(bars, sleeves, account=CASH, exchange={"volume_limit": 0.1})
    fills = session.ledger.recorder.tables(bars.timestamps, None)["fills"]
    assert fills[["bar", "quantity"]].to_numpy().tolist()[1:] == [[5.0, -10.0], [6.0, -40.0]]


def test_whole_numbers_are_quantities_too() -> None:
    bars = flat(np.full((4, 1), 10.0))
    script = {0: Targets(quantities={bars.instruments[0]: 5})}
    session = run(bars, [sleeve("whole", script, share=1.0)], account=CASH)
    assert session.ledger.holdings() == {bars.instruments[0]: 5.0}


def test_an_order_that_contradicts_a_target_is_cancelled_once_orders_are_taken_again() -> None:
    bars = flat(np.full((20, 1), 100.0), volume=100.0)
    enough = Targets(quantities={bars.instruments[0]: 30.0})

    def blocked(exchange: Exchange) -> Exchange:
        exchange.accepts = lambda: exchange._bar != 3  # type: ignore[method-assign]
        return exchange

    sleeves = [sleeve("enough", {0: weights(0.9), 3: enough}, share=1.0)]
    session = run(bars, sleeves, account=CASH, exchange={"volume_limit": 0.1}, execution=blocked, jumps=False)
    assert session.ledger.holdings() == {bars.instruments[0]: pytest.approx(30.0)}


def test_what_is_put_off_is_ordered_on_the_first_bar_that_takes_orders() -> None:
    bars = flat(np.full((12, 1), 100.0))

    def blocked(exchange: Exchange) -> Exchange:
        exchange.accepts = lambda: not 2 <= exchange._bar < 6  # type: ignore[method-assign]
        return exchange

    session = run(bars, [sleeve("late", {2: weights(0.5)}, share=1.0)], account=CASH, execution=blocked, jumps=False)
    orders = session.ledger.recorder.tables(bars.timestamps, None)["orders"]
    assert orders[["bar", "reason"]].to_numpy().tolist() == [[6, "rebalance"]]
