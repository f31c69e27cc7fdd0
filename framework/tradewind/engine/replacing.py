"""Orders at work that new decisions replace: cancelled, and what is still wanted by what is held after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.engine.working_orders import rests
from tradewind.portfolio.rebalance import Wish

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tradewind.engine.ledger import Executed, Ledger
    from tradewind.model import Instrument

__all__ = ["replace_orders"]


def replace_orders(
    wishes: Sequence[Wish], stale: Collection[tuple[str, Instrument]], ledger: Ledger
) -> tuple[Sequence[Wish], Sequence[Executed]]:
    """Cancel the orders that wishes replace; return what is wanted now, and executions of what no longer is.

    What other sleeves still wanted of those orders is wanted anew. Some may have filled until they were cancelled: a
    wish goes by what is held after that, and ends with a resting exit.

    Parameters
    ----------
    wishes
        What sleeves want by their latest decisions.
    stale
        Sleeves and instruments whose order at work contradicts the latest decision without a wish.
    ledger
        Of the session.
    """
    working, books = ledger.working(), ledger.books
    if not working:
        return wishes, ()
    replaced = {(wish.sleeve, wish.instrument) for wish in wishes} | set(stale)
    instruments = {instrument for _, instrument in replaced}
    ending = [entry for entry in working if entry[0].instrument in instruments]
    if not ending:
        return wishes, ()
    reopened: list[Wish] = []
    for intent, parts in ending:
        mark = ledger.quotes.mark(intent.instrument)
        for name in [one for one in parts if not rests(intent) and (one, intent.instrument) not in replaced]:
            held = books.holding(name, intent.instrument)
            reopened.append(Wish(name, intent.instrument, held, held + parts[name], mark, intent.reason))
    ledger.cancel([intent for intent, _ in ending])
    closed = ledger.idle(())
    unwanted = {(sleeve, one.instrument) for one in closed for sleeve in one.sleeves}
    wanted = [
        one._replace(wanted=0.0) if (one.sleeve, one.instrument) in unwanted else one for one in (*wishes, *reopened)
    ]
    return [one._replace(held=books.holding(one.sleeve, one.instrument)) for one in wanted], closed
