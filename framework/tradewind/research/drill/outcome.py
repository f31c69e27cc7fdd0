"""What a drill came to: who acted first, and what was lost with limits and without."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.model import Standing
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray, TimeArray
    from tradewind.research.drill.trial import Trial

__all__ = ["Action", "Beyond", "Loss", "actions", "beyond_kill", "loss_of"]

_WORDS = {standing.word: standing for standing in Standing}
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a gate or breaker did.

    Parameters
    ----------
    kind
        ``gate`` or ``breaker``.
    name, code, text
        Who, what by its code (of a breaker: the new standing), and why.
    bars_after
        Bars after the last ordinary one.
    date
        Of the bar.
    """

    kind: str
    name: str
    code: str
    text: str
    bars_after: int
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What happened to an account, from the last ordinary bar on.

    Parameters
    ----------
    equity
        At the last ordinary close.
    loss
        Up to the end, as a fraction of it; a gain is negative.
    drawdown
        Largest, from the highest equity since the start of the stretch.
    orders
        That passed the gates and reached the exchange.
    gone
        Whether the account was lost.
    """

    equity: float
    loss: float
    drawdown: float
    orders: int
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """By how much a drawdown went beyond the limit that kills, as fractions of the highest equity.

    Parameters
    ----------
    excess
        Drawdown less limit.
    jump
        Part that was lost already at the close that tripped the breaker: nobody can act before it.
    gap
        Part lost from that close to the fills of the orders that sold everything; 0 where none were filled.
    rest
        What neither explains: what was held on, or done, after the account was killed.
    """

    excess: float
    jump: float
    gap: float
    rest: float


def actions(trial: Trial, ordinary: Trial, shock: int, timestamps: TimeArray) -> tuple[Action, ...]:
    """Return what gates and breakers did after a bar, first things first; what they did on the ordinary prices is out.

    A gate that did the same on the same bar of the ordinary prices did not act on the drill. Neither did a breaker.
    """
    usual_gates = set(_keys(ordinary, "rulings", "gate", "code"))
    usual_breakers = set(_keys(ordinary, "standings", "by", "after"))
    found: list[tuple[int, int, Action]] = []
    standings = trial.tables["standings"]
    for bar, before, after, by, text in standings[["bar", "before", "after", "by", "text"]].itertuples(index=False):
        if bar > shock and _WORDS[after] > _WORDS[before] and (bar, by, after) not in usual_breakers:
            date = str(timestamps[bar])[:10]
            action = Action(kind="breaker", name=by, code=after, text=text, bars_after=bar - shock, date=date)
            found.append((bar, 0, action))
    rulings = trial.tables["rulings"]
    for bar, gate, code, text in rulings[["bar", "gate", "code", "text"]].itertuples(index=False):
        if bar > shock and gate != "standing" and (bar, gate, code) not in usual_gates:
            date = str(timestamps[bar])[:10]
            action = Action(kind="gate", name=gate, code=code, text=text, bars_after=bar - shock, date=date)
            found.append((bar, 1, action))
    return tuple(action for _, _, action in sorted(found, key=lambda one: one[:2]))


def loss_of(trial: Trial, shock: int) -> Loss:
    """Return the loss of an account from a bar to its end."""
    equity = trial.equity
    start = float(equity[shock])
    orders = int((trial.tables["orders"]["bar"] > shock).sum())
    if not start > 0.0:
        return Loss(equity=start, loss=math.nan, drawdown=math.nan, orders=orders, gone=trial.gone)
    return Loss(
        equity=start,
        loss=float(1.0 - equity[-1] / start),
        drawdown=float(_drawdowns(equity)[shock:].max()),
        orders=orders,
        gone=trial.gone,
    )


def beyond_kill(trial: Trial, shock: int, kill: float | None) -> Beyond | None:
    """Return by how much the drawdown went beyond a limit; None where it did not, or there is none."""
    drawdowns = _drawdowns(trial.equity)
    excess = float(drawdowns[shock:].max()) - (math.inf if kill is None else kill)
    if kill is None or excess <= _ROUNDING:
        return None
    standings = trial.tables["standings"]
    tripped = standings[(standings["bar"] > shock) & (standings["after"] == Standing.KILLED.word)]["bar"]
    if not len(tripped):
        return Beyond(excess=excess, jump=0.0, gap=0.0, rest=excess)
    bar = int(tripped.iloc[0])
    jump = max(float(drawdowns[bar]) - kill, 0.0)
    fills = trial.tables["fills"]
    sold = fills[(fills["bar"] > bar) & (fills["reason"] == FLATTEN)]["bar"]
    lost = max(float(drawdowns[int(sold.max())] - drawdowns[bar]), 0.0) if len(sold) else 0.0
    gap = min(lost, excess - jump)
    rest = max(excess - jump - gap, 0.0)
    return Beyond(excess=excess, jump=jump, gap=gap, rest=rest if rest > _ROUNDING else 0.0)


def _drawdowns(equity: FloatArray) -> FloatArray:
    return np.asarray(1.0 - equity / np.maximum.accumulate(equity), dtype=np.float64)


def _keys(trial: Trial, table: str, *columns: str) -> list[tuple[object, ...]]:
    return list(trial.tables[table][["bar", *columns]].itertuples(index=False, name=None))
