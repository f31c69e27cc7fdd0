"""Reports: files made from a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.model.result import Result

__all__ = ["Report"]


@runtime_checkable
class Report(Protocol):
    """Writes one file about a run."""

    def write(self, result: Result, directory: Path) -> Path:
        """Write the report into ``directory`` and return its path."""
        ...
