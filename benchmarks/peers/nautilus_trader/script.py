"""Jobs on NautilusTrader: bars by its wrangler, one strategy for all symbols, market orders at the close.

A market order that is submitted on a bar fills at that bar's close. Its equities have whole units, so the account and
its quantities are ten thousand times as large, and the end value is divided again.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from jobs import Answer, Job, Script, Task, nearest_to_high
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

SCALE = 10_000.0
VENUE = Venue("SIM")
DECIMALS = 9
AMPLE_VOLUME = 1e12


def equity(symbol: str, commission: float) -> Equity:
    return Equity(
        instrument_id=InstrumentId(Symbol(symbol), VENUE),
        raw_symbol=Symbol(symbol),
        currency=USD,
        price_precision=DECIMALS,
        price_increment=Price(10.0**-DECIMALS, DECIMALS),
        lot_size=Quantity.from_int(1),
        maker_fee=Decimal(str(commission)),
        taker_fee=Decimal(str(commission)),
        ts_event=0,
        ts_init=0,
    )


class NearestToHigh(Strategy):
    """Keeps the closes of the window in rows; decides when the last symbol's bar has come."""

    def __init__(self, job: Job, instruments: list[Equity], bar_types: list[BarType]) -> None:
        super().__init__()
        self.job = job
        self.instruments = instruments
        self.bar_types = bar_types
        self.columns = {bar_type: column for column, bar_type in enumerate(bar_types)}
        self.closes = np.full((job.window, len(instruments)), np.nan)
        self.units = np.zeros(len(instruments))
        self.row = 0
        self.period: np.datetime64 | None = None
        self.unit = {"monthly": "datetime64[M]", "daily": "datetime64[D]"}[job.schedule]
        self.filled = 0

    def on_start(self) -> None:
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        column = self.columns[bar.bar_type]
        self.closes[self.row % self.job.window, column] = bar.close.as_double()
        if column == len(self.columns) - 1:
            self.row += 1
            if self.row >= self.job.window:
                self.decide(np.datetime64(bar.ts_event, "ns").astype(self.unit))

    def decide(self, period: np.datetime64) -> None:
        if period == self.period:
            return
        self.period = period
        close = self.closes[(self.row - 1) % self.job.window]
        weights = np.zeros(len(close))
        weights[nearest_to_high(close / self.closes.max(axis=0), self.job.top)] = self.job.invested / self.job.top
        total = self.total(close)
        changes = weights * total / close - self.units
        changes[(weights > 0.0) & (np.abs(changes) * close < max(self.job.drift_threshold, 1e-9) * total)] = 0.0
        for column in np.flatnonzero(changes)[np.argsort(changes[changes != 0.0] > 0.0, kind="stable")].tolist():
            self.trade(column, round(float(changes[column])))

    def trade(self, column: int, change: int) -> None:
        side = OrderSide.BUY if change > 0 else OrderSide.SELL
        self.submit_order(self.order_factory.market(self.instruments[column].id, side, Quantity.from_int(abs(change))))
        self.units[column] += change

    def on_order_filled(self, event) -> None:  # noqa: ARG002 its name is the contract
        self.filled += 1

    def total(self, close: np.ndarray) -> float:
        cash = self.portfolio.account(VENUE).balance_total(USD).as_double()
        return cash + float((self.units * close).sum())


def nearest(task: Task) -> Answer:
    job = task.job
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        base_currency=USD,
        starting_balances=[Money(job.cash * SCALE, USD)],
    )
    step = "1-DAY" if job.frequency == "day" else "1-MINUTE"
    instruments = [equity(symbol, job.commission) for symbol in task.frames]
    bar_types = [BarType.from_str(f"{instrument.id}-{step}-LAST-EXTERNAL") for instrument in instruments]
    bars: list[Bar] = []
    for instrument, bar_type, frame in zip(instruments, bar_types, task.frames.values(), strict=True):
        engine.add_instrument(instrument)
        bars.extend(BarDataWrangler(bar_type, instrument).process(frame.assign(volume=AMPLE_VOLUME)))
    engine.add_data(bars)  # at once: each call prepares the whole stream again
    strategy = NearestToHigh(job, instruments, bar_types)
    engine.add_strategy(strategy)
    engine.run()
    value = strategy.total(strategy.closes[(strategy.row - 1) % job.window]) / SCALE
    engine.dispose()
    return Answer((value,), strategy.filled)


SCRIPTS = {name: Script(nearest, "frames", "same_close") for name in ("a", "b")}
