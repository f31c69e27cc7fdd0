"""Stress of a kept run: today's positions, its history, and the odds of survival."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tradewind.errors import DataError
from tradewind.report.metrics import infer_periods_per_year
from tradewind.research.stress.apply import Impact, apply_scenario
from tradewind.research.stress.bootstrap import Survival, block_length, survival
from tradewind.research.stress.history import HistoryImpact, apply_over_history
from tradewind.research.stress.holdings import LEAST_BETA_RETURNS, Holdings, holdings_of, read_bars
from tradewind.research.stress.loader import shipped_names
from tradewind.research.stress.own_returns import replayed
from tradewind.research.stress.reach import unreached
from tradewind.runs.capsule import load_result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tradewind.model import Bars, Result
    from tradewind.model.typing import FloatArray
    from tradewind.registry import Registry
    from tradewind.research.stress.scenario import Scenario

__all__ = ["SURVIVAL_DRAWDOWNS", "SURVIVAL_YEARS", "Settings", "StressReport", "stress"]

SURVIVAL_DRAWDOWNS = (0.08, 0.12, 0.15, 0.20, 0.30)
SURVIVAL_YEARS = (1.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to stress.

    Parameters
    ----------
    limit
        Drawdown at which trading halts.
    every_bars
        Distance of the dates of the history that are looked at.
    beta_bars
        Bars that a beta is estimated from.
    own_returns
        Whether an instrument does what it did in the episode itself, where its prices reach that far back.
    drawdowns, years
        Limits and horizons of the survival probability.
    paths, seed
        Of the bootstrap.
    mean_block_bars
        Expected block length; None: chosen by the rule of Politis and White.
    """

    limit: float = 0.12
    every_bars: int = 5
    beta_bars: int = 252
    own_returns: bool = False
    drawdowns: tuple[float, ...] = SURVIVAL_DRAWDOWNS
    years: tuple[float, ...] = SURVIVAL_YEARS
    paths: int = 10_000
    seed: int = 0
    mean_block_bars: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressReport:
    """What scenarios would have done to a run, and how likely it survives.

    Parameters
    ----------
    run, time, equity, drawdown
        The run, its last bar, and the account there.
    settings, scenarios
        As asked for.
    held
        Symbols at the last bar; ``gross`` is the sum of their values' sizes as a fraction of equity.
    impacts, history
        One a scenario, in order; empty where the run never held anything.
    standing_beyond_limit
        Part of the dates of the history at which the drawdown was at or above the limit without any scenario.
    survival
        Limits by horizons; empty where the returns allow none.
    bars_per_year, returns, mean_block_bars
        What the survival is made from; the returns are those since the first position.
    notes
        What a reader must know about the figures.
    """

    run: str
    time: pd.Timestamp
    equity: float
    drawdown: float
    settings: Settings
    scenarios: tuple[Scenario, ...]
    held: tuple[str, ...]
    gross: float
    impacts: tuple[Impact, ...]
    history: tuple[HistoryImpact, ...]
    standing_beyond_limit: float
    survival: tuple[Survival, ...]
    bars_per_year: float
    returns: int
    mean_block_bars: float
    notes: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON: NaN as None, times in ISO format."""
        data = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "scenarios"
        }
        data["scenarios"] = [
            one.model_dump(mode="json", exclude={"path"}, exclude_defaults=True) for one in self.scenarios
        ]
        plain: dict[str, Any] = _plain(data)
        return plain


def stress(
    capsule: Path, registry: Registry, scenarios: Sequence[Scenario], settings: Settings | None = None
) -> StressReport:
    """Apply scenarios to the last positions and to every date of a kept run, and bootstrap its returns.

    Raises
    ------
    UserError
        If the capsule cannot be read, has no bars, or ended without money.
    """
    settings = settings or Settings()
    result = load_result(capsule)
    bars, told = read_bars(result, registry) if result.weights.to_numpy().any() else (None, "")
    holdings = holdings_of(result, bars, every_bars=settings.every_bars, beta_bars=settings.beta_bars)
    notes = [*([f"{told}; {_without(bars is None)}"] if told else []), *holdings.notes]
    notes += _unreached(scenarios, result, bars)
    if settings.own_returns:
        scenarios, told_replayed = _replayed(scenarios, bars)
        notes += told_replayed
    ever = bool(holdings.symbols)
    impacts = tuple(apply_scenario(one, holdings, limit=settings.limit) for one in scenarios) if ever else ()
    held = np.flatnonzero(holdings.weights[-1])
    notes += _position_notes(holdings, impacts, none_estimated=bars is None or bool(holdings.notes))
    index = pd.DatetimeIndex(result.equity.index)
    bars_per_year = infer_periods_per_year(index)
    returns = _returns(result)
    mean_block, odds, refusal = _survive(returns, bars_per_year, settings)
    return StressReport(
        run=capsule.name,
        time=holdings.times[-1],
        equity=float(holdings.equity[-1]),
        drawdown=float(holdings.drawdown[-1]),
        settings=settings,
        scenarios=tuple(scenarios),
        held=tuple(holdings.symbols[column] for column in held),
        gross=math.fsum(np.abs(holdings.weights[-1])),
        impacts=impacts,
        history=tuple(apply_over_history(one, holdings, limit=settings.limit) for one in scenarios) if ever else (),
        standing_beyond_limit=float((holdings.drawdown >= settings.limit).mean()),
        survival=odds,
        bars_per_year=bars_per_year,
        returns=len(returns),
        mean_block_bars=mean_block,
        notes=(*notes, *refusal),
    )


def _unreached(scenarios: Sequence[Scenario], result: Result, bars: Bars | None) -> list[str]:
    shipped = shipped_names()
    instruments = () if bars is None else bars.instruments
    symbols = {one.symbol for one in instruments} | {str(name) for name in result.weights.columns}
    sectors = {one.sector for one in instruments if one.sector}
    return unreached([one for one in scenarios if one.name not in shipped], symbols, sectors)


def _replayed(scenarios: Sequence[Scenario], bars: Bars | None) -> tuple[list[Scenario], list[str]]:
    """Return the scenarios with the instruments' own returns where there are any, and what to say about it."""
    found: list[Scenario] = []
    notes = []
    for scenario in scenarios:
        own = None if bars is None else replayed(scenario, bars)
        count = 0 if own is None else len(own.own_returns)
        notes.append(f"{scenario.name}: {count} of {0 if bars is None else len(bars.symbols)} symbols do what they did")
        found.append(own or scenario)
    return found, notes


def _without(no_prices: bool) -> str:
    return "betas are 1 and sectors unknown" if no_prices else "betas are estimated from today's"


def _position_notes(holdings: Holdings, impacts: tuple[Impact, ...], *, none_estimated: bool) -> list[str]:
    """Say which of the last positions have no beta of their own, and which no scenario covers."""
    if not holdings.symbols:
        return ["the run held no position on any date looked at: there is nothing to stress"]
    if not holdings.weights[-1].any():
        return ["the run holds no position at its last bar: there is nothing to lose today"]
    notes = []
    taken = {one.name for impact in impacts for one in impact.positions if one.cause == "beta"}
    unknown = [
        symbol
        for column, symbol in enumerate(holdings.symbols)
        if symbol in taken and math.isnan(holdings.betas[-1, column])
    ]
    if unknown and not none_estimated:
        notes.append(f"beta is 1 for {_some(unknown)}: fewer than {LEAST_BETA_RETURNS} returns with the benchmark")
    left_out = sorted({symbol for impact in impacts for symbol in impact.not_covered})
    if left_out:
        notes.append(f"not covered, taken as unmoved: {_some(left_out)} (options; give figures under `symbols`)")
    return notes


def _some(symbols: Sequence[str]) -> str:
    shown = ", ".join(symbols[:5])
    return shown if len(symbols) <= 5 else f"{shown} and {len(symbols) - 5} more"


def _returns(result: Result) -> FloatArray:
    """Return the returns a bar since the first position: waiting in cash says nothing about the strategy."""
    equity = result.equity["equity"].to_numpy(dtype=np.float64)
    invested = np.flatnonzero(result.weights.to_numpy(dtype=np.float64).any(axis=1))
    since = equity[max(int(invested[0]) - 1, 0) :] if len(invested) else equity[:0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(since[1:] / since[:-1] - 1.0, dtype=np.float64)


def _survive(
    returns: FloatArray, bars_per_year: float, settings: Settings
) -> tuple[float, tuple[Survival, ...], tuple[str, ...]]:
    if not len(returns):
        return math.nan, (), ()
    usable = bool(np.isfinite(returns).all())
    chosen = settings.mean_block_bars or (block_length(returns) if usable else math.nan)
    try:
        odds = survival(
            returns,
            drawdowns=settings.drawdowns,
            horizons=[max(round(years * bars_per_year), 1) for years in settings.years],
            mean_block=chosen,
            paths=settings.paths,
            seed=settings.seed,
        )
    except DataError as error:
        return math.nan, (), (f"no {error}",)
    return chosen, odds, ()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("infinite" if value > 0 else "-infinite")
    return value
