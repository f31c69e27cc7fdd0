"""What every peer has to do: sizes, input and rules of the jobs, in numpy alone. `jobs.md` says it in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("open", "high", "low", "close", "volume")
MINUTES_PER_SESSION = 390
SESSION_OPEN_MINUTE = 14 * 60 + 31

Form = Literal["wide", "frames"]
Fills = Literal["next_open", "same_close", "next_close", "next_open_by_open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Shape of a job's input."""

    symbols: int
    bars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Input and rules of a job; `rule` chooses the reference calculation."""

    title: str
    rule: Literal["portfolio", "cross", "trend"]
    frequency: Literal["day", "minute"]
    full: Size
    quick: Size
    seed: int
    volatility: float
    cash: float
    commission: float
    schedule: Literal["monthly", "daily", "every_bar"] = "every_bar"
    top: int = 0
    window: int = 0
    invested: float = 0.99
    drift_threshold: float = 0.0
    fast: int = 0
    slow: int = 0
    stop: float = 0.0


_UNIVERSE = {
    "rule": "portfolio",
    "frequency": "day",
    "full": Size(symbols=500, bars=2_520),
    "quick": Size(symbols=60, bars=420),
    "seed": 11,
    "volatility": 0.015,
    "cash": 1e7,
    "commission": 0.001,
    "window": 252,
}

JOBS: Mapping[str, Job] = {
    "a": Job(title="500 symbols, daily bars, monthly top 10", schedule="monthly", top=10, **_UNIVERSE),
    "b": Job(
        title="500 symbols, daily bars, daily top 50", schedule="daily", top=50, drift_threshold=0.00013, **_UNIVERSE
    ),
    "c": Job(
        title="one symbol, minute bars, moving-average cross with a resting stop",
        rule="cross",
        frequency="minute",
        full=Size(symbols=1, bars=500_000),
        quick=Size(symbols=1, bars=12_000),
        seed=13,
        volatility=0.0006,
        cash=1e6,
        commission=0.0001,
        invested=0.95,
        fast=50,
        slow=200,
        stop=0.01,
    ),
    "d": Job(
        title="100 symbols, minute bars, daily top 10",
        rule="portfolio",
        frequency="minute",
        full=Size(symbols=100, bars=252 * MINUTES_PER_SESSION),
        quick=Size(symbols=20, bars=6 * MINUTES_PER_SESSION),
        seed=17,
        volatility=0.0006,
        cash=1e7,
        commission=0.001,
        schedule="daily",
        top=10,
        window=MINUTES_PER_SESSION,
    ),
    "e": Job(title="200 parameter points of (a)", schedule="monthly", top=10, **_UNIVERSE),
    "h": Job(
        title="100 symbols, daily bars, one moving average a symbol",
        rule="trend",
        frequency="day",
        full=Size(symbols=100, bars=2_520),
        quick=Size(symbols=12, bars=300),
        seed=19,
        volatility=0.015,
        cash=1e7,
        commission=0.001,
        slow=50,
    ),
}

POINTS = tuple(
    (top, window)
    for window in (42, 63, 84, 105, 126, 168, 189, 210, 252, 315)
    for top in (2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 35, 40, 45, 50, 60)
)
"""Points of job (e): instruments to hold and bars of the high."""
QUICK_POINTS = tuple((top, window) for window in (42, 63) for top in (2, 5, 10))


def symbols_of(count: int) -> list[str]:
    return [f"S{number:04d}" for number in range(count)]


def timestamps_of(frequency: str, bars: int) -> np.ndarray:
    """Business days at midnight, or minutes 14:31 to 21:00 UTC of business days, each labelled with its end."""
    if frequency == "day":
        return _business_days(bars).astype("datetime64[ns]")
    days = _business_days(-(-bars // MINUTES_PER_SESSION)).astype("datetime64[m]")
    minutes = np.arange(SESSION_OPEN_MINUTE, SESSION_OPEN_MINUTE + MINUTES_PER_SESSION).astype("timedelta64[m]")
    return (days[:, np.newaxis] + minutes).ravel()[:bars].astype("datetime64[ns]")


def _business_days(count: int) -> np.ndarray:
    return np.busday_offset("2010-01-04", np.arange(count))


def write_prices(folder: Path, job: Job, size: Size) -> None:
    """Write one array (bars, symbols) a field and the timestamps; the same numbers for the same job and size."""
    generator = np.random.default_rng(job.seed)
    shape = (size.bars, size.symbols)
    drift = {"day": 0.02, "minute": 0.001}[job.frequency] * job.volatility
    steps = generator.normal(drift, job.volatility, shape)
    close = 100.0 * np.exp(np.cumsum(steps, axis=0))
    before = np.vstack([np.full((1, size.symbols), 100.0), close[:-1]])
    opened = before * np.exp(generator.normal(0.0, 0.15 * job.volatility, shape))
    higher, lower = np.maximum(opened, close), np.minimum(opened, close)
    fields = {
        "open": opened,
        "high": higher * (1.0 + generator.uniform(0.0, 0.4 * job.volatility, shape)),
        "low": lower * (1.0 - generator.uniform(0.0, 0.4 * job.volatility, shape)),
        "close": close,
        "volume": generator.integers(1_000_000, 5_000_000, shape).astype(np.float64),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in fields.items():
        np.save(folder / f"{name}.npy", values)
    np.save(folder / "timestamps.npy", timestamps_of(job.frequency, size.bars))


@dataclass(frozen=True, slots=True)
class Task:
    """What a peer's function gets: the job, and pandas frames in memory in the form it asked for."""

    job: Job
    wide: Mapping[str, pd.DataFrame]
    """One frame (bars, symbols) a field; empty where frames by symbol were asked for."""
    frames: Mapping[str, pd.DataFrame]
    """One frame of open, high, low, close, volume a symbol; empty where wide ones were asked for."""
    points: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer hands back: the account's value at the last close, one a parameter point, and its filled orders.

    Orders that a peer does not count by itself are a function, called when the clock has stopped.
    """

    values: tuple[float, ...]
    orders: int | Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A peer's way of doing a job."""

    run: Callable[[Task], Answer]
    form: Form
    fills: Fills = "next_open"


def load_task(folder: Path, job: Job, form: Form, points: tuple[tuple[int, int], ...]) -> Task:
    import pandas as pd  # the reference needs no pandas

    index = pd.DatetimeIndex(np.load(folder / "timestamps.npy"))
    bars, count = np.load(folder / "close.npy", mmap_mode="r").shape
    symbols = symbols_of(count)
    if form == "wide":
        wide = {name: pd.DataFrame(np.load(folder / f"{name}.npy"), index, symbols, copy=False) for name in FIELDS}
        return Task(job, wide, {}, points)
    values = np.empty((count, len(FIELDS), bars))
    for place, name in enumerate(FIELDS):  # one at a time: the peak of memory belongs to the engine
        values[:, place] = np.load(folder / f"{name}.npy").T
    frames = {
        symbol: pd.DataFrame(own.T, index, FIELDS, copy=False) for symbol, own in zip(symbols, values, strict=True)
    }
    return Task(job, {}, frames, points)


def decision_bars(timestamps: np.ndarray, schedule: str, first: int) -> np.ndarray:
    """The first bar with a whole window, then the first bar of each new month or UTC day."""
    if schedule == "every_bar":
        return np.arange(first, len(timestamps))
    periods = timestamps.astype({"monthly": "datetime64[M]", "daily": "datetime64[D]"}[schedule]).astype(np.int64)
    bars = np.flatnonzero(np.append(True, periods[1:] != periods[:-1]))
    return np.append(first, bars[bars > first])


def nearest_to_high(scores: np.ndarray, top: int) -> np.ndarray:
    """Columns of the highest scores; of equal ones the earlier column."""
    return np.argsort(-scores, kind="stable")[:top]
