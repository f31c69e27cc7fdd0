"""What the documentation says of every sizer, on both Cerebros; 1,000 in cash, prices by hand."""

import backtrader as bt
import pytest

from tests.backtrader.known import Orders, feed, make

TABLE = [
    ("FixedSize", {}, 10.0, [1]),
    ("FixedSize", {"stake": 7}, 10.0, [7]),
    ("FixedSize", {"stake": 30, "tranches": 3}, 10.0, [10]),
    ("SizerFix", {"stake": 4}, 10.0, [4]),
    ("FixedReverser", {"stake": 5}, 10.0, [5, 10]),
    ("FixedSizeTarget", {"stake": 20, "tranches": 2}, 10.0, [10, 20]),
    ("PercentSizer", {"percents": 20}, 9.0, [1000 / 9 * 0.2]),
    ("PercentSizerInt", {"percents": 20}, 9.0, [22]),
    ("AllInSizer", {}, 10.0, [100.0]),
    ("AllInSizer", {"percents": 50}, 10.0, [50.0]),
    ("AllInSizerInt", {"retint": True}, 9.0, [111]),
]


@pytest.mark.parametrize(("sizer", "settings", "price", "sizes"), TABLE)
def test_a_sizer_buys_what_its_documentation_says(cerebro_class, sizer, settings, price, sizes):
    cerebro = make(cerebro_class, feed([price] * 8))
    cerebro.addsizer(getattr(bt.sizers, sizer), **settings)
    cerebro.addstrategy(Orders, orders=dict.fromkeys((2, 5)[: len(sizes)]))
    assert [size for _, size, _ in cerebro.run()[0].fills] == sizes


def test_a_percent_sizer_sizes_the_open_position_when_there_is_one(cerebro_class):
    cerebro = make(cerebro_class, feed([10.0] * 8))
    cerebro.addsizer(bt.sizers.PercentSizer, percents=30)
    cerebro.addstrategy(Orders, orders={2: 7, 5: None})
    assert [size for _, size, _ in cerebro.run()[0].fills] == [7, 7]


def test_each_strategy_may_have_a_sizer_of_its_own(cerebro_class):
    cerebro = make(cerebro_class, feed([10.0] * 8))
    cerebro.addsizer(bt.sizers.FixedSize, stake=2)
    first = cerebro.addstrategy(Orders, orders={2: None})
    cerebro.addstrategy(Orders, orders={2: None})
    cerebro.addsizer_byidx(first, bt.sizers.FixedSize, stake=3)
    assert [strategy.fills[0][1] for strategy in cerebro.run()] == [3, 2]


def test_getsizing_and_setsizer_work_inside_a_strategy(cerebro_class):
    class Asks(bt.Strategy):
        def __init__(self):
            self.setsizer(bt.sizers.FixedSize(stake=6))

        def next(self):
            self.seen = (self.getsizing(), self.getsizer().p.stake)

    cerebro = make(cerebro_class)
    cerebro.addstrategy(Asks)
    assert cerebro.run()[0].seen == (6, 6)
