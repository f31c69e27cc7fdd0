"""Episodes of the market: its returns bar by bar, and what they make of instruments and references."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tradewind.model.typing import FloatArray
from tradewind.research.drill import alter
from tradewind.research.stress.loader import load_scenarios

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.research.drill.stage import Stage

__all__ = ["Returns", "crash_of_1987", "flash_crash", "moved_market", "moved_references", "path_of"]

Returns: TypeAlias = FloatArray

_RAMP_BARS = 20
_RAMP_FACTOR = 3.0
_BARS_AFTER_CRASH = 10


def path_of(name: str) -> tuple[Returns, float | None, str]:
    """Return the market's return of each session of a stress scenario, its highest VIX, and what it is."""
    (scenario,) = load_scenarios([name])
    assert scenario.path is not None
    growth = scenario.path.growth()
    returns = np.asarray(growth[1:] / growth[:-1] - 1.0, dtype=np.float64)
    said = f"the market falls by {-scenario.market:.1%} in {len(returns)} sessions, as in the scenario {name}"
    return returns, scenario.vix_level, said


def crash_of_1987(stage: Stage, random: np.random.Generator) -> tuple[Returns, float | None, str]:
    """Return rising volatility, the published fall of 19 October 1987 and the sessions after it.

    The rising volatility is drawn by the seed: normal returns that sum to 0, their standard deviation rising evenly
    from what the market's was to three times as much.
    """
    returns, vix, _ = path_of("crash_1987")
    worst = int(returns.argmin())
    drawn = random.standard_normal(_RAMP_BARS) * np.linspace(1.0, _RAMP_FACTOR, _RAMP_BARS) * stage.volatility
    after = returns[worst : worst + _BARS_AFTER_CRASH]
    said = (
        f"{_RAMP_BARS} bars of volatility rising to {_RAMP_FACTOR:g} times, then the market loses "
        f"{-returns[worst]:.1%} in one bar"
    )
    return np.concatenate([drawn - drawn.mean(), after]), vix, said


def flash_crash() -> tuple[float, float]:
    """Return the market's return to its low and to its close of 6 May 2010."""
    (scenario,) = load_scenarios(["flash_crash_2010"])
    assert scenario.path is not None
    growth = scenario.path.growth()
    return float(growth[1] - 1.0), float(growth[2] - 1.0)


def moved_market(
    stage: Stage, returns: Returns, *, betas: FloatArray, overnight: float, vix_level: float | None = None
) -> Bars:
    """Return the bars of a stage with the market's returns after its shock.

    Parameters
    ----------
    returns
        Of the market, shape (K,).
    betas
        What each instrument's return is a multiple by, shape (N,).
    overnight
        Part of a return that has come true at the open.
    vix_level
        Level of the reference ``vix`` when the market is lowest; None leaves it alone.
    """
    bars = alter.moved(stage.bars, stage.shock + 1, returns[:, None] * betas, overnight=overnight)
    return moved_references(stage, bars, returns, vix_level)


def moved_references(stage: Stage, bars: Bars, returns: Returns, vix_level: float | None) -> Bars:
    """Return bars whose benchmark has the market's returns, and whose VIX rises to a level as the market falls."""
    references = dict(bars.references)
    first = stage.shock + 1
    if "benchmark" in references:
        references["benchmark"] = alter.moved(references["benchmark"], first, returns[:, None], overnight=0.5)
    if "vix" in references and vix_level is not None:
        depth = 1.0 - np.minimum.accumulate(np.minimum(np.cumprod(1.0 + returns), 1.0))
        before = float(alter.last_closes(references["vix"], stage.shock)[0])
        levels = before + max(vix_level - before, 0.0) * (depth / depth[-1] if depth[-1] else depth)
        rises = levels / np.concatenate([[before], levels[:-1]]) - 1.0
        references["vix"] = alter.moved(references["vix"], first, rises[:, None], overnight=0.5)
    return dataclasses.replace(bars, references=references)
