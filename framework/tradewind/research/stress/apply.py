"""Scenarios applied to what is held. Losses are positive fractions of equity, gains negative ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray
    from tradewind.research.stress.holdings import Holdings
    from tradewind.research.stress.scenario import Scenario

__all__ = ["Contribution", "Impact", "PathImpact", "apply_scenario", "drawdown_after", "path_drawdowns", "shocks"]

UNKNOWN_SECTOR = "unknown"
_VALUES_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one position or sector does to equity.

    Parameters
    ----------
    name
        Symbol or sector.
    weight
        Value as a fraction of equity.
    shock
        Return of its price; of a sector, that of its value, NaN where long and short cancel. NaN: not covered.
    loss
        Fraction of equity.
    cause
        What the shock comes from: ``symbol``, ``own history``, ``duration``, ``sector``, ``asset class``, ``beta``,
        ``market`` or ``not covered``; empty for a sector.
    """

    name: str
    weight: float
    shock: float
    loss: float
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathImpact:
    """The episode step by step, at fixed holdings.

    Parameters
    ----------
    maximum_drawdown
        From the highest equity before or during the episode.
    steps, unit
        Length of the path, and what a step is.
    breach_step
        First step at which the drawdown is at or above the limit; None if it never is.
    breach_drawdown
        Drawdown there: what the limit is overshot by where nobody can act within a step. NaN without a breach.
    worst_step_loss
        Largest loss of one step, as a fraction of equity before it.
    """

    maximum_drawdown: float
    steps: int
    unit: str
    breach_step: int | None
    breach_drawdown: float
    worst_step_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """One scenario on the last positions.

    Parameters
    ----------
    scenario
        Its name.
    loss, loss_money
        Fraction of equity, and in the account's currency.
    drawdown_after
        The loss on top of the drawdown that stands already; 0 at a new high.
    breaches_limit
        Whether ``drawdown_after`` is at or above the limit.
    positions, sectors
        Worst first.
    not_covered
        Symbols that no figure of the scenario fits (options).
    path
        The same, step by step.
    """

    scenario: str
    loss: float
    loss_money: float
    drawdown_after: float
    breaches_limit: bool
    positions: tuple[Contribution, ...]
    sectors: tuple[Contribution, ...]
    not_covered: tuple[str, ...]
    path: PathImpact

    @property
    def worst_position(self) -> Contribution | None:
        """The position that loses most; None if none loses."""
        return _worst(self.positions)

    @property
    def worst_sector(self) -> Contribution | None:
        """The sector that loses most; None if none loses."""
        return _worst(self.sectors)


def shocks(scenario: Scenario, holdings: Holdings) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the shock to each symbol at each date, shape (D, N), and what each comes from; NaN: not covered."""
    found = np.empty(holdings.weights.shape)
    causes = []
    for column, (symbol, sector, kind) in enumerate(
        zip(holdings.symbols, holdings.sectors, holdings.asset_classes, strict=True)
    ):
        value, cause = scenario.shock(symbol, sector, kind, 1.0)
        causes.append(cause)
        if cause == "beta":
            betas = np.nan_to_num(holdings.betas[:, column], nan=1.0)
            found[:, column] = np.maximum(betas * scenario.market, -1.0)
        else:
            found[:, column] = value
    return found, tuple(causes)


def apply_scenario(scenario: Scenario, holdings: Holdings, *, limit: float = 0.12) -> Impact:
    """Apply a scenario to the last positions.

    Parameters
    ----------
    scenario, holdings
        What happens, and to whom.
    limit
        Drawdown at which trading halts.
    """
    every, causes = shocks(scenario, holdings)
    weights, moved, standing = holdings.weights[-1], every[-1], float(holdings.drawdown[-1])
    losses = -weights * np.nan_to_num(moved)
    held = np.flatnonzero(weights)
    positions = [
        Contribution(
            name=holdings.symbols[column],
            weight=float(weights[column]),
            shock=float(moved[column]),
            loss=float(losses[column]),
            cause=causes[column],
        )
        for column in held
    ]
    loss = math.fsum(losses[held])
    after = float(drawdown_after(np.array([loss]), np.array([standing]))[0])
    return Impact(
        scenario=scenario.name,
        loss=loss,
        loss_money=loss * float(holdings.equity[-1]),
        drawdown_after=after,
        breaches_limit=after >= limit,
        positions=_sorted(positions),
        sectors=_by_sector(positions, holdings),
        not_covered=tuple(one.name for one in positions if math.isnan(one.shock)),
        path=_path(scenario, loss, standing, limit),
    )


def drawdown_after(losses: FloatArray, standing: FloatArray) -> FloatArray:
    """Return the drawdown that a loss makes of the one that stands already, at least 0."""
    return np.maximum(1.0 - (1.0 - standing) * (1.0 - losses), 0.0)


def path_drawdowns(scenario: Scenario, losses: FloatArray, standing: FloatArray) -> FloatArray:
    """Return the maximum drawdown through the scenario's path, by date, shape (D,).

    Holdings are fixed, and each price moves in proportion to the market: ``s`` of the way at ``s`` of the market's. A
    portfolio loses ``s`` of its whole loss there.

    Parameters
    ----------
    losses
        Whole loss, as a fraction of equity, shape (D,).
    standing
        Drawdown at the start, shape (D,).
    """
    size = max(1, _VALUES_AT_ONCE // len(scenario.shape()))
    return np.concatenate(
        [
            _drawdown_paths(scenario, losses[first : first + size], standing[first : first + size]).max(axis=1)
            for first in range(0, len(losses), size)
        ]
    )


def _drawdown_paths(scenario: Scenario, losses: FloatArray, standing: FloatArray) -> FloatArray:
    """Return the drawdown after each step, shape (D, S + 1)."""
    equity = 1.0 - losses[:, None] * scenario.shape()[None, :]
    high = np.maximum.accumulate(np.maximum(equity, 1.0 / (1.0 - standing[:, None])), axis=1)
    return 1.0 - equity / high


def _path(scenario: Scenario, loss: float, standing: float, limit: float) -> PathImpact:
    drawdowns = _drawdown_paths(scenario, np.array([loss]), np.array([standing]))[0]
    equity = 1.0 - loss * scenario.shape()
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(equity[:-1] > 0.0, 1.0 - equity[1:] / equity[:-1], 0.0)
    beyond = np.flatnonzero(drawdowns >= limit)
    return PathImpact(
        maximum_drawdown=float(drawdowns.max()),
        steps=len(drawdowns) - 1,
        unit="step" if scenario.path is None else scenario.path.unit.removesuffix("s"),
        breach_step=int(beyond[0]) if len(beyond) else None,
        breach_drawdown=float(drawdowns[beyond[0]]) if len(beyond) else math.nan,
        worst_step_loss=float(max(steps.max(), 0.0)),
    )


def _by_sector(positions: list[Contribution], holdings: Holdings) -> tuple[Contribution, ...]:
    sector_of = dict(zip(holdings.symbols, holdings.sectors, strict=True))
    grouped: dict[str, list[Contribution]] = {}
    for one in positions:
        grouped.setdefault(sector_of[one.name] or UNKNOWN_SECTOR, []).append(one)
    found = []
    for name, members in grouped.items():
        weight, loss = math.fsum(one.weight for one in members), math.fsum(one.loss for one in members)
        gross = math.fsum(abs(one.weight) for one in members)
        shock = -loss / weight if abs(weight) > 1e-9 * gross else math.nan
        found.append(Contribution(name=name, weight=weight, shock=shock, loss=loss))
    return _sorted(found)


def _sorted(contributions: list[Contribution]) -> tuple[Contribution, ...]:
    return tuple(sorted(contributions, key=lambda one: (-one.loss, one.name)))


def _worst(contributions: tuple[Contribution, ...]) -> Contribution | None:
    return contributions[0] if contributions and contributions[0].loss > 0.0 else None
