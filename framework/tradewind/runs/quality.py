"""The executions of a session, with their seconds, from its durable journal."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from tradewind.engine.assemble import Builder
from tradewind.report.quality import Execution, Filled, execution_quality
from tradewind.runs.parity.parity import template_of
from tradewind.runs.parity.recorded import client_ids, read_session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from tradewind.journal.store import Entry, JournalStore, SessionInfo
    from tradewind.registry import Registry
    from tradewind.runs.parity.recorded import RecordedSession

__all__ = ["session_executions", "session_quality"]


def session_quality(store: JournalStore, info: SessionInfo, registry: Registry, directory: Path) -> pd.DataFrame:
    """Return `tradewind.report.quality.execution_quality` of a session, up to its last complete bar.

    Parameters
    ----------
    store, info
        The journal and the session.
    registry, directory
        The plugins, and where the configuration's relative paths start; the plan's feed tells the instruments.

    Raises
    ------
    TradewindError
        If the session cannot be read, or its feed delivers other symbols now.
    """
    session = read_session(store, info)
    template, _ = template_of(Builder(session.plan, registry, directory))
    return execution_quality(session_executions(session, store.entries(info.id)), session.bars(template))


def session_executions(session: RecordedSession, entries: Iterable[Entry]) -> list[Execution]:
    """Return the orders of a session; seconds run from the moment before an order was sent to that of its fill.

    Both are the times at which the journal became durable, on the session's clock.
    """
    own = client_ids(session.info.header["tag"], session.orders)
    sent: dict[str, datetime] = {}
    seconds: dict[str, list[float]] = {}
    parts: dict[str, dict[str, float]] = {}
    for entry in entries:
        if entry.kind == "intent":
            told = json.loads(entry.payload)
            parts[told["id"]] = told.get("split", {session.plan.sleeves[0].name: told["quantity"]})
        elif entry.kind == "call":
            told = json.loads(entry.payload)
            if told["operation"] == "submit":
                sent.update((own(name), entry.committed_at) for name in told["ids"] if own(name) not in sent)
        elif entry.kind == "fill":
            name = json.loads(entry.payload)["id"]
            known = name in sent
            took = (entry.committed_at - sent[name]).total_seconds() if known else math.nan
            seconds.setdefault(name, []).append(took)
    return [
        Execution(
            bar=order.bar,
            symbol=order.symbol,
            quantity=order.quantity,
            order_type=order.order_type,
            parts=parts[name],
            fills=tuple(
                Filled(trade.bar, trade.quantity, trade.price, math.fsum(trade.costs), took)
                for trade, took in zip(order.trades, seconds.get(name, ()), strict=False)
            ),
            last_bar=None if order.end is None else order.end.bar,
        )
        for name, order in session.orders.items()
    ]
