"""Strategies with one defect each; the line that has it says which rule finds it."""

# ruff: noqa: DTZ005, ICN001, PTH123, RUF012 - the defects are the point

import datetime
import math
import random
import socket
import subprocess
import sys
import threading
import time

import backtrader as bt
import numpy as np


class Tomorrow(bt.Strategy):
    def next(self):
        if self.data.close[1] > self.data.close[0]:  # finds: future-index
            self.buy()


class TomorrowByName(bt.Strategy):
    def __init__(self):
        self.dataclose = self.datas[0].close
        self.sma = bt.ind.SMA(self.dataclose, period=5)

    def next(self):
        close, ahead = self.dataclose, 2
        if close[ahead] > self.sma[0]:  # finds: future-index
            self.buy()


class TomorrowUnreached(bt.Strategy):
    def __init__(self):
        self.sma = bt.ind.SMA(period=5)

    def next(self):
        if len(self) > 100_000:
            self.buy(size=self.sma[1])  # finds: future-index


class TomorrowBySlice(bt.Strategy):
    def next(self):
        future = self.data.close.get(ago=1, size=2)  # finds: future-index
        if future and future[-1] > self.data.close[0]:
            self.buy()


class TomorrowsDate(bt.Strategy):
    def next(self):
        if self.data.datetime.date(1).day == 1:  # finds: future-index
            self.close()


class ShiftedLine(bt.Strategy):
    def __init__(self):
        self.ahead = self.data.close(1)  # finds: future-index

    def next(self):
        if self.ahead[0] > self.data.close[0]:
            self.buy()


class AheadIndicator(bt.Indicator):
    lines = ("ahead",)

    def next(self):
        self.lines.ahead[0] = self.data.close[1]  # finds: future-index


class TomorrowInIndicator(bt.Strategy):
    def __init__(self):
        self.ahead = AheadIndicator(self.data)

    def next(self):
        if self.ahead[0] > self.data.close[0]:
            self.buy()


def rises(data):
    return data.close[1] > data.close[0]  # finds: future-index


class TomorrowInHelper(bt.Strategy):
    def next(self):
        if rises(self.data):
            self.buy()


class WholeArray(bt.Strategy):
    def __init__(self):
        self.top = None

    def next(self):
        self.top = max(self.data.close.array)  # finds: future-array
        if self.data.close[0] >= self.top:
            self.sell()


class WholeFrame(bt.Strategy):
    def __init__(self):
        self.mean = self.data._dataname["close"].mean()  # finds: future-array

    def next(self):
        if self.data.close[0] < self.mean:
            self.buy()


class FromZero(bt.Strategy):
    def next(self):
        if self.data.close.getzero(250, 1)[0] > self.data.close[0]:  # finds: future-array
            self.buy()


class LaggingSpan(bt.Strategy):  # finds: future-decides
    def __init__(self):
        self.ichimoku = bt.ind.Ichimoku()

    def next(self):
        self.order_target_size(target=10 if self.ichimoku.chikou_span[0] > self.data.close[0] else 0)


class FiveBack(bt.Strategy):
    def next(self):
        if self.data.close[-5] < self.data.close[0]:  # finds: before-first-bar
            self.buy()


class FiveBackSlice(bt.Strategy):
    def next(self):
        past = self.data.close.get(ago=-1, size=5)  # finds: before-first-bar
        if past and max(past) < self.data.close[0]:
            self.buy()


class ReadsInInit(bt.Strategy):
    def __init__(self):
        self.first = self.data.close[0]  # finds: read-in-init

    def next(self):
        if self.data.close[0] > self.first:
            self.buy()


class LastBar(bt.Strategy):
    def next(self):
        if len(self.data) == self.data.buflen() - 1:  # finds: whole-length
            self.close()
        elif not self.position:
            self.buy()


class OnceOnly(bt.Indicator):
    lines = ("value",)
    params = (("ahead", 3),)

    def next(self):
        self.lines.value[0] = self.data[0]

    def once(self, start, end):
        for i in range(start, end):
            self.lines.value.array[i] = self.data.array[i] * (1.0 if i % 2 else 0.9)


class TwoAnswers(bt.Strategy):  # finds: depends-on-loop
    def __init__(self):
        self.value = OnceOnly(self.data)

    def next(self):
        self.order_target_size(target=10 if self.value[0] < self.data.close[0] else 0)


class Coupled(bt.Strategy):  # finds: depends-on-loop raised
    """Lines of two feeds joined by a coupler, which Backtrader fills only bar by bar and not over gaps."""

    def __init__(self):
        self.gap = bt.ind.SMA(self.data0, period=5) - bt.ind.SMA(self.data1, period=8)()  # finds: feed-position

    def next(self):
        self.order_target_size(target=10 if self.gap[0] > 0 else 0)


class Counter(bt.Strategy):
    seen = []
    first = True

    def next(self):
        self.seen.append(self.data.close[0])  # finds: class-state
        if len(self.seen) % 7 == 0:
            self.buy()


class OwnClass(bt.Strategy):
    runs = 0

    def start(self):
        OwnClass.runs += 1  # finds: class-state

    def next(self):
        pass


class HiddenState(bt.Strategy):  # finds: class-state
    runs = 0

    def start(self):
        setattr(self.__class__, "runs", self.runs + 1)  # noqa: B010

    def next(self):
        pass


class Dice(bt.Strategy):
    def next(self):
        if random.random() > 0.5:  # finds: unseeded-random
            self.buy()


class NumpyDice(bt.Strategy):
    def __init__(self):
        self.generator = np.random.default_rng()  # finds: unseeded-random

    def next(self):
        if self.generator.random() > 0.5:
            self.sell()


class WallClock(bt.Strategy):
    def next(self):
        if datetime.datetime.now().hour > 12:  # finds: wall-clock
            self.buy()


class Sleeper(bt.Strategy):
    def next(self):
        time.sleep(1)  # finds: sleep


class OwnStore(bt.Strategy):
    def start(self):
        self.store = bt.stores.IBStore(port=7497)  # finds: own-store

    def next(self):
        pass


class OwnFeed(bt.Strategy):
    def next(self):
        if len(self) > 100_000:
            self.other = bt.feeds.YahooFinanceData(dataname="SPY")  # finds: own-feed


class SetsCash(bt.Strategy):
    def start(self):
        self.broker.setcash(50_000.0)  # finds: broker-changed

    def next(self):
        pass


class Cheats(bt.Strategy):
    def __init__(self):
        self.broker.set_coc(True)  # finds: cheating-fill

    def next(self):
        pass


class OpensEarly(bt.Strategy):
    def next_open(self):  # finds: cheat-on-open
        self.buy()


class AddsSizer(bt.Strategy):
    def __init__(self):
        self.cerebro.addsizer(bt.sizers.FixedSize, stake=5)  # finds: cerebro-changed

    def next(self):
        pass


class CallsHome(bt.Strategy):
    def start(self):
        connection = socket.socket()
        connection.connect(("127.0.0.1", 9))  # finds: network


class RunsProgram(bt.Strategy):
    def __init__(self):
        run = subprocess.run
        run([sys.executable, "-c", "pass"], check=False)  # finds: process


class Threads(bt.Strategy):
    def start(self):
        self.worker = threading.Thread(target=print)  # finds: thread
        self.worker.start()  # finds: thread

    def next(self):
        pass


class WritesFile(bt.Strategy):
    def start(self):
        with open("trades.csv", "w") as self.file:  # finds: file-write
            self.file.write("date,price\n")

    def next(self):
        pass


class Asks(bt.Strategy):
    def __init__(self):
        self.size = int(input("size? "))  # finds: asks-input


class Misspelt(bt.Strategy):
    def __init__(self):
        self.average = bt.indicators.SmaCrossing(period=5)  # finds: unknown-name


class Fails(bt.Strategy):
    def next(self):
        if len(self) > 50:
            self.size = 1 / math.floor(0.5)  # finds: raised


class Position(bt.Strategy):
    def next(self):
        if self.datas[2].close[0] > self.data1.close[0]:  # finds: feed-position
            self.buy()


class ObjectParameter(bt.Strategy):  # finds: params-value
    params = (("average", bt.ind.SMA), ("period", 5))

    def __init__(self):
        self.line = self.p.average(period=self.p.period)

    def next(self):
        pass


class TooLong(bt.Strategy):  # finds: never-starts
    def __init__(self):
        self.sma = bt.ind.SMA(period=2_000)

    def next(self):
        self.buy()


class Ends(bt.Strategy):
    def next(self):
        sys.exit("enough")  # finds: raised
