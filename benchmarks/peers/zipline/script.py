"""Job (a) on zipline-reloaded: a bundle is written from the frames, orders fill at the next close.

Bundles store prices with three decimals and orders are whole, so prices and cash are scaled up. A history window
may not begin with the bundle's first day, so that day is there twice.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from exchange_calendars import ExchangeCalendar, register_calendar_type
from jobs import Answer, Job, Script, Task, nearest_to_high
from zipline import run_algorithm
from zipline.api import order, set_commission, set_slippage
from zipline.data import bundles
from zipline.finance.commission import PerDollar
from zipline.finance.slippage import NoSlippage
from zipline.utils.calendar_utils import get_calendar

PRICE_SCALE = 500.0
CASH_SCALE = 500.0 * 10_000.0
CALENDAR = "BUSINESS_DAYS"
PRICES = ["open", "high", "low", "close"]


class BusinessDays(ExchangeCalendar):
    """Every Monday to Friday, without holidays."""

    name = CALENDAR
    tz = ZoneInfo("UTC")
    open_times = ((None, dt.time(14, 31)),)
    close_times = ((None, dt.time(21, 0)),)


register_calendar_type(CALENDAR, BusinessDays)


def register(frames: dict[str, pd.DataFrame]) -> None:
    """Make the frames a bundle called `frames`."""

    def ingest(environ, assets, minutes, daily, adjustments, *others) -> None:  # noqa: ARG001 zipline names them
        equities = pd.DataFrame(
            {
                "symbol": list(frames),
                "asset_name": list(frames),
                "start_date": days[0],
                "end_date": days[-1],
                "auto_close_date": days[-1] + pd.Timedelta(days=1),
                "exchange": "BENCH",
            }
        )
        exchanges = pd.DataFrame([["BENCH", "BENCH", "US"]], columns=["exchange", "canonical_name", "country_code"])
        assets.write(equities=equities, exchanges=exchanges)
        daily.write((number, stored(frame, days)) for number, frame in enumerate(frames.values()))
        adjustments.write()

    index = next(iter(frames.values())).index
    days = index.insert(0, index[0] - pd.offsets.BDay())
    bundles.register(
        "frames", ingest, calendar_name=CALENDAR, start_session=days[0], end_session=days[-1], minutes_per_day=390
    )


def stored(frame: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    return frame.assign(**{name: frame[name] * PRICE_SCALE for name in PRICES}).reindex(days, method="bfill")


class NearestToHigh:
    """What zipline calls: `initialize` once, `handle_data` on each day."""

    def __init__(self, job: Job, symbols: list[str]) -> None:
        self.job = job
        self.symbols = symbols
        self.days = 0
        self.month = (0, 0)
        self.orders = 0

    def initialize(self, context) -> None:
        from zipline.api import symbol

        context.assets = [symbol(name) for name in self.symbols]
        set_commission(us_equities=PerDollar(cost=self.job.commission))
        set_slippage(us_equities=NoSlippage())

    def handle_data(self, context, data) -> None:
        self.days += 1
        today = data.current_session
        if self.days < self.job.window or (today.year, today.month) == self.month:
            return
        self.month = (today.year, today.month)
        closes = data.history(context.assets, "close", self.job.window, "1d").to_numpy().reshape(self.job.window, -1)
        weights = np.zeros(len(context.assets))
        weights[nearest_to_high(closes[-1] / closes.max(axis=0), self.job.top)] = self.job.invested / self.job.top
        held = np.zeros(len(weights))
        for position in context.portfolio.positions.values():
            held[position.asset.sid] = position.amount
        changes = np.round(weights * context.portfolio.portfolio_value / closes[-1] - held)
        for column in np.flatnonzero(changes)[np.argsort(changes[changes != 0.0] > 0.0, kind="stable")].tolist():
            order(context.assets[column], int(changes[column]))
            self.orders += 1


def nearest(task: Task) -> Answer:
    frames = dict(task.frames)
    index = next(iter(frames.values())).index
    algorithm = NearestToHigh(task.job, list(frames))
    with tempfile.TemporaryDirectory() as root, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        environment = {"ZIPLINE_ROOT": root}
        register(frames)
        bundles.ingest("frames", environ=environment, show_progress=False)
        done = run_algorithm(
            start=index[0],
            end=index[-1],
            initialize=algorithm.initialize,
            handle_data=algorithm.handle_data,
            capital_base=task.job.cash * CASH_SCALE,
            bundle="frames",
            trading_calendar=get_calendar(CALENDAR),
            benchmark_returns=pd.Series(0.0, index=index.tz_localize("UTC")),
            environ=environment,
        )
        bundles.unregister("frames")
    return Answer((float(done["portfolio_value"].iloc[-1]) / CASH_SCALE,), algorithm.orders)


SCRIPTS = {"a": Script(nearest, "frames", "next_close")}
