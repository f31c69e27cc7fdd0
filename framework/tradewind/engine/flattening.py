"""Closing everything that is held, until nothing is."""

from __future__ import annotations

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

    def left(self) -> list[Instrument]:
        """Return what is to be closed and has no order yet that does."""
        if not self.wanted:
            return []
        closing = {intent.instrument for intent, _ in self._ledger.working() if intent.reason == FLATTEN}
        return [one for one, held in self._ledger.holdings().items() if held and one not in closing]

    def go_on(self) -> None:
        """Order away what is left, as far as the venue takes it; nothing else stays at work."""
        if not self.wanted:
            return
        ledger, bar = self._ledger, self._panel.bar
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
        known = {intent.order_id for intent, _ in self._ledger.working()}
        return [
            self._order(name, held[symbol], quantity)
            for name, symbol, quantity in sent
            if symbol in held and name not in known
        ]

    def _order(self, name: str, instrument: Instrument, quantity: float) -> OrderIntent:
        parts = {sleeve: -self._ledger.books.holding(sleeve, instrument) for sleeve in self._sleeves}
        split = {sleeve: part for sleeve, part in parts.items() if part}
        return OrderIntent(
            order_id=name,
            bar=self._panel.bar,
            instrument=instrument,
            quantity=quantity,
            reason=FLATTEN,
            split=scaled_parts(split, quantity),
        )
