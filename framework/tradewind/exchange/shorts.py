"""What short positions cost and what must back them. Backtrader has neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tradewind.exchange.rules import usable_quote
from tradewind.model import AssetClass

if TYPE_CHECKING:
    from tradewind.exchange.accounting import Position
    from tradewind.exchange.rules import ExchangeRules, QuoteSource

__all__ = ["Shorts"]

_BORROWED_CLASSES = (AssetClass.EQUITY, AssetClass.ETF)
_TOLERANCE = 1e-9


class Shorts:
    """The short positions of the account; kept only if a rule asks for them.

    Their value is taken at the last price known: a bar's open while orders fill in it, its close afterwards.
    """

    def __init__(self, rules: ExchangeRules) -> None:
        self._rate_per_year = rules.borrow_rate_per_year
        self._margin = rules.short_margin
        self._kept = bool(self._rate_per_year or self._margin)
        self._values: dict[Position, float] = {}
        self._total = 0.0
        self._marked = ""

    @property
    def borrowed(self) -> bool:
        """Whether borrowing costs accrue."""
        return bool(self._rate_per_year and self._values)

    @property
    def watched(self) -> bool:
        """Whether every bar counts: costs accrue, or the marks that back the margin move."""
        return bool(self._values)

    def start(self) -> None:
        """Begin a bar: the marks are those of the last one."""
        self._marked = ""

    def note(self, position: Position) -> None:
        """Take note of a position that has changed."""
        if not self._kept:
            return
        self._total -= self._values.pop(position, 0.0)
        if position.quantity < 0:
            value = -position.quantity * position.mark * position.multiplier
            self._values[position] = value
            self._total += value

    def borrow_cost(self, years: float) -> float:
        """Return the cash cost of borrowing the shorted shares for a time; contracts are not borrowed."""
        return sum(
            value * self._rate_per_year * years
            for position, value in self._values.items()
            if position.instrument.asset_class in _BORROWED_CLASSES
        )

    def mark(self, quotes: QuoteSource | None, price: Literal["open", "close"]) -> None:
        """Mark at the current bar, once; a halted instrument keeps its mark."""
        if quotes is None or self._marked == price:
            return
        self._marked = price
        for position in self._values:
            quote = usable_quote(quotes, position.instrument)
            if quote is not None:
                position.mark = quote.open if price == "open" else quote.close
                self._values[position] = -position.quantity * position.mark * position.multiplier
        self._total = sum(self._values.values())

    def backed(self, position: Position, quantity: float, price: float, cash: float) -> bool:
        """Tell whether cash would back all shorts if one position stood at a quantity and price.

        ``cash``, the proceeds of all short sales included, must cover buying everything back and the margin on top.
        """
        value = self._total - self._values.get(position, 0.0) - quantity * price * position.multiplier
        return cash - value >= self._margin * value - _TOLERANCE * abs(value)
