"""What a venue says, between its thread and ours: order reports are all kept, of quotes only the latest."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model import ExecutionReport, Instrument, Quote

__all__ = ["Inbox"]


class Inbox:
    """Filled by one thread, emptied by another.

    Order reports are never dropped and keep their order. Of each instrument the latest quote is kept, so that a
    thousand updates a second take no more room than one; beyond ``most_instruments`` the instrument that was quiet
    longest is forgotten.

    Parameters
    ----------
    most_instruments
        Most instruments with a quote, at least 1.
    """

    def __init__(self, most_instruments: int = 10_000) -> None:
        self._most_instruments = most_instruments
        self._reports: deque[ExecutionReport] = deque()
        self._quotes: dict[Instrument, Quote] = {}
        self._lock = threading.Lock()
        self.conflated = 0
        """Quotes that a later one of the same instrument replaced before they were taken."""
        self.forgotten = 0
        """Quotes given up for want of room."""

    def put_report(self, report: ExecutionReport) -> None:
        """Keep a report."""
        self._reports.append(report)

    def put_quote(self, instrument: Instrument, quote: Quote) -> None:
        """Keep the latest quote of an instrument."""
        with self._lock:
            if self._quotes.pop(instrument, None) is not None:
                self.conflated += 1
            elif len(self._quotes) >= self._most_instruments:
                del self._quotes[next(iter(self._quotes))]
                self.forgotten += 1
            self._quotes[instrument] = quote

    def take_reports(self) -> Sequence[ExecutionReport]:
        """Return the reports since the last call, oldest first."""
        taken: list[ExecutionReport] = []
        while self._reports:
            taken.append(self._reports.popleft())
        return taken

    def take_quotes(self) -> dict[Instrument, Quote]:
        """Return the latest quotes of what was quoted since the last call."""
        with self._lock:
            taken, self._quotes = self._quotes, {}
        return taken
