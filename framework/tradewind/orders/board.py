"""The prices of a bar, looked up when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.exchange import QuoteSource
    from tradewind.model import Instrument, Quote

__all__ = ["Board"]


class Board(Mapping["Instrument", "Quote"]):
    """Quotes of the current bar by instrument; an exchange in this process asks for few of them.

    Parameters
    ----------
    quotes
        Where they come from; good until the next bar.
    instruments
        Those that are listed; others can be looked up.
    """

    def __init__(self, quotes: QuoteSource, instruments: Iterable[Instrument]) -> None:
        self._quotes = quotes
        self._instruments = instruments

    def __getitem__(self, instrument: Instrument) -> Quote:
        quote = self._quotes.quote(instrument)
        if quote is None:
            raise KeyError(instrument)
        return quote

    def __iter__(self) -> Iterator[Instrument]:
        return (one for one in self._instruments if self._quotes.quote(one) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
