"""Broker settings and run settings: everything a script tells its Cerebro besides data and strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import backtrader as bt
from hypothesis import strategies as st

Settings = tuple[tuple[str, Any], ...]

COMMISSIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "percent": {"commission": 0.001},
    "fixed a piece": {"commission": 0.5, "commtype": bt.CommInfoBase.COMM_FIXED, "stocklike": True},
    "percent as 0.1": {
        "commission": 0.1,
        "commtype": bt.CommInfoBase.COMM_PERC,
        "stocklike": True,
        "percabs": False,
    },
    "futures": {"commission": 2.0, "margin": 15.0, "mult": 5.0},
    "futures with automatic margin": {
        "commission": 1.0,
        "margin": 1.0,
        "mult": 2.0,
        "automargin": 0.5,
        "commtype": bt.CommInfoBase.COMM_FIXED,
        "stocklike": False,
    },
    "interest on shorts": {"commission": 0.001, "interest": 0.2},
    "interest on both sides": {"commission": 0.0, "interest": 0.5, "interest_long": True},
    "leverage": {
        "commission": 0.002,
        "commtype": bt.CommInfoBase.COMM_PERC,
        "percabs": True,
        "stocklike": True,
        "leverage": 3.0,
    },
}
FILLERS: dict[str, Any] = {
    "none": lambda: None,
    "at most 7": lambda: bt.broker.fillers.FixedSize(size=7),
    "the bar's volume": lambda: bt.broker.fillers.FixedSize(),
    "a quarter of the bar": lambda: bt.broker.fillers.FixedBarPerc(perc=25.0),
    "by price level": lambda: bt.broker.fillers.BarPointPerc(minmov=0.1, perc=60.0),
}
SIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "default": (None, {}),
    "FixedSize": (bt.sizers.FixedSize, {"stake": 7}),
    "FixedSize in tranches": (bt.sizers.FixedSize, {"stake": 30, "tranches": 3}),
    "FixedReverser": (bt.sizers.FixedReverser, {"stake": 5}),
    "FixedSizeTarget": (bt.sizers.FixedSizeTarget, {"stake": 20, "tranches": 2}),
    "PercentSizer": (bt.sizers.PercentSizer, {"percents": 35}),
    "PercentSizerInt": (bt.sizers.PercentSizerInt, {"percents": 35}),
    "AllInSizer": (bt.sizers.AllInSizer, {}),
    "AllInSizerInt": (bt.sizers.AllInSizerInt, {}),
}


@dataclass(frozen=True)
class Account:
    """Cash, costs and rules of the broker."""

    cash: float = 10_000
    commission: str = "none"
    first_feed_commission: str | None = None
    slippage: Settings = ()
    filler: str = "none"
    sizer: str = "default"
    rules: Settings = ()

    def apply(self, cerebro: Any, feeds: list[Any]) -> None:
        broker = cerebro.broker
        broker.setcash(self.cash)
        if self.commission != "none":
            broker.setcommission(**COMMISSIONS[self.commission])
        if self.first_feed_commission is not None:
            broker.setcommission(**COMMISSIONS[self.first_feed_commission], name=feeds[0]._name)
        if self.slippage:
            given = dict(self.slippage)
            kind, amount = given.pop("kind"), given.pop("amount")
            getattr(broker, f"set_slippage_{kind}")(amount, **given)
        for rule, value in self.rules:
            getattr(broker, f"set_{rule}")(value)
        if self.filler != "none":
            broker.set_filler(FILLERS[self.filler]())
        sizer, parameters = SIZERS[self.sizer]
        if sizer is not None:
            cerebro.addsizer(sizer, **parameters)


@dataclass(frozen=True)
class Mode:
    """How the run goes: Cerebro's own keywords, and whether the script acts at the open or before it may."""

    cerebro: Settings = ()
    acts_at_open: bool = False
    acts_early: bool = False
    loud: bool = True


@st.composite
def slippages(draw: st.DrawFn) -> Settings:
    kind = draw(st.sampled_from(("none", "perc", "fixed")))
    if kind == "none":
        return ()
    amount = draw(st.sampled_from((0.001, 0.02) if kind == "perc" else (0.01, 0.4)))
    switches = tuple((name, draw(st.booleans())) for name in ("slip_open", "slip_limit", "slip_match", "slip_out"))
    return (("kind", kind), ("amount", amount), *switches)


RULES = ("coc", "int2pnl", "shortcash", "checksubmit", "eosbar", "fundmode")
cash_amounts = st.sampled_from((10_000.0, 10_000, 1_000_000.0, 900, 50.0, 1234.56))


@st.composite
def rules(draw: st.DrawFn, names: tuple[str, ...] = RULES) -> Settings:
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    return tuple((name, draw(st.booleans())) for name in sorted(chosen))


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Draw any account."""
    return Account(
        cash=draw(cash_amounts),
        commission=draw(st.sampled_from(tuple(COMMISSIONS))),
        first_feed_commission=draw(st.one_of(st.none(), st.sampled_from(tuple(COMMISSIONS)[1:]))),
        slippage=draw(slippages()),
        filler=draw(st.sampled_from(("none", "none", *tuple(FILLERS)[1:]))),
        sizer=draw(st.sampled_from(tuple(SIZERS))),
        rules=draw(rules()),
    )


SWITCHES = ("tradehistory", "cheat_on_open", "quicknotify", "oldtrades", "oldbuysell")


@st.composite
def modes(draw: st.DrawFn, memory: bool = False) -> Mode:
    """Draw how to run; `memory` allows `exactbars`, which forgets lines' pasts."""
    given: dict[str, Any] = {}
    for name in draw(st.sampled_from(((), (), (), (), ("stdstats",), ("stdstats",), ("runonce",), ("preload",)))):
        given[name] = False
    for name in draw(st.lists(st.sampled_from(SWITCHES), max_size=3, unique=True)):
        given[name] = True
    if given.get("cheat_on_open") and draw(st.booleans()):
        given["broker_coo"] = False
    if memory:
        given["exactbars"] = draw(st.sampled_from((True, 1, 0, -1, -2)))
    return Mode(
        cerebro=tuple(given.items()),
        acts_at_open=bool(given.get("cheat_on_open")) and draw(st.booleans()),
        acts_early=draw(st.sampled_from((False, False, True))),
        loud=draw(st.sampled_from((True, True, False))),
    )
