"""Small made-up markets for trial runs: rising, falling, with gaps, and with another future."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

__all__ = ["Kind", "Scene", "another_future", "scene"]

Kind: TypeAlias = Literal["waves", "rising", "falling", "gappy"]

Scene: TypeAlias = dict[str, pd.DataFrame]
"""Feed name to its bars."""

_DRIFT = {"waves": 0.0, "rising": 0.004, "falling": -0.004, "gappy": 0.0}


def scene(kind: Kind, names: tuple[str, ...], bars: int) -> Scene:
    """Return daily bars for each name; in ``gappy`` the feeds start late, miss days and jump overnight."""
    made: Scene = {}
    for number, name in enumerate(names):
        generator = np.random.default_rng([number, len(kind), bars])
        waves = 0.012 * np.sin(np.arange(bars) / (6.0 + number) + number) if kind in {"waves", "gappy"} else 0.0
        returns = _DRIFT[kind] + waves + 0.015 * generator.standard_normal(bars)
        if kind == "gappy":
            returns[generator.random(bars) < 0.05] *= 6.0
        frame = _bars(100.0 * np.exp(np.cumsum(np.clip(returns, -0.4, 0.4))), generator)
        if kind == "gappy":
            here = generator.random(bars) > 0.08
            here[: 15 * number] = False
            frame = frame[here]
        made[name] = frame
    return made


def another_future(market: Scene, bar: int) -> Scene:
    """Return the same market up to and with a bar, and a mirrored one from there on."""
    changed: Scene = {}
    for name, frame in market.items():
        copy = frame.copy()
        prices = ["open", "high", "low", "close"]
        last = float(copy["close"].iloc[bar])
        mirrored = last * last / copy[prices].iloc[bar + 1 :]
        copy.iloc[bar + 1 :, :4] = mirrored[["open", "low", "high", "close"]].to_numpy()
        copy.iloc[bar + 1 :, 4] = copy["volume"].iloc[bar + 1 :].to_numpy()[::-1]
        changed[name] = copy
    return changed


def _bars(close: np.ndarray, generator: np.random.Generator) -> pd.DataFrame:
    first = close[0] * (1.0 + 0.003 * generator.standard_normal())
    opened = np.concatenate([[first], close[:-1]]) * (1.0 + 0.004 * generator.standard_normal(len(close)))
    spread = close * 0.006 * np.abs(generator.standard_normal(len(close)))
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) + spread,
            "low": np.minimum(opened, close) - np.minimum(spread, 0.5 * np.minimum(opened, close)),
            "close": close,
            "volume": generator.integers(100_000, 1_000_000, len(close)).astype(float),
        },
        index=pd.bdate_range("2015-01-02", periods=len(close)),
    )
