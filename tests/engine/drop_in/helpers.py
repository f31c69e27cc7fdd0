"""Runs the same script on stock Backtrader and on the drop-in, and compares what can be seen."""

from __future__ import annotations

import itertools

import backtrader as bt
import numpy as np
import pandas as pd

from tradewind.engine import Cerebro


def prices(bars, seed, *, frequency="B", start="2020-01-01"):
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, bars)))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(random.normal(0.0, 0.005, bars))
    high = np.maximum(opening, close) * (1.0 + np.abs(random.normal(0.0, 0.01, bars)))
    low = np.minimum(opening, close) * (1.0 - np.abs(random.normal(0.0, 0.01, bars)))
    index = pd.date_range(start, periods=bars, freq=frequency)
    volume = random.integers(1, 1000, bars)
    return pd.DataFrame({"open": opening, "high": high, "low": low, "close": close, "volume": volume}, index=index)


def seen_of_order(order):
    return (
        order.ref, order.data._name, order.getstatusname(), order.getordername(), order.created.size,
        order.created.price, order.executed.size, order.executed.price, order.executed.comm, order.executed.pnl,
        order.executed.dt, [(bit.dt, bit.size, bit.price) for bit in order.executed.iterpending()],
    )  # fmt: skip


def seen_of_trade(trade):
    return (
        trade.ref, trade.data._name, trade.size, trade.price, trade.pnl, trade.pnlcomm, trade.status,
        trade.baropen, trade.barclose, trade.dtopen, trade.dtclose,
    )  # fmt: skip


def seen_of_position(position):
    names = ("size", "price", "price_orig", "adjbase", "upopened", "upclosed", "updt", "datetime")
    return [getattr(position, name, None) for name in names]


def watched(strategy):
    """Return a strategy class that notes all it is told."""

    class Watched(strategy):
        def __init__(self):
            self.told = []
            super().__init__()

        def notify_order(self, order):
            self.told.append(("order", len(self), *seen_of_order(order)))
            super().notify_order(order)

        def notify_trade(self, trade):
            self.told.append(("trade", len(self), *seen_of_trade(trade)))
            super().notify_trade(trade)

        def next(self):
            position = self.getposition(self.datas[0])
            self.told.append(
                ("next", len(self), self.datetime[0], [len(data) for data in self.datas], str(position),
                 getattr(position, "datetime", None), self.broker.getcash())
            )  # fmt: skip
            super().next()

    return Watched


def lines_of(owner):
    return [[float(value) for value in line.array] for line in owner.lines]


def outcome(cerebro_class, build, **arguments):
    """Run a script and return all that a user can see of it."""
    bt.Order.refbasis = itertools.count(1)
    bt.Trade.refbasis = itertools.count(1)
    cerebro = cerebro_class()
    build(cerebro)
    strategies = cerebro.run(**arguments)
    result = []
    for strategy in strategies:
        result.append(getattr(strategy, "told", None))
        result.append([seen_of_order(order) for order in strategy._orders])
        result.append([lines_of(observer) for observer in strategy.getobservers()])
        result.append([[len(observer), observer.lines[0]._idx] for observer in strategy.getobservers()])
        result.append([lines_of(indicator) for indicator in strategy.getindicators()])
        result.append([[len(indicator), indicator.lines[0]._idx] for indicator in strategy.getindicators()])
        result.append([analyzer.get_analysis() for analyzer in strategy.analyzers])
        result.append([seen_of_position(position) for position in cerebro.broker.positions.values()])
    result.extend(
        (
            lines_of(data),
            len(data),
            data.lines[0]._idx,
            getattr(data, "tick_close", None),
            getattr(data, "tick_last", None),
        )
        for data in cerebro.datas
    )
    broker = cerebro.broker
    result.append((broker.getvalue(), broker.getcash(), broker.fundvalue, broker.fundshares, broker.get_leverage()))
    return result, cerebro


def assert_same(build, *, fast=True, **arguments):
    """Compare the drop-in with stock Backtrader; return the drop-in."""
    ours, cerebro = outcome(Cerebro, build, **arguments)
    stock, _ = outcome(bt.Cerebro, build, **arguments)
    assert cerebro.path.fast is fast, cerebro.path
    assert len(ours) == len(stock)
    for one, other in zip(ours, stock, strict=True):
        np.testing.assert_equal(one, other)
    return cerebro
