"""Which way a run took, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Path", "common_path"]


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


def common_path(paths: Sequence[Path]) -> Path | None:
    """Return the way that several runs took; None if there are none.

    Fast only if all were; otherwise the most frequent reason, with the number of runs where not all have it.
    """
    if not paths:
        return None
    reasons = Counter(path.reason for path in paths if not path.fast)
    if not reasons:
        return Path(fast=True)
    reason, count = reasons.most_common(1)[0]
    return Path(fast=False, reason=reason if count == len(paths) else f"{reason} ({count} of {len(paths)} runs)")
