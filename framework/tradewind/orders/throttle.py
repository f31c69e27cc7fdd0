"""A limit on messages in a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Throttle"]


class Throttle:
    """A sliding window: no stretch of that length ever has more messages than the limit.

    Parameters
    ----------
    messages, seconds
        Most messages in so many seconds.
    clock
        Tells seconds.
    """

    def __init__(self, messages: int, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._free_at: deque[float] = deque([clock()] * messages)
        """When each of the messages may be followed by another one, soonest first."""

    def take(self, messages: int) -> tuple[int, float]:
        """Return how many of these messages may go together, at least one, and the seconds to wait before they do."""
        start = max(self._free_at[0], self._clock())
        count = min(messages, sum(free_at <= start for free_at in self._free_at))
        for _ in range(count):
            self._free_at.popleft()
            self._free_at.append(start + self._seconds)
        return count, max(start - self._clock(), 0.0)
