"""The account is what stock Backtrader's is, on the bars on which something is odd."""

import backtrader as bt
import numpy as np
import pytest

from tests.engine.drop_in.helpers import assert_same, prices, watched
from tests.engine.drop_in.test_cerebro import Mixed, aligned, universe
from tradewind.engine import Cerebro


class Valued(Mixed):
    """Notes the account as it is told and as it asks."""

    def notify_cashvalue(self, cash, value):
        self.told.append(("cash", cash, value))

    def notify_fund(self, cash, value, fundvalue, shares):
        self.told.append(("fund", cash, value, fundvalue, shares))


def test_a_missing_close_makes_the_account_unknown_as_it_does():
    frames = [prices(120, seed) for seed in range(3)]
    frames[1].iloc[40:44, frames[1].columns.get_loc("close")] = np.nan
    frames[2].iloc[70, frames[2].columns.get_loc("close")] = np.inf

    def build(cerebro):
        universe(cerebro, frames)
        cerebro.addstrategy(watched(Valued))

    cerebro = assert_same(build)
    values = [told[2] for told in cerebro.runstrats[0][0].told if told[0] == "cash"]
    assert any(value != value for value in values)


def test_whole_cash_turns_into_a_float_when_it_does():
    class Paying(bt.Strategy):
        def start(self):
            self.told.append(repr(self.broker.getcash()))

        def notify_cashvalue(self, cash, value):
            self.told.append(repr((cash, value)))

        def next(self):
            if len(self) == 5:
                self.broker.setcash(500)
            if len(self) == 9:
                self.broker.add_cash(70)
            if len(self) == 12:
                self.buy(size=1)
            self.told.append(repr((self.broker.getcash(), self.broker.getvalue(), self.broker.get_fundvalue())))

    def build(cerebro):
        universe(cerebro, [prices(20, 1)])
        cerebro.broker.setcash(100_000)
        cerebro.addstrategy(watched(Paying))

    told = assert_same(build).runstrats[0][0].told
    assert told[0] == "100000"
    assert "(100000.0, 100000.0)" in told


def test_a_feed_that_compensates_another():
    class Hedging(bt.Strategy):
        def next(self):
            if len(self) % 5 == 0:
                self.buy(self.datas[len(self) % 2], size=3)
            elif len(self) % 7 == 0:
                self.sell(self.datas[1], size=2)
            self.told.append((self.broker.getvalue(), self.broker.getvalue(self.datas[:2]), self.broker.getvalue()))

    def build(cerebro):
        universe(cerebro, [prices(80, 1), prices(80, 2)])
        cerebro.datas[1].compensate(cerebro.datas[0])
        cerebro.addstrategy(watched(Hedging))

    assert_same(build)


def test_a_commission_scheme_that_reads_the_account():
    class Tiered(bt.CommInfoBase):
        params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_FIXED), ("broker", None))

        def _getcommission(self, size, price, pseudoexec):
            return 0.001 * abs(size) * price if self.p.broker.getvalue() > 10_000.0 else 2.0

    def build(cerebro):
        aligned(cerebro)
        cerebro.broker.addcommissioninfo(Tiered(broker=cerebro.broker))
        cerebro.addstrategy(watched(Valued))

    assert_same(build)


def test_a_commission_that_changes_during_the_run():
    class Changing(Valued):
        def next(self):
            super().next()
            if len(self) == 50:
                self.broker.setcommission(commission=1.0, margin=200.0, mult=2.0, name="feed1")

    def build(cerebro):
        aligned(cerebro)
        cerebro.addstrategy(watched(Changing))

    assert_same(build)


def test_a_broker_of_the_users_own_is_left_alone():
    def build(cerebro):
        aligned(cerebro)
        cerebro.broker = bt.brokers.BackBroker(cash=5000.0)
        cerebro.addstrategy(watched(Valued))

    cerebro = assert_same(build)
    assert type(cerebro.broker) is bt.brokers.BackBroker


def test_the_history_of_orders_given_in_advance():
    def build(cerebro):
        universe(cerebro, [prices(60, 1)])
        cerebro.add_order_history([["2020-01-10", 10, 99.0], ["2020-02-05", -4, 101.0]])
        cerebro.addstrategy(watched(Valued))

    assert_same(build)


@pytest.mark.parametrize("size", [10, np.float64(2.5), np.int64(3)])
def test_sizes_of_other_kinds(size):
    class Sized(bt.Strategy):
        def next(self):
            if len(self) % 4 == 0:
                self.buy(size=size)
            elif len(self) % 4 == 2:
                self.sell(size=size, exectype=bt.Order.Limit, price=self.data.close[0] * 1.01, note="tag")

        def notify_order(self, order):
            self.told.append((dict(order.info), type(order.size).__name__, order.p.size, order.isbuy(), order.alive()))
            self.told.append((order.plimit, order.valid, order.tradeid, order.parent, order.exectype, order.dteos))

    def build(cerebro):
        universe(cerebro, [prices(40, 1)])
        cerebro.addstrategy(watched(Sized))

    assert_same(build)


def test_orders_are_of_backtraders_own_classes():
    cerebro = Cerebro()
    universe(cerebro, [prices(40, 1)])
    cerebro.addstrategy(watched(Mixed))
    (strategy,) = cerebro.run()
    assert {type(order) for order in strategy._orders} <= {bt.order.BuyOrder, bt.order.SellOrder}
    assert strategy._orders


def test_a_fill_on_a_row_without_prices_spoils_the_account_alike():
    frames = [prices(30, 1).iloc[13:], prices(30, 2)]
    frames[1].iloc[15] = np.nan

    class Brackets(bt.Strategy):
        def prenext(self):
            self.next()

        def next(self):
            if len(self.datas[1]) == 15:
                close = self.datas[1].close[0]
                self.sell_bracket(data=self.datas[1], exectype=bt.Order.Market, stopprice=1.01 * close, limitprice=0.5)

    def build(cerebro):
        universe(cerebro, frames)
        cerebro.addstrategy(watched(Brackets))

    assert_same(build)
