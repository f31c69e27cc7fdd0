"""Plans on bars made in the test, run through the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tradewind.config.plan import Plan
from tradewind.contracts import FeedPlugin, SizerPlugin, StrategyPlugin
from tradewind.engine.assemble import Builder, run_session
from tradewind.engine.session import Session
from tradewind.hookspecs import hookimpl
from tradewind.model import Bars, Market, Portfolio, Signals, Targets
from tradewind.registry import Registry


class EqualWeight:
    """Weights of 90 % in all, equal over positive scores."""

    max_weight = 1.0
    budget = 0.9

    def weights(self, signals: Signals, market: Market, portfolio: Portfolio) -> Any:
        wanted = (np.nan_to_num(signals.scores) > 0) & market.tradable
        return np.where(wanted, self.budget / max(wanted.sum(), 1), 0.0)


class HoldAll:
    """Own everything that trades, rebalanced monthly."""

    schedule = "monthly"

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals:
        return Signals(scores=market.tradable.astype(float))


class Scripted:
    """Targets by bar, as given by the test in `script`."""

    script: dict[int, Targets]

    def __init__(self, which: str = "default") -> None:
        self.script = SCRIPTS[which]

    def on_bar(self, market: Market, portfolio: Portfolio) -> Targets | None:
        return self.script.get(market.bar)


SCRIPTS: dict[str, dict[int, Targets]] = {}


class TestPlugins:
    """The plugins of these tests, through the same door as all others."""

    __test__ = False

    def __init__(self, bars: Bars) -> None:
        self.bars = bars

    @hookimpl
    def tradewind_strategies(self) -> Any:
        yield StrategyPlugin(name="hold_all", create=HoldAll, summary="Own everything.")
        yield StrategyPlugin(name="scripted", create=Scripted, summary="Targets by bar.")

    @hookimpl
    def tradewind_sizers(self) -> Any:
        yield SizerPlugin(name="ninety", create=EqualWeight, summary="Ninety per cent, equal.")

    @hookimpl
    def tradewind_feeds(self) -> Any:
        bars = self.bars

        class Fixed:
            def history(self, request: Any) -> Bars:
                return bars

        yield FeedPlugin(name="fixed", create=Fixed, summary="The bars of the test.")


def builder(bars: Bars, sleeves: list[dict[str, Any]], **sections: Any) -> Builder:
    registry = Registry.load(only=("gates", "breakers"))
    registry.register(TestPlugins(bars), "tests")
    assert not registry.broken, registry.broken
    plan = Plan.model_validate({"data": {"feed": "fixed"}, "risk": False, "sleeves": sleeves, **sections})
    return Builder(plan, registry, Path())


def run(bars: Bars, sleeves: list[dict[str, Any]], *, stream: bool = False, **options: Any) -> Session:
    sections = {key: options.pop(key) for key in list(options) if key in Plan.model_fields}
    made = builder(bars, sleeves, **sections)
    rows = bars.rows() if stream else None
    return run_session(made, bars, rows=rows, **options)


def scripted(name: str, script: dict[int, Targets]) -> dict[str, Any]:
    SCRIPTS[name] = script
    return {"name": "scripted", "params": {"which": name}}


def fills_of(session: Session) -> list[tuple[int, str, float, float]]:
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    rows = tables["fills"][["bar", "symbol", "quantity", "price"]].itertuples(index=False)
    return [tuple(row) for row in rows]


def equity_of(session: Session) -> np.ndarray:
    return session.ledger.recorder.tables(session.panel.timestamps, None)["equity"]["equity"].to_numpy()


def weights(*values: float) -> Targets:
    return Targets(weights=np.array(values, dtype=float))


def single(name: str, script: dict[int, Targets], **sleeve: object) -> list[dict[str, object]]:
    return [{"strategy": scripted(name, script), **sleeve}]
