"""Closing everything that is held, until nothing is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.model import OrderIntent
from tradewind.portfolio.rebalance import scaled_parts
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.ledger import Ledger
    from tradewind.engine.panel import Panel
    from tradewind.model import Instrument

__all__ = ["Flattening"]

_DUST = 1e-9


class Flattening:
    """Orders away what is held, while it is wanted: on each bar, and between bars where something stood against it.

    Parameters
    ----------
    ledger, panel
        Those of the session.
    sleeves
        Names of its sleeves.
    """

    def __init__(self, ledger: Ledger, panel: Panel, sleeves: Sequence[str]) -> None:
        self.wanted = False
        """Whether what is held is to be sold."""
        self._ledger, self._panel, self._sleeves = ledger, panel, tuple(sleeves)
        self._orders = 0
        self._taken_over: set[str] = set()

    def left(self) -> list[Instrument]:
        """Return what is to be closed and has no order yet that does."""
        if not self.wanted:
            return []
        closing = {intent.instrument for intent, _ in self._ledger.working() if intent.reason == FLATTEN}
        holdings = self._ledger.holdings()
        return [one for one, held in holdings.items() if one not in closing and self._is_more_than_dust(one, held)]

    def go_on(self) -> None:
        """Order away what is left, as far as the venue takes it; nothing else stays at work."""
        if not self.wanted:
            return
        ledger, bar = self._ledger, self._panel.bar
        ledger.exchange.deliver_late(closings=True)
        ledger.drain()
        # Also stops of what nets to nothing: a sleeve's stop would open a position.
        ledger.cancel_all()
        intents = []
        for instrument in self.left():
            if ledger.exchange.closes(instrument):
                self._orders += 1
                name = f"{bar}-{FLATTEN}-{self._orders}-{instrument.symbol}"
                intents.append(self._order(name, instrument, -ledger.holdings()[instrument]))
        ledger.submit(intents)

    def sent_outside(self, sent: Sequence[tuple[str, str, float]]) -> list[OrderIntent]:
        """Return as orders of this session what a kill switch has sent for it: name, symbol, signed quantity of each.

        What is of no instrument that is held here is left out, and stays a difference of the accounts.
        """
        held = {one.symbol: one for one, quantity in self._ledger.holdings().items() if quantity}
        new = [order for order in sent if order[1] in held and order[0] not in self._taken_over]
        self._taken_over.update(name for name, _, _ in new)
        return [self._order(name, held[symbol], quantity) for name, symbol, quantity in new]

    def _is_more_than_dust(self, instrument: Instrument, held: float) -> bool:
        """Whether a position is more than what rounding leaves of pieces, or of sleeves on opposite sides."""
        return abs(held) > _DUST * max(1.0, *(abs(part) for part in self._parts(instrument).values()))

    def _parts(self, instrument: Instrument) -> dict[str, float]:
        return {sleeve: self._ledger.books.holding(sleeve, instrument) for sleeve in self._sleeves}

    def _order(self, name: str, instrument: Instrument, quantity: float) -> OrderIntent:
        split = {sleeve: -part for sleeve, part in self._parts(instrument).items() if part} or {self._sleeves[0]: 0.0}
        if all(part * quantity > 0.0 for part in split.values()):
            split = scaled_parts(split, quantity)
        else:
            # Sleeves on opposite sides close wholly; the largest takes what the account has otherwise.
            largest = max(split, key=lambda sleeve: abs(split[sleeve]))
            split[largest] += quantity - math.fsum(split.values())
        return OrderIntent(
            order_id=name,
            bar=self._panel.bar,
            instrument=instrument,
            quantity=quantity,
            reason=FLATTEN,
            split=split,
        )
