"""The fire drill of a plan: every drill with its gates and breakers, and with ``risk: off``."""

from __future__ import annotations

import dataclasses
import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.assemble import Builder
from tradewind.errors import UserError
from tradewind.research.drill.alter import trading
from tradewind.research.drill.drills import AFTERMATH_BARS, Altered, Drill
from tradewind.research.drill.outcome import Action, Beyond, Loss, actions, beyond_kill, loss_of
from tradewind.research.drill.runaway import RunawayBuilder
from tradewind.research.drill.stage import Stage, set_stage
from tradewind.research.drill.trial import Trial, latched, try_plan, unlimited
from tradewind.runs.execute import read_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.config.loader import LoadedPlan
    from tradewind.config.plan import Plan
    from tradewind.model.typing import FloatArray, TimeArray
    from tradewind.registry import Registry

__all__ = ["LEAST_BARS", "DrillReport", "DrillResult", "Settings", "rehearse"]

LEAST_BARS = 60
"""Fewer have no betas, and no room for what comes after a shock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to drill.

    Parameters
    ----------
    bars
        Length of the stretch, counted back from the end of the data.
    seed
        Of the volatility before the crash of 1987, and of the instruments whose quotes are stale.
    """

    bars: int = 756
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrillResult:
    """What one drill came to.

    Parameters
    ----------
    name, title
        Which drill.
    said
        What was done; where it does not apply, why not.
    applicable
        Whether it could be run; the rest is None or empty where not.
    runs_away
        Whether it is the strategy that is altered.
    actions
        What gates and breakers did, first things first.
    with_limits, without_limits
        The account as configured, and with ``risk: off``.
    beyond_kill
        By how much the drawdown went beyond the limit that kills; None where it did not.
    timestamps, with_equity, without_equity
        From the last ordinary bar on, shape (K,); equity as a part of that on the last ordinary bar.
    """

    name: str
    title: str
    said: str
    applicable: bool = True
    runs_away: bool = False
    actions: tuple[Action, ...] = ()
    with_limits: Loss | None = None
    without_limits: Loss | None = None
    beyond_kill: Beyond | None = None
    timestamps: TimeArray | None = None
    with_equity: FloatArray | None = None
    without_equity: FloatArray | None = None

    @property
    def first(self) -> Action | None:
        """What acted first; None where nothing did."""
        return self.actions[0] if self.actions else None

    @property
    def firsts(self) -> tuple[Action, ...]:
        """The first time each gate and breaker did each of its things."""
        found: dict[tuple[str, str], Action] = {}
        for action in self.actions:
            found.setdefault((action.name, action.code), action)
        return tuple(found.values())

    @property
    def strongest(self) -> Action | None:
        """The breaker that went furthest; None where none tripped."""
        ladder = ("reduced", "reduce_only", "halted", "killed")
        breakers = [one for one in self.actions if one.kind == "breaker"]
        return max(breakers, key=lambda one: ladder.index(one.code), default=None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrillReport:
    """All drills of a plan.

    Parameters
    ----------
    plan, settings
        What was drilled, and how.
    start, end, shock, bars
        First, last and last ordinary day of the stretch, and its bars.
    largest, largest_weight, gross
        Largest position on the last ordinary bar, its weight, and the gross exposure there.
    kill
        Drawdown that kills; None without that breaker.
    results
        In the order of the drills.
    notes
        What a reader must know.
    """

    plan: str
    settings: Settings
    start: str
    end: str
    shock: str
    bars: int
    largest: str
    largest_weight: float
    gross: float
    kill: float | None
    results: tuple[DrillResult, ...]
    notes: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether no drawdown went further beyond the kill limit than jump and gap explain."""
        return not any(one.beyond_kill is not None and one.beyond_kill.rest > 0.0 for one in self.results)

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON: NaN as None; equity is left to the picture."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        data["settings"] = dataclasses.asdict(self.settings)
        data["results"] = [_result_data(one) for one in self.results]
        data["held"] = self.held
        return {name: _plain(value) for name, value in data.items()}


def rehearse(
    loaded: LoadedPlan, registry: Registry, drills: Sequence[Drill], settings: Settings | None = None
) -> DrillReport:
    """Run drills over altered prices of a plan's own feed, each with the plan's limits and without.

    A kill stays, as in paper and live. Everything else is as configured.

    Raises
    ------
    UserError
        If the plan has a ``bt.Strategy``, or holds nothing that a shock could meet.
    TradewindError
        Whatever else stands in the way of a run.
    """
    settings = settings or Settings()
    _refuse_backtrader(loaded.plan)
    guarded = Builder(latched(loaded.plan), registry, loaded.directory)
    history, _, _ = read_data(guarded)
    if len(history) < LEAST_BARS:
        raise UserError(
            f"drill: the feed has {len(history)} bars from {loaded.plan.data.start or 'its start'} to "
            f"{loaded.plan.data.end or 'its end'}; at least {LEAST_BARS} are needed. Choose an earlier --start"
        )
    bars = trading(history.between(max(len(history) - settings.bars, 0), len(history)))
    stage = set_stage(bars, try_plan(guarded, bars))
    kill = _kill_limit(guarded)
    free = Builder(unlimited(loaded.plan), registry, loaded.directory)
    results = tuple(_drill(one, stage, guarded, free, settings.seed, kill) for one in drills)
    return DrillReport(
        plan=loaded.plan.name,
        settings=settings,
        start=_day(bars.timestamps[0]),
        end=_day(bars.timestamps[-1]),
        shock=_day(bars.timestamps[stage.shock]),
        bars=len(bars),
        largest=stage.largest_symbol,
        largest_weight=float(stage.weights[stage.largest]),
        gross=math.fsum(np.abs(stage.weights)),
        kill=kill,
        results=results,
        notes=(*stage.notes, *_notes(loaded.plan, results, kill)),
    )


def _drill(drill: Drill, stage: Stage, guarded: Builder, free: Builder, seed: int, kill: float | None) -> DrillResult:
    # By its name: a drill is the same, whichever others are run.
    random = np.random.default_rng([seed, zlib.crc32(drill.name.encode())])
    altered = drill.alter(stage, random)
    if isinstance(altered, str):
        return DrillResult(name=drill.name, title=drill.title, said=altered, applicable=False)
    shock, stop = altered.first - 1, min(altered.last + 1 + AFTERMATH_BARS, len(stage.bars))
    limited, plain = _tried(guarded, altered, stop), _tried(free, altered, stop)
    return DrillResult(
        name=drill.name,
        title=drill.title,
        said=altered.said,
        runs_away=altered.runaway is not None,
        actions=actions(limited, stage.ordinary, shock, altered.bars.timestamps),
        with_limits=loss_of(limited, shock),
        without_limits=loss_of(plain, shock),
        beyond_kill=beyond_kill(limited, shock, kill),
        timestamps=altered.bars.timestamps[shock:stop],
        with_equity=limited.equity[shock:] / limited.equity[shock],
        without_equity=plain.equity[shock:] / plain.equity[shock],
    )


def _tried(builder: Builder, altered: Altered, stop: int) -> Trial:
    bars = altered.bars.between(0, stop)
    if altered.runaway is None:
        return try_plan(builder, bars)
    runaway = RunawayBuilder(builder.plan, builder.registry, builder.directory, altered.first - 1, altered.runaway)
    return try_plan(runaway, bars)


def _refuse_backtrader(plan: Plan) -> None:
    for number, sleeve in enumerate(plan.sleeves):
        if sleeve.strategy.backtrader:
            raise UserError(
                f"drill: sleeves.{number}.strategy is the Backtrader class {sleeve.strategy.backtrader}; for such a "
                f"class only the structure of orders is checked by default, and it is not resized, so that a drill of "
                f"gates and breakers would say nothing. Drill a configuration with a tradewind strategy"
            )


def _kill_limit(builder: Builder) -> float | None:
    """Return the drawdown at which the plan is killed: its own, or the breaker's default."""
    for ref in builder.plan.risk.breaker_refs():
        if ref.name == "drawdown":
            given = ref.params.get("kill")
            fields = builder.registry.parameters(builder.registry.get("breaker", ref.name)).model_fields
            return float(given if given is not None else fields["kill"].default)
    return None


def _notes(plan: Plan, results: Sequence[DrillResult], kill: float | None) -> list[str]:
    notes = ["a kill stays, as in paper and live"]
    killed = [one for one in results if one.strongest is not None and one.strongest.code == "killed"]
    if plan.risk.on_kill == "cancel" and killed:
        notes.append(
            f"risk.on_kill is cancel: after a kill ({len(killed)} drills) what is held stays held and goes on losing; "
            f"`--set risk.on_kill=flatten` shows the other way"
        )
    if kill is None:
        notes.append("there is no `drawdown` breaker: no drawdown is compared with a limit")
    return notes


def _result_data(result: DrillResult) -> dict[str, Any]:
    left_out = ("actions", "timestamps", "with_equity", "without_equity")
    data = {
        field.name: getattr(result, field.name) for field in dataclasses.fields(result) if field.name not in left_out
    }
    return data | {"first": result.first, "strongest": result.strongest, "actions": result.firsts}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _day(timestamp: np.datetime64) -> str:
    return str(timestamp.astype("datetime64[D]"))
