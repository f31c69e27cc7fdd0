"""Markets small enough to compute by hand, for what Backtrader's documentation promises."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from tests.backtrader.recording import plain

CASH = 1_000.0
CLOSES = (10.0, 11.0, 12.0, 11.0, 13.0)


def feed(closes: Any = CLOSES, start: str = "2021-03-01", every: str = "D", **settings: Any) -> bt.feeds.PandasData:
    """Return a feed whose bars open, peak, bottom and close at one price, on a volume of 100."""
    index = pd.date_range(start, periods=len(closes), freq=every)
    prices = pd.Series(closes, index=index, dtype=float)
    table = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), prices))
    return bt.feeds.PandasData(dataname=table.assign(volume=100.0), **settings)


class Orders(bt.Strategy):
    """Sends an order of the given size on the given bar: `{bar: size}`; size None asks the sizer."""

    params = (("orders", {}),)

    def __init__(self) -> None:
        self.fills: list[tuple[int, float, float]] = []
        self.path: list[tuple[float, float]] = []

    def notify_order(self, order: Any) -> None:
        if order.status == order.Completed:
            self.fills.append((len(self), order.executed.size, order.executed.price))

    def next(self) -> None:
        self.path.append((self.broker.getcash(), self.broker.getvalue()))
        if len(self) in self.p.orders:
            size = self.p.orders[len(self)]
            (self.buy if size is None or size > 0 else self.sell)(size=None if size is None else abs(size))


def make(cerebro_class: Any, *feeds: Any, cash: float = CASH, **settings: Any) -> Any:
    """Return a Cerebro with the feeds, the small feed where none is given."""
    cerebro = cerebro_class(**settings)
    for number, data in enumerate(feeds or (feed(),)):
        cerebro.adddata(data, name=f"S{number}")
    cerebro.broker.setcash(cash)
    return cerebro


def analysis(cerebro: Any, analyzer: Any, **settings: Any) -> Any:
    """Run with one analyzer and return its analysis as plain values."""
    cerebro.addanalyzer(analyzer, _name="it", **settings)
    return plain(cerebro.run()[0].analyzers.it.get_analysis())
