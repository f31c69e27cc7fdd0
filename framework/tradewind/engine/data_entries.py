"""The journal's digests of the data that decisions are made on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.engine.panel import HistoryPanel
from tradewind.journal import BarDigest

if TYPE_CHECKING:
    from tradewind.engine.panel import Panel
    from tradewind.journal import Journal

__all__ = ["DataEntries"]


class DataEntries:
    """Writes the digest of the data up to a bar before the first entry of that bar.

    Parameters
    ----------
    panel
        The data, and the current bar.
    journal
        Where entries go.
    """

    def __init__(self, panel: Panel, journal: Journal) -> None:
        complete = isinstance(panel, HistoryPanel)
        self._panel, self._journal = panel, journal
        self._digest = BarDigest([one.symbol for one in panel.instruments], panel.fields if complete else None)
        self._reference_digests = {role: BarDigest([role]) for role in sorted(panel.reference_fields)}
        self._bar = -1

    def begin(self) -> int:
        """Write the digest, if it is not there yet, and return the current bar."""
        bar = self._panel.bar
        if bar != self._bar:
            digests = {"bars": self._digest.update(self._panel.fields, bar + 1)}
            for role, digest in self._reference_digests.items():
                digests[role] = digest.update(self._panel.reference_fields[role], bar + 1)
            self._journal.write(bar, "data", digests)
            self._bar = bar
        return bar
