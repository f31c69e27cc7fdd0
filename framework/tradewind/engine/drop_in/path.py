"""Which way a run took, and why."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Path"]


@dataclass(frozen=True, slots=True)
class Path:
    """Whether a run took the fast loop.

    Attributes
    ----------
    fast
        True if the fast loop ran.
    reason
        What made Backtrader's own loop necessary; empty on the fast loop.
    """

    fast: bool
    reason: str = ""

    def __str__(self) -> str:
        return "fast loop" if self.fast else f"Backtrader's own loop: {self.reason}"
