"""What the doctor reads in the source alone; above all, what it must not take for a line."""

from textwrap import dedent

import pytest

from tradewind.engine.doctor.calls import call_findings
from tradewind.engine.doctor.lines import hints, line_findings
from tradewind.engine.doctor.source import parse
from tradewind.engine.doctor.state import state_findings

HEAD = """
import backtrader as bt
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from backtrader.indicators import SMA as Average

class Mine(bt.Strategy):
    def __init__(self):
{init}

    def next(self):
{next}
"""


def rules(body: str = "pass", init: str = "pass") -> list[str]:
    blocks = {"init": init, "next": body}
    text = HEAD.format(
        **{name: "\n".join(f"        {line}" for line in dedent(b).splitlines()) for name, b in blocks.items()}
    )
    source = parse("mine.py", text)
    units = source.used_by(["Mine"])
    found = [*line_findings(source, units), *call_findings(source, units), *state_findings(units)]
    return sorted({rule for rule, _, _ in found})


@pytest.mark.parametrize(
    ("body", "init"),
    [
        ("self.data.close[1]", "pass"),
        ("self.data[+1]", "pass"),
        ("self.datas[0][2]", "pass"),
        ("self.datas[0].lines[0][1]", "pass"),
        ("self.data1_close[1]", "pass"),
        ("self.lines.datetime[1]", "pass"),
        ("[d.close[1] for d in self.datas]", "pass"),
        ("for i, d in enumerate(self.datas): d.high[3]", "pass"),
        ("d = self.getdatabyname('A')\nd.open[1]", "pass"),
        ("self.sma[1]", "self.sma = Average(self.data)"),
        ("self.macd.signal[1]", "self.macd = bt.ind.MACD()"),
        ("self.many[1][1]", "self.many = [bt.ind.SMA(d) for d in self.datas]"),
        ("self.named['a'][1]", "self.named = {}\nfor d in self.datas: self.named[d._name] = bt.ind.SMA(d)"),
        ("for name, line in self.named.items(): line[1]", "self.named = {'a': bt.ind.SMA(), 'b': bt.ind.EMA()}"),
        ("self.nested['a']['sma'][1]", "self.nested = {}\nself.nested['a'] = {}\nself.nested['a']['sma'] = Average()"),
        ("self.gap[1]", "self.gap = self.data.close - Average(period=3)"),
        ("self.later[1]", "self.later = None\nself.later = Average()"),
        ("self.data.close.get(1, 2)", "pass"),
        ("self.data.datetime.time(ago=1)", "pass"),
        ("pass", "self.ahead = self.data.close(1)"),
        ("pass", "self.ahead = self.data(2)"),
    ],
)
def test_positive_index_of_a_line_is_the_future(body, init):
    assert rules(body, init) == ["future-index"]


@pytest.mark.parametrize(
    ("body", "init"),
    [
        ("self.datas[1]", "pass"),
        ("self.many[1][0]", "self.many = [bt.ind.SMA(d) for d in self.datas]"),
        ("self.named[1][0]", "self.named = {1: bt.ind.SMA()}"),
        ("self.nested[1][2][0]", "self.nested = {}\nself.nested[1] = {}\nself.nested[1][2] = Average()"),
        ("self.rows[1]", "self.rows = []"),
        ("self.either[1]", "self.either = Average()\nself.either = [1, 2]"),
        ("close = list(self.data.close.get(size=3))\nclose[1]", "pass"),
        ("close = np.array(self.data.close.get(size=3))\nclose[1]", "pass"),
        ("data = pd.DataFrame()\ndata.close[1]", "pass"),
        ("data = [1, 2]\ndata[1]", "pass"),
        ("self.lines[1][0]", "pass"),
        ("self.data.lines[1][0]", "pass"),
        ("price = self.data.close[0]\nself.levels = [price, price]\nself.levels[1]", "pass"),
        ("self.p.weights[1]", "pass"),
        ("self.data.close[-1]", "pass"),
        ("self.data.datetime.date(0)", "pass"),
        ("self.broker.getposition(self.datas[1])", "pass"),
        ("total = self.data.close[0] + self.data.close[-1]\ntuple((total, total))[1]", "pass"),
        ("pass", "self.past = self.data.close(-1)"),
        ("pass", "self.weekly = Average(self.data)()"),
        ("sorted(self.datas, key=lambda d: d.close[0])[1]", "pass"),
        ("self.position.size\nself.getposition(self.data).price", "pass"),
    ],
)
def test_other_things_may_have_positive_indices(body, init):
    assert rules(body, init) == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("self.data.close.array[3]", "future-array"),
        ("self.data._dataname.close.max()", "future-array"),
        ("self.data.p.dataname", "future-array"),
        ("self.data.close.plot()", "future-array"),
        ("self.data.buflen()", "whole-length"),
        ("self.datas[0].close.buflen()", "whole-length"),
        ("plt.show()", "plots"),
        ("self.cerebro.plot()", "plots"),
        ("pd.Timestamp.now()", "wall-clock"),
        ("np.random.normal()", "unseeded-random"),
        ("input()", "asks-input"),
        ("bt.ind.ExponentialAverages()", "unknown-name"),
        ("self.env.adddata(None)", "own-feed"),
        ("self.broker.setcommission(0.001)", "broker-changed"),
        ("Mine.count = 3", "class-state"),
        ("type(self).count += 1", "class-state"),
        ("self.__class__.seen.append(1)", "class-state"),
    ],
)
def test_other_rules_on_the_source(body, rule):
    assert rules(body) == [rule]


@pytest.mark.parametrize(
    "body",
    [
        "np.random.default_rng(3).normal()",
        "self.broker.getvalue()\nself.broker.get_cash()",
        "self.broker.set_coc(False)",
        "self.cerebro.runstop()",
        "print(bt.num2date(self.data.datetime[0]))",
        "open('prices.csv').read()",
        "self.array = np.zeros(3)\nself.array[1]",
        "self.buy(exectype=bt.Order.StopTrail)",
        "try:\n    bt.ind.NotYetThere()\nexcept AttributeError:\n    pass",
    ],
)
def test_harmless_calls_are_left_alone(body):
    assert rules(body) == []


def test_unknown_name_suggests_the_nearest():
    source = parse(
        "mine.py", HEAD.format(init="        self.x = bt.indicators.MovingAverageSimpel()", next="        pass")
    )
    ((rule, line, text),) = call_findings(source, source.used_by(["Mine"]))
    assert (rule, line) == ("unknown-name", 10)
    assert text == "`bt.indicators.MovingAverageSimpel` does not exist (did you mean MovingAverageSimple?)"


def test_only_what_the_class_leans_on_is_read():
    text = HEAD.format(init="        pass", next="        helper(self.data)") + dedent(
        """
        def helper(data):
            return open("x", "w")

        class Other(bt.Strategy):
            def next(self):
                self.data.close[1]
        """
    )
    source = parse("mine.py", text)
    units = source.used_by(["Mine"])
    assert {unit.name for unit in units} == {"Mine", "helper"}
    assert list(line_findings(source, units)) == []
    assert [rule for rule, _, _ in call_findings(source, units)] == ["file-write"]


def test_hints_tell_feeds_and_names():
    source = parse(
        "mine.py", HEAD.format(init="        self.data2_close, self.dnames.SPY", next="        self.datas[1]")
    )
    hint, where = hints(source.used_by(["Mine"]))
    assert (hint.feeds, hint.many, hint.names) == (3, True, ("SPY",))
    assert where is not None
    assert where[0] == 10
