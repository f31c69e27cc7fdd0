"""Random markets: a few feeds on one calendar, with late starts, halts and early ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
from hypothesis import strategies as st

FIRST_DAY = dt.datetime.fromisoformat("2021-12-20")  # a year, a quarter and a month end inside every universe
TICKS = (0.5, 0.01, 0.0)  # coarse ticks make prices meet; 0 rounds nothing


@dataclass(frozen=True)
class Feed:
    """One feed: which of the calendar's bars it has, and the seed of its prices."""

    seed: int
    first: int
    end: int
    halts: tuple[int, ...] = ()
    halts_are_rows: bool = False


@dataclass(frozen=True)
class Universe:
    """Feeds on one calendar of `bars` bars, `bars_a_day` of them on a day.

    `loading` names how the bars come in; `weeks` makes weekly bars of the first feed, resampled or replayed.
    """

    bars: int
    bars_a_day: int
    tick: float
    feeds: tuple[Feed, ...]
    loading: str = "frame"
    weeks: str | None = None

    def times(self) -> list[dt.datetime]:
        step = dt.timedelta(days=1) / self.bars_a_day
        return [FIRST_DAY + number * step for number in range(self.bars)]

    def data(self) -> list[Any]:
        """Return new feeds, as a script would make them."""
        day = self.bars_a_day == 1
        settings: dict[str, Any] = (
            {"timeframe": bt.TimeFrame.Days}
            if day
            else {"timeframe": bt.TimeFrame.Minutes, "compression": 1440 // self.bars_a_day}
        )
        make = LOADERS[self.loading]
        return [make(dataname=frame(self, feed), **settings) for feed in self.feeds]

    def add_to(self, cerebro: Any) -> list[Any]:
        """Add new feeds to a Cerebro and return them."""
        feeds = self.data()
        for number, data in enumerate(feeds):
            cerebro.adddata(data, name=f"S{number}")
        if self.weeks == "resampled":
            cerebro.resampledata(feeds[0], timeframe=bt.TimeFrame.Weeks, name="weeks")
        elif self.weeks == "replayed":
            cerebro.replaydata(self.data()[0], timeframe=bt.TimeFrame.Weeks, name="weeks")
        return feeds


class RowFeed(bt.feed.DataBase):
    """A feed of a script's own, which loads row by row."""

    def start(self) -> None:
        super().start()
        self.rows = self.p.dataname.itertuples()

    def _load(self) -> bool:
        row = next(self.rows, None)
        if row is None:
            return False
        self.lines.datetime[0] = bt.date2num(row.Index.to_pydatetime())
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = getattr(row, name)
        return True


LOADERS: dict[str, Callable[..., Any]] = {
    "frame": bt.feeds.PandasData,
    "tuples": bt.feeds.PandasDirectData,
    "rows": RowFeed,
    "local time": partial(bt.feeds.PandasData, tz="US/Eastern"),
    "part": partial(bt.feeds.PandasData, fromdate=FIRST_DAY + dt.timedelta(days=3)),
    "session": partial(bt.feeds.PandasData, sessionend=dt.time(18, 30)),
}


@lru_cache(maxsize=64)
def frame(universe: Universe, feed: Feed) -> pd.DataFrame:
    """Return the bars of one feed: a random walk whose highs and lows hold its opens and closes."""
    random = np.random.default_rng(feed.seed)
    moves = random.normal(0.0, 0.03, (4, universe.bars))
    close = 20.0 * np.exp(np.cumsum(moves[0]))
    opened = np.roll(close, 1) * np.exp(moves[1] / 3)
    high = np.maximum(opened, close) * np.exp(np.abs(moves[2]) / 3)
    low = np.minimum(opened, close) * np.exp(-np.abs(moves[3]) / 3)
    prices = {"open": opened, "high": high, "low": low, "close": close}
    if universe.tick:
        prices = {name: np.round(column / universe.tick) * universe.tick for name, column in prices.items()}
    volume = random.integers(0, 60, universe.bars).astype(float)
    index = pd.DatetimeIndex(universe.times())
    table = pd.DataFrame({**prices, "volume": volume, "openinterest": 0.0}, index=index)
    halted = table.index[[bar for bar in feed.halts if feed.first < bar < feed.end - 1]]
    if feed.halts_are_rows:
        table.loc[halted, ["open", "high", "low", "close"]] = np.nan
        return table.iloc[feed.first : feed.end]
    return table.iloc[feed.first : feed.end].drop(index=halted)


@st.composite
def feeds(draw: st.DrawFn, bars: int, aligned: bool) -> Feed:
    seed = draw(st.integers(0, 10_000))
    if aligned:
        return Feed(seed, 0, bars)
    first = draw(st.one_of(st.just(0), st.integers(0, bars // 2)))
    end = draw(st.one_of(st.just(bars), st.integers(first + bars // 3, bars)))
    halts = draw(st.lists(st.integers(0, bars - 1), max_size=4, unique=True))
    return Feed(seed, first, end, tuple(sorted(halts)), draw(st.sampled_from((False, False, True))))


@st.composite
def universes(
    draw: st.DrawFn,
    most_feeds: int = 3,
    aligned: bool | None = None,
    bars: tuple[int, int] = (24, 45),
    loading: tuple[str, ...] = ("frame",),
    weeks: tuple[str | None, ...] = (None,),
) -> Universe:
    """Draw a universe; `aligned` fixes whether all feeds have all bars."""
    number = draw(st.integers(*bars))
    one_calendar = draw(st.booleans()) if aligned is None else aligned
    count = draw(st.integers(1, most_feeds))
    return Universe(
        bars=number,
        bars_a_day=draw(st.sampled_from((1, 1, 4))),
        tick=draw(st.sampled_from(TICKS)),
        feeds=tuple(draw(feeds(number, one_calendar)) for _ in range(count)),
        loading=draw(st.sampled_from(loading)),
        weeks=draw(st.sampled_from(weeks)),
    )
