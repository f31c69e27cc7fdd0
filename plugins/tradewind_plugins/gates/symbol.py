"""What may be traded at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from tradewind.contracts import Verdict
from tradewind.model import AssetClass
from tradewind_plugins.gates.limits import refuse_openings, require_known, strictest, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.contracts import AccountView, OrderBatch
    from tradewind.model import Instrument

__all__ = ["SymbolGate"]


class SymbolGate:
    """Refuses symbols that the run does not know, that are only quoted, that are restricted, or that are penny stocks.

    An option is known where its underlying is. Positions in restricted symbols and penny stocks may still be closed. On
    adjusted prices the level of a price means nothing, and the lowest one is not checked.

    Parameters
    ----------
    restricted
        Symbols in which no position may be opened; an option's underlying counts too. One that the run does not have is
        an error.
    minimum_price
        Lowest price at which a position may be opened.
    """

    stage: ClassVar[int] = 2
    kit_options: ClassVar[Mapping[str, object]] = {"refuses_closings": True}

    def __init__(
        self,
        restricted: Annotated[
            tuple[str, ...], Field(description="Symbols in which no position may be opened, nor in their options.")
        ] = (),
        minimum_price: Annotated[
            float, Field(ge=0.0, description="Lowest price at which a share may be bought or sold short.")
        ] = 1.0,
    ) -> None:
        self._restricted = frozenset(restricted)
        self._minimum_price = minimum_price

    def begin(self, symbols: frozenset[str]) -> None:
        """Refuse to restrict what is not there."""
        require_known("restricted", self._restricted, symbols)

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each order in a symbol that may not be traded."""
        verdicts: list[Verdict] = []
        if not {intent.instrument.symbol for intent in batch.intents} <= account.symbols:
            verdicts += _of_unknown(batch, account)
        if self._restricted:
            verdicts += self._of_restricted(batch)
        lowest = self._minimum_price
        if not account.adjusted and batch.prices.min(initial=math.inf) < lowest:
            verdicts += self._of_pennies(batch)
        return strictest(verdicts)

    def _of_restricted(self, batch: OrderBatch) -> list[Verdict]:
        orders = [
            order
            for order, intent in enumerate(batch.intents)
            if not self._restricted.isdisjoint((intent.instrument.symbol, intent.instrument.underlying or ""))
        ]
        return refuse_openings(
            batch,
            orders,
            "symbol_restricted",
            lambda order: f"{symbol_of(batch, order)} is restricted: no position may be opened in it",
        )

    def _of_pennies(self, batch: OrderBatch) -> list[Verdict]:
        cheap = np.flatnonzero(batch.prices < self._minimum_price).tolist()
        # The price of an option is no sign of its underlying's quality.
        orders = [order for order in cheap if batch.intents[order].instrument.asset_class is not AssetClass.OPTION]
        return refuse_openings(
            batch,
            orders,
            "penny_stock",
            lambda order: (
                f"{symbol_of(batch, order)} is at {batch.prices[order]:.10g}, the lowest price allowed is "
                f"{self._minimum_price:.10g}"
            ),
        )


def _of_unknown(batch: OrderBatch, account: AccountView) -> list[Verdict]:
    faults = [_unknown(intent.instrument, account) for intent in batch.intents]
    return [
        Verdict(order, 0.0, "symbol_unknown", fault)
        for order, fault in enumerate(faults)
        if fault and batch.quantities[order]
    ]


def _unknown(instrument: Instrument, account: AccountView) -> str:
    if instrument.symbol in account.symbols or instrument.underlying in account.symbols:
        return ""
    if instrument.is_reference:
        return f"{instrument.symbol} is an index, which is only quoted; trade a fund or a future on it"
    return f"{instrument.symbol} is not among the {len(account.symbols)} symbols of this run; add it to the data"
