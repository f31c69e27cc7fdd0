"""Accounts and markets, bar by bar, on which breakers are examined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.contracts import BreakerPath, BreakerView

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["calm_walk", "catastrophe", "path_of", "quiet_walk", "slow_fall", "view_of", "wild_walk"]

_START = np.datetime64("2020-01-01T21:00:00", "ns")


def view_of(bar: int, **changes: Any) -> BreakerView:
    """Return a bar on which all is well, one a day."""
    fields: dict[str, Any] = {
        "bar": bar,
        "time": _START + np.timedelta64(bar, "D"),
        "day": 18_262 + bar,
        "equity": 100_000.0,
        "closed_trades": (),
        "orders": 0,
        "refused": 0,
        "fresh": 1.0,
        "confidence": 0.9,
        "references": {"vix": 12.0, "benchmark": 100.0},
    }
    return BreakerView(**{**fields, **changes})


def calm_walk(bars: int = 120) -> list[BreakerView]:
    """Return bars on which the account grows, every trade wins and the market sleeps."""
    return [
        view_of(
            bar,
            equity=100_000.0 + 10.0 * bar,
            closed_trades=(5.0,) if bar % 7 == 3 else (),
            orders=bar,
            references={"vix": 12.0, "benchmark": 100.0 + 0.05 * bar},
        )
        for bar in range(bars)
    ]


def wild_walk(seed: int, bars: int = 120) -> list[BreakerView]:
    """Return random bars, several a day, on which anything may happen that does."""
    random = np.random.default_rng(seed)
    days = 18_262 + np.cumsum(random.random(bars) < 0.6)
    equity = 100_000.0 * np.exp(np.cumsum(random.standard_t(3, bars) * 0.012))
    orders = np.cumsum(random.integers(0, 6, bars))
    refused = np.minimum(orders, np.cumsum(random.integers(0, 2, bars)))
    vix = 20.0 * np.exp(np.cumsum(random.normal(0.0, 0.06, bars)))
    benchmark = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.018, bars)))
    vix[random.random(bars) < 0.03] = np.nan
    views = []
    for bar in range(bars):
        # Some runs have a volatility index, some a benchmark only, some neither.
        references = {"vix": float(vix[bar]), "benchmark": float(benchmark[bar])}
        roles = (("vix", "benchmark"), ("benchmark",), ())[seed % 3]
        views.append(
            view_of(
                bar,
                day=int(days[bar]),
                equity=float(equity[bar]),
                closed_trades=tuple(random.normal(0.0, 100.0, random.integers(0, 3)).tolist()),
                orders=int(orders[bar]),
                refused=int(refused[bar]),
                fresh=1.0 if random.random() < 0.9 else float(random.random()),
                confidence=float("nan") if seed % 4 == 3 else float(random.uniform(0.2, 1.0)),
                references={role: references[role] for role in roles},
            )
        )
    return views


def quiet_walk(seed: int, before: Sequence[BreakerView], bars: int = 60) -> list[BreakerView]:
    """Return bars after others on which nothing is traded: calm for a while, then perhaps not."""
    random = np.random.default_rng(seed)
    last = before[-1]
    calm = random.integers(0, bars)
    sizes = np.where(np.arange(bars) < calm, 0.0005, 0.02)
    equity = last.equity * np.exp(np.cumsum(random.normal(0.0, 1.0, bars) * sizes))
    benchmark = np.exp(np.cumsum(random.normal(0.0, 1.0, bars) * sizes))
    days = last.day + np.cumsum(random.random(bars) < 0.7)
    trouble = np.arange(bars) >= calm
    return [
        replace(
            last,
            bar=last.bar + 1 + row,
            time=last.time + np.timedelta64(row + 1, "h"),
            day=int(days[row]),
            equity=float(equity[row]),
            closed_trades=(),
            fresh=float(random.random()) if trouble[row] else 1.0,
            confidence=float(random.random()) if trouble[row] else 0.9,
            references={
                role: value * float(benchmark[row]) if role == "benchmark" else 12.0 + 40.0 * float(trouble[row])
                for role, value in last.references.items()
            },
        )
        for row in range(bars)
    ]


def slow_fall(bars: int = 300) -> list[BreakerView]:
    """Return bars on each of which the account loses 1 % of what is left."""
    return [view_of(bar, equity=100_000.0 * 0.99**bar) for bar in range(bars)]


def catastrophe(seed: int = 0) -> list[BreakerView]:
    """Return 40 calm bars and 30 on which everything goes wrong at once."""
    calm = calm_walk(40)
    random = np.random.default_rng(seed)
    equity, benchmark = calm[-1].equity, 100.0
    views = list(calm)
    for number in range(30):
        equity *= 0.9
        benchmark *= float(1.0 + random.choice([-0.1, 0.1]))
        views.append(
            view_of(
                40 + number,
                equity=equity,
                closed_trades=(-100.0, -100.0),
                orders=40 + 30 * (number + 1),
                refused=30 * (number + 1),
                fresh=0.0,
                confidence=0.0,
                references={"vix": 90.0, "benchmark": benchmark},
            )
        )
    return views


def path_of(views: Sequence[BreakerView], roles: Sequence[str]) -> BreakerPath:
    """Return bars on which nothing is traded as columns; ``bar`` is the one before the first."""
    return BreakerPath(
        bar=views[0].bar - 1 if views else 0,
        days=np.array([view.day for view in views], dtype=np.int64),
        equity=np.array([view.equity for view in views], dtype=np.float64),
        fresh=np.array([view.fresh for view in views], dtype=np.float64),
        confidence=np.array([view.confidence for view in views], dtype=np.float64),
        references={role: np.array([view.references[role] for view in views], dtype=np.float64) for role in roles},
    )
