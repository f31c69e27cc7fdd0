from __future__ import annotations

import pickle

import numpy as np

from tests.strategies.runs import orders_of, run
from tradewind.testing.build import make_bars, market_at, portfolio_of
from tradewind_strategies import BuyAndHold

NAN = float("nan")


def decisions(
    close: object, strategy: BuyAndHold | None = None, capital: float | None = None
) -> dict[int, list[float]]:
    strategy = strategy or BuyAndHold()
    bars = make_bars(close)  # type: ignore[arg-type]
    made = {}
    for bar in range(len(bars)):
        market = market_at(bars, bar)
        answer = strategy.on_bar(market, portfolio_of(market, capital=capital))
        if answer is not None:
            made[bar] = answer.scores.tolist()
    return made


def test_it_decides_once_when_everything_trades_from_the_start() -> None:
    assert decisions(np.full((5, 3), 10.0)) == {0: [1.0, 1.0, 1.0]}


def test_a_late_starter_joins_and_an_ended_one_is_not_asked_for() -> None:
    close = [[10.0, NAN, 5], [10, NAN, 5], [10, 7, NAN], [10, 7, NAN], [10, 7, NAN]]
    assert decisions(close) == {0: [1.0, 0.0, 1.0], 2: [1.0, 1.0, 0.0]}


def test_what_was_halted_at_a_decision_joins_when_it_trades_again() -> None:
    close = [[10.0, 5, NAN], [10, NAN, NAN], [10, NAN, 7], [10, 5, 7]]
    assert decisions(close) == {0: [1.0, 1.0, 0.0], 2: [1.0, 0.0, 1.0], 3: [1.0, 1.0, 1.0]}


def test_a_halt_without_a_decision_brings_no_trade() -> None:
    assert list(decisions([[10.0, 5], [10, NAN], [10, 5]])) == [0]


def test_nothing_is_decided_without_prices_and_capital_of_zero_changes_nothing() -> None:
    assert decisions(np.full((3, 2), NAN)) == {}
    assert decisions(np.full((3, 1), 2.0), capital=0.0) == {0: [1.0]}


def test_its_state_survives_pickling() -> None:
    strategy = BuyAndHold()
    decisions([[10.0, 5]], strategy)
    assert decisions([[10.0, 5], [11, 5]], pickle.loads(pickle.dumps(strategy))) == {}


def test_a_run_buys_once_and_again_when_a_symbol_starts() -> None:
    close = np.full((8, 2), 10.0)
    close[:4, 1] = NAN
    session = run("buy_and_hold", make_bars(close))
    orders = orders_of(session)
    assert [(bar, symbol, quantity > 0) for bar, symbol, quantity in orders] == [
        (0, "S0", True),
        (4, "S0", False),
        (4, "S1", True),
    ]
