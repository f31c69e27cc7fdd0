"""From a recorded session to the causes of its difference from the backtest.

The causes are replaced one after the other, and each time the whole plan runs again: the part of a cause is what its
replacement changes. The order is that of `PARTS`. A strategy decides anew in every run, so that what a cause brought
about in later decisions counts to that cause; ``decision`` is what is left when bars and executions are paper's own.
"""

from __future__ import annotations

import math
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from tradewind.contracts import DataRequest
from tradewind.engine.assemble import Builder
from tradewind.errors import PluginError
from tradewind.runs.feeds import feed_of
from tradewind.runs.parity.history import data_difference, last_prices, window
from tradewind.runs.parity.outcome import PARTS, Parity, RecordDifference
from tradewind.runs.parity.ports import Level
from tradewind.runs.parity.recorded import Outside
from tradewind.runs.parity.rerun import Rerun, Reruns
from tradewind.runs.parity.static import static_profits
from tradewind.runs.parity.traded import TradedOrder, same_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.registry import Registry
    from tradewind.runs.parity.recorded import RecordedSession
    from tradewind.runs.parity.runs import Backtest

__all__ = ["compare_session", "template_of"]

_DECIDED = frozenset(("regime", "signals", "targets", "exit", "cross", "intent", "resized"))
_MOST_COMMANDS = 6
_COSTS = ("commission", "spread", "slippage", "impact")


class Steps(NamedTuple):
    """Profits when one cause after the other is replaced, from ``gate`` to ``decision``, and paper's own."""

    profits: Mapping[str, float]
    paper: float
    cost_parts: Mapping[str, float]
    last: Sequence[Record]


def compare_session(
    session: RecordedSession,
    registry: Registry,
    directory: Path,
    *,
    backtest: Backtest | None = None,
    band: float = 0.2,
) -> Parity:
    """Compare a session with the backtest of its plan.

    Parameters
    ----------
    session, registry, directory
        What was recorded, the plugins, and where the configuration's relative paths start.
    backtest
        The run to hold it against; None: a backtest over the feed's own history of the session's bars.
    band
        Largest difference that counts as within, as a fraction of the backtest's profit.

    Raises
    ------
    TradewindError
        Whatever stands in the way of running the plan.
    """
    notes = _operators(session.commands)
    builder = Builder(session.plan, registry, directory)
    template, history = template_of(builder)
    bars = session.bars(template)
    if not session.finished:
        notes.append(f"The session has not finished: compared up to bar {len(bars) - 1}, the last complete one.")
    reruns, replay, steps = _reruns(builder, session, bars)
    seen = None if history is None else window(history, bars)
    if seen is None:
        notes.append("The feed has no history of these bars: the recorded ones stand for it.")
    different = "" if seen is None else data_difference(bars, seen)
    if backtest is not None:
        profit, told = backtest.profit(bars)
        notes += told
    elif seen is None or not different:
        profit = replay.profit
    else:
        profit = reruns.plain(seen).profit
    first = first_difference(session.decisions, replay.records, bars)
    unexplained, operated = _unexplained(session, steps.last, bars)
    parts = _parts(profit, replay.profit, steps)
    return Parity(
        session=session.info.id,
        name=session.plan.name,
        finished=session.finished,
        bars=len(bars),
        start=str(bars.timestamps[0]),
        end=str(bars.timestamps[-1]),
        paper_profit=steps.paper,
        backtest_profit=profit,
        replay_profit=replay.profit,
        parts=parts,
        cost_parts=steps.cost_parts,
        rounding=(steps.paper - profit) - math.fsum(parts.values()),
        band=band,
        same_decisions=first is None,
        first_difference=first,
        explained=unexplained is None,
        first_unexplained=unexplained,
        commands=session.commands,
        first_operated=operated,
        data_difference=different,
        counts=_counts(session, replay.orders),
        notes=tuple(notes),
    )


def first_difference(paper: Iterable[Record], backtest: Iterable[Record], bars: Bars) -> RecordDifference | None:
    """Return the first entries that differ; where one of them is of a later bar, the other side has nothing."""
    for one, two in zip_longest(*_with_common_data(list(paper), list(backtest))):
        if one != two:
            bar = min(record.bar for record in (one, two) if record is not None)
            sides = [record if record is not None and record.bar == bar else None for record in (one, two)]
            kinds = dict.fromkeys(record.kind for record in sides if record is not None)
            payloads = ["" if record is None else record.payload for record in sides]
            return RecordDifference(bar, str(bars.timestamps[bar]), " / ".join(kinds), *payloads)
    return None


def _with_common_data(*sides: Sequence[Record]) -> list[list[Record]]:
    """Leave out digests of bars that one side alone has: they come with any entry, and differ in nothing."""
    common = set.intersection(*({record.bar for record in side if record.kind == "data"} for side in sides))
    return [[record for record in side if record.kind != "data" or record.bar in common] for side in sides]


def template_of(builder: Builder) -> tuple[Bars, Bars | None]:
    """Return bars that tell the instruments of the columns, and the feed's history where it has one."""
    plan = builder.plan
    feed = feed_of(builder)
    request = DataRequest(
        start=plan.data.start, end=plan.data.end, symbols=plan.data.symbols, references=plan.data.references
    )
    if feed.gives_history:
        history = feed.history(request)
        return history, history
    if not feed.gives_stream:
        raise PluginError(f"data.feed: {feed.label!r} delivers neither history nor a stream; name another feed")
    return feed.stream(request)[0], None


def _reruns(builder: Builder, session: RecordedSession, bars: Bars) -> tuple[Reruns, Rerun, Steps]:
    if session.backtrader:
        reruns = Reruns(builder, bars, session, Outside(session.plan.account.cash))
        replay = reruns.plain(bars)
        static = static_profits(session.orders, replay.orders, bars, replay.profit)
        return reruns, replay, Steps(static.profits, static.paper, {}, replay.records)
    account, outside = session.account(bars.instruments)
    prices = last_prices(bars)
    profit = account.equity(lambda one: prices[one.symbol]) - outside.opening_cash
    reruns = Reruns(builder, bars, session, outside)
    replay = reruns.plain(bars)
    return reruns, replay, _steps(reruns, replay, profit)


def _steps(reruns: Reruns, replay: Rerun, paper_profit: float) -> Steps:
    """Replace gates, fill times, fill prices, costs and what came from outside, in this order."""
    session, outside = reruns.session, reruns.outside
    paper = session.orders
    stopped = {name: order for name, order in paper.items() if _stopped(session, order)}
    refused = {name for name, order in replay.orders.items() if order.refused}
    granted = frozenset(name for name in refused if name in paper and paper[name].trades)
    gates = bool(granted) or any(name not in refused for name in stopped)
    gate = reruns.gated(stopped, granted) if gates else replay
    common = [(paper[name], gate.orders[name]) for name in paper if name in gate.orders and name not in stopped]
    timed = all(same_schedule(one, two) for one, two in common)
    time = gate if timed else reruns.scripted(Level.TIME, gate)
    priced = timed and all(_prices(one) == _prices(two) for one, two in common)
    price = time if priced else reruns.scripted(Level.PRICE, gate)
    borrowed = math.fsum(outside.borrowed.values())
    charged = priced and borrowed == price.borrowed and all(one.trades_costs == two.trades_costs for one, two in common)
    cost = price if charged else reruns.scripted(Level.COST, gate)
    touched = any((outside.adopted, outside.cash, outside.activities, outside.blocked))
    touched = touched or outside.opening_cash != session.plan.account.cash
    last = reruns.scripted(Level.OUTSIDE, gate) if touched else cost
    profits = {"gate": gate, "fill_time": time, "fill_price": price, "cost": cost, "outside": last}
    return Steps(
        {**{name: run.profit for name, run in profits.items()}, "decision": paper_profit},
        paper_profit,
        _cost_parts(price, cost),
        last.records,
    )


def _stopped(session: RecordedSession, order: TradedOrder) -> bool:
    """Tell whether an order was refused, blocked or never delivered."""
    return order.refused or order.order_id in session.undelivered


def _prices(order: TradedOrder) -> list[float]:
    return [trade.price for trade in order.trades]


def _cost_parts(before: Rerun, after: Rerun) -> dict[str, float]:
    """Divide the difference that costs made by component."""
    if before is after:
        return {}
    sums = [
        [math.fsum(trade.costs[index] for order in run.orders.values() for trade in order.trades) for index in range(4)]
        for run in (before, after)
    ]
    parts = {name: one - two for name, one, two in zip(_COSTS, *sums, strict=True)}
    parts["borrowing"] = before.borrowed - after.borrowed
    parts["consequences"] = after.profit - before.profit - math.fsum(parts.values())
    return parts


def _parts(backtest_profit: float, replay_profit: float, steps: Steps) -> dict[str, float]:
    profits = {"backtest": backtest_profit, "data": replay_profit, **steps.profits}
    values = list(profits.values())
    changes = dict(zip(list(profits)[1:], (after - before for before, after in pairwise(values)), strict=True))
    return {name: changes[name] for name in PARTS}


def _unexplained(
    session: RecordedSession, anew: Sequence[Record], bars: Bars
) -> tuple[RecordDifference | None, RecordDifference | None]:
    """Return the first decision that is not the plan's: unexplained, or since a command of an operator."""
    plan = _decided(anew)
    first = first_difference(_decided(session.decisions), plan, bars)
    if first is None or session.undisturbed is None:
        return first, None
    bar, before = session.undisturbed
    own = _decided(before)
    operated = first.bar >= bar and plan[: len(own)] == own
    return (None, first) if operated else (first, None)


def _operators(commands: Sequence[tuple[int, str]]) -> list[str]:
    """Say that an operator acted, and when."""
    if not commands:
        return []
    told = [f"{command.replace('_', '-')} at bar {bar}" for bar, command in commands]
    more = [f"{len(told) - _MOST_COMMANDS} more"] if len(told) > _MOST_COMMANDS else []
    listed = ", ".join(told[:_MOST_COMMANDS] + more)
    return [f"An operator acted: {listed}; from then on paper may differ from its backtest."]


def _decided(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.kind in _DECIDED]


def _counts(session: RecordedSession, backtest: Mapping[str, TradedOrder]) -> dict[str, int]:
    """Count the orders that paper and backtest both decided, by what became of them otherwise."""
    counts = dict.fromkeys(("orders", "refused", "fill_time", "fill_price", "cost", "decision"), 0)
    counts["orders"] = len(session.orders)
    for name, order in session.orders.items():
        other = backtest.get(name)
        if other is None or other.quantity != order.quantity:
            counts["decision"] += 1
        elif _stopped(session, order) and not other.refused:
            counts["refused"] += 1
        elif not same_schedule(order, other):
            counts["fill_time"] += 1
        elif _prices(order) != _prices(other):
            counts["fill_price"] += 1
        elif order.trades_costs != other.trades_costs:
            counts["cost"] += 1
    return counts
