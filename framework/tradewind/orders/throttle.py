"""A limit on messages in a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Throttle"]


class Throttle:
    """A token bucket: as many messages at once as the limit allows in its time, refilled evenly.

    Parameters
    ----------
    messages, seconds
        Most messages in so many seconds.
    clock
        Tells seconds.
    """

    def __init__(self, messages: int, seconds: float, clock: Callable[[], float]) -> None:
        self._rate_per_second = messages / seconds
        self._most = float(messages)
        self._tokens = float(messages)
        self._clock = clock
        self._told = clock()

    def take(self, messages: int) -> float:
        """Take tokens and return the seconds to wait before sending; the tokens may be those of the future."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._told) * self._rate_per_second)
        self._told = now
        self._tokens -= messages
        return max(-self._tokens / self._rate_per_second, 0.0)
