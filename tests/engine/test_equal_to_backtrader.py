"""The orders of random plans, placed again on stock Backtrader, fill at the same prices and give the same equity.

What the session decided is read from its journal; a plain `bt.Strategy` with one feed a symbol places and cancels the
same orders on the same bars. Fills, refusals and the equity of every bar must agree to the last bit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings

from tests.engine.test_jump import Universe, executed, plans, universes
from tradewind.engine.session import Session
from tradewind.model import Bars

TYPES = {"market": bt.Order.Market, "stop": bt.Order.Stop, "limit": bt.Order.Limit}


DUST = 1e-12
"""Part of an order that stock Backtrader fills a bar later, because its sums of sizes round."""


class Replay(bt.Strategy):
    """Places and cancels what a journal says, bar by bar."""

    params = (("actions", None), ("times", None))

    def __init__(self) -> None:
        self.by_id: dict[str, bt.Order] = {}
        self.ids: dict[int, str] = {}
        self.fills: list[tuple[int, str, float, float]] = []
        self.refused: list[str] = []
        self.equity: list[float] = []
        self.dust = False
        """Whether the rest of an order was filled a bar late, because sums of sizes round."""

    def prenext(self) -> None:
        self.next()

    def next(self) -> None:
        self.equity.append(self.broker.getvalue())
        for action in self.p.actions[len(self) - 1]:
            if action["kind"] == "cancel":
                self.cancel(self.by_id[action["id"]])
                continue
            order = (self.buy if action["quantity"] > 0 else self.sell)(
                data=self.getdatabyname(action["symbol"]),
                size=abs(action["quantity"]),
                exectype=TYPES[action["type"]],
                price=action.get("stop_price") or action.get("limit_price"),
            )
            self.by_id[action["id"]], self.ids[order.ref] = order, action["id"]

    def notify_order(self, order: bt.Order) -> None:
        order_id = self.ids[order.ref]
        if order.status in (order.Completed, order.Margin):
            # The order's own price is an average, which rounds. What an order closes it does, also where there is no
            # cash for the rest.
            parts = [part for part in order.executed.exbits if abs(part.size) > DUST * abs(order.created.size)]
            self.dust |= len(parts) < len(order.executed.exbits)
            self.fills.extend((len(self) - 1, order_id, part.size, part.price) for part in parts)
        if order.status in (order.Margin, order.Rejected):
            self.refused.append(order_id)


def actions_of(session: Session, bars: int) -> list[list[dict[str, Any]]]:
    actions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for bar, kind, text in session.ledger.journal.records:
        entry = json.loads(text)
        if kind == "intent":
            actions[bar].append({"kind": "order", **entry})
        elif kind == "order" and entry["event"] == "cancelled":
            actions[bar].append({"kind": "cancel", "id": entry["id"]})
    return [actions[bar] for bar in range(bars)]


def replay(session: Session, bars: Bars, cash: float) -> Replay:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(cash)
    index = pd.DatetimeIndex(bars.timestamps)
    clock = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close", "volume"), 1.0), index=index)
    cerebro.adddata(bt.feeds.PandasData(dataname=clock), name="clock")
    for column, symbol in enumerate(bars.symbols):
        frame = pd.DataFrame({name: values[:, column] for name, values in bars.fields.items()}, index=index)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame.dropna()), name=symbol)
    cerebro.addstrategy(Replay, actions=actions_of(session, len(bars)))
    return cerebro.run()[0]


@settings(max_examples=200)
@given(universes(), plans())
def test_random_plans_fill_as_on_stock_backtrader(universe: Universe, plan: dict[str, Any]) -> None:
    require_equal_fills(universe, plan)


@pytest.mark.soak
@settings(max_examples=5_000)
@given(universes(), plans())
def test_many_random_plans_fill_as_on_stock_backtrader(universe: Universe, plan: dict[str, Any]) -> None:
    require_equal_fills(universe, plan)


def require_equal_fills(universe: Universe, plan: dict[str, Any]) -> None:
    # A file that ends does not end a holding in Backtrader, and it knows neither our costs nor our volume limit.
    if any(one["params"].get("resting") for sleeve in plan["sleeves"] for one in sleeve["exits"]):
        # On a bar without its symbol Backtrader tries stop and limit orders against the symbol's bar before once more.
        universe = universe._replace(ends=(0,) * len(universe.ends), halted=0.0)
    bars = replace(universe.make(), ends=None)
    plan = {key: value for key, value in plan.items() if key not in ("costs", "exchange", "regime")}
    for sleeve in plan["sleeves"]:
        sleeve["share"] = 0.5
    session, _ = executed(plan, bars)
    oracle = replay(session, bars, cash=10_000.0)
    assume(not oracle.dust)
    tables = session.ledger.recorder.tables(bars.timestamps, None)
    ours = tables["fills"][["bar", "order_id", "quantity", "price"]]
    assert sorted(ours.itertuples(index=False, name=None)) == sorted(oracle.fills)
    rejected = tables["orders"].query("status == 'rejected'")["order_id"]
    assert sorted(rejected) == sorted(oracle.refused)
    np.testing.assert_array_equal(tables["equity"]["equity"], oracle.equity)
