"""Run an existing `bt.Strategy`, alone in its account, on the drop-in Cerebro."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
from pydantic import BaseModel

from tradewind.config.plan import AccountConfig, ExchangeConfig, RebalanceConfig
from tradewind.engine.backtrader_record import RunRecorder
from tradewind.engine.blame import blamed
from tradewind.engine.drop_in import Cerebro, ColumnFeed, day_numbers
from tradewind.engine.panel import HistoryPanel, StreamPanel
from tradewind.engine.recorder import Recorder
from tradewind.engine.structural import StructuralBroker
from tradewind.errors import ConfigError, PluginError, choices
from tradewind.exchange.charges import Execution, charge
from tradewind.journal import Journal
from tradewind.registry import load_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tradewind.config.plan import Plan, PluginRef
    from tradewind.engine.assemble import Builder
    from tradewind.engine.guarded import GuardedCost
    from tradewind.model import Bars, Instrument, Row

__all__ = ["BacktraderLedger", "BacktraderSession", "run_backtrader"]

_PRICES = ("open", "high", "low", "close")


@dataclass
class BacktraderLedger:
    """Journal, records and warnings of a Backtrader run."""

    recorder: Recorder
    journal: Journal = field(default_factory=Journal)
    warnings: dict[str, None] = field(default_factory=dict)


@dataclass
class BacktraderSession:
    """A finished Backtrader run, as `tradewind.engine.session.Session` shows one."""

    panel: HistoryPanel | StreamPanel
    ledger: BacktraderLedger
    stamps: tuple[str, ...] = ()


class RowQueue:
    """Rows of the panel handed to one feed a symbol; a feed skips the rows on which its symbol has no bar."""

    def __init__(self, panel: StreamPanel) -> None:
        self._panel = panel
        self._positions = [0] * len(panel.instruments)

    def next_bar(self, column: int) -> int | None:
        """Return the number of the symbol's next bar; None at the end."""
        close = self._panel.fields["close"]
        bar = self._positions[column]
        while True:
            if bar > self._panel.bar:
                if not self._panel.advance():
                    return None
                close = self._panel.fields["close"]
            if not np.isnan(close[bar, column]):
                self._positions[column] = bar + 1
                return bar
            bar += 1


class SymbolFeed(bt.feed.DataBase):
    """One symbol of the panel as a Backtrader feed."""

    params = (("queue", None), ("panel", None), ("column", 0))

    def _load(self) -> bool:
        panel: StreamPanel = self.p.panel
        bar = self.p.queue.next_bar(self.p.column)
        if bar is None:
            return False
        close = panel.fields["close"]
        for name in _PRICES:
            getattr(self.lines, name)[0] = panel.fields.get(name, close)[bar, self.p.column]
        volume = panel.fields.get("volume")
        self.lines.volume[0] = 0.0 if volume is None else volume[bar, self.p.column]
        self.lines.openinterest[0] = 0.0
        stamp = panel.timestamps[bar].astype("datetime64[us]").astype(dt.datetime)
        self.lines.datetime[0] = bt.date2num(stamp)
        return True


class PluginCommission(bt.CommInfoBase):
    """Charges a cost plugin's components as Backtrader's commission; liquidity is unknown to it."""

    params = (("model", None), ("instrument", None), ("stocklike", True), ("commtype", bt.CommInfoBase.COMM_FIXED))

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:  # noqa: ARG002
        if size == 0.0:
            return 0.0
        execution = Execution(self.p.instrument, float(size), float(price), passive=False)
        return charge(self.p.model, [execution])[0].total


def run_backtrader(
    builder: Builder,
    bars: Bars,
    *,
    rows: Iterator[Row] | None,
    on_bar: Callable[[int], bool],
    journal: Journal | None = None,
) -> BacktraderSession:
    """Run the plan's only sleeve, a `bt.Strategy`, and return the finished session.

    Backtrader's rules apply: its minimum period over all feeds, its broker's margin refusals, its order types. Fills
    are those of stock Backtrader on the same bars. ``journal`` is where orders and fills are written; a fresh one by
    default.

    Raises
    ------
    ConfigError
        For a parameter the strategy does not have.
    PluginError
        If the class cannot be loaded or is not a `bt.Strategy`.
    """
    plan = builder.plan
    _refuse_unused(plan)
    strategy = _load_strategy(plan.sleeves[0].strategy, builder.directory)
    panel = HistoryPanel(bars, {}) if rows is None else StreamPanel(bars, rows, {})
    ledger = BacktraderLedger(
        Recorder(bars.symbols, [plan.sleeves[0].name], ()), Journal() if journal is None else journal
    )
    history = isinstance(panel, HistoryPanel)
    cerebro = Cerebro(stdstats=False, preload=history, runonce=history)
    cerebro.broker = StructuralBroker()
    cerebro.causal = True
    _set_broker(cerebro, plan, builder.cost(), bars.instruments)
    for feed in _history_feeds(panel) if isinstance(panel, HistoryPanel) else _stream_feeds(panel):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy, **plan.sleeves[0].strategy.params)
    cerebro.addanalyzer(RunRecorder, panel=panel, ledger=ledger, sleeve=plan.sleeves[0].name, on_bar=on_bar)
    with blamed(f"strategy {strategy.__name__}", "in Backtrader's run"):
        cerebro.run()
    if not history:
        return BacktraderSession(panel, ledger, ("Backtrader's own loop: rows arrive one at a time.",))
    return BacktraderSession(panel, ledger, () if cerebro.path.fast else (f"{cerebro.path}.",))


def _history_feeds(panel: HistoryPanel) -> Iterator[ColumnFeed]:
    """Yield one feed a symbol over the bars it has."""
    panel.bar = len(panel) - 1
    numbers = day_numbers(panel.timestamps)
    for column, instrument in enumerate(panel.instruments):
        close = panel.fields["close"][:, column]
        present = ~np.isnan(close)
        fields = {name: panel.fields[name][present, column] if name in panel.fields else close[present]
                  for name in _PRICES}  # fmt: skip
        nothing = np.zeros(int(present.sum()))
        fields["volume"] = panel.fields["volume"][present, column] if "volume" in panel.fields else nothing
        fields["openinterest"] = nothing
        yield ColumnFeed(name=instrument.symbol, times=numbers[present], fields=fields)


def _stream_feeds(panel: StreamPanel) -> Iterator[SymbolFeed]:
    queue = RowQueue(panel)
    for column, instrument in enumerate(panel.instruments):
        yield SymbolFeed(name=instrument.symbol, queue=queue, panel=panel, column=column)


def _set_broker(cerebro: Any, plan: Plan, cost: GuardedCost | None, instruments: tuple[Instrument, ...]) -> None:
    cerebro.broker.setcash(plan.account.cash)
    if plan.exchange.volume_limit:
        cerebro.broker.set_filler(bt.broker.fillers.FixedBarPerc(perc=round(100.0 * plan.exchange.volume_limit, 9)))
    if cost is not None:
        for instrument in instruments:
            info = PluginCommission(model=cost, instrument=instrument)
            cerebro.broker.addcommissioninfo(info, name=instrument.symbol)


def _refuse_unused(plan: Plan) -> None:
    """Refuse sections that Backtrader's own broker would not act on."""
    sections: tuple[tuple[str, BaseModel, BaseModel, set[str]], ...] = (
        ("account", plan.account, AccountConfig(), {"cash"}),
        ("rebalance", plan.rebalance, RebalanceConfig(), set()),
        ("exchange", plan.exchange, ExchangeConfig(), {"volume_limit"}),
    )
    for name, section, default, used in sections:
        for key in type(default).model_fields:
            if key not in used and getattr(section, key) != getattr(default, key):
                raise ConfigError(
                    f"{name}.{key}: has no effect on a Backtrader strategy, which runs on Backtrader's own broker; "
                    f"received {getattr(section, key)}. Remove it"
                )
    for kind in ("gates", "breakers"):
        listed = getattr(plan.risk, kind)
        if listed:
            raise ConfigError(
                f"risk.{kind}: {listed[0].label} has no effect on a Backtrader strategy, whose orders are its own "
                f"affair but for their structure. Remove it"
            )


def _load_strategy(ref: PluginRef, directory: Path | None) -> Any:
    loaded = load_class(ref.backtrader or "", directory)
    if not (isinstance(loaded, type) and issubclass(loaded, bt.Strategy)):
        raise PluginError(
            f"strategy.backtrader: {ref.backtrader} is not a bt.Strategy; name a class that derives from it"
        )
    parameters: Any = vars(loaded).get("params", bt.Strategy.params)
    known = list(parameters._getkeys())  # noqa: SLF001  # Backtrader's only list of a strategy's parameters
    for name in ref.params:
        if name not in known:
            raise ConfigError(
                f"sleeves.0.strategy.params.{name}: {loaded.__name__} has no parameter {name!r}; {choices(name, known)}"
            )
    return loaded
