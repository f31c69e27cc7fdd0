"""Orderly stops: the first SIGINT or SIGTERM ends a session after its bar, or at once where it waits for the next."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model import Row

__all__ = ["Stop", "stoppable"]


class _StoppedError(Exception):
    """Raised by the signal itself, and only where the session waits for a row."""


class Stop:
    """Whether a session is to stop."""

    def __init__(self) -> None:
        self._asked = False
        self._waits = False

    def is_set(self) -> bool:
        """Tell whether a stop was asked for."""
        return self._asked

    def ask(self) -> None:
        """Ask for a stop; called by a signal in the main thread.

        Raises
        ------
        KeyboardInterrupt
            The second time, for the impatient.
        """
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        if self._waits:
            raise _StoppedError

    def rows(self, coming: Iterator[Row]) -> Iterator[Row]:
        """Yield rows until a stop is asked for; a wait for the next one is broken off."""
        while not self._asked:
            try:
                self._waits = True
                if self._asked:
                    return
                row = next(coming, None)
                self._waits = False
            except _StoppedError:
                return
            finally:
                self._waits = False
            if row is None:
                return
            yield row


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Let SIGINT and SIGTERM ask for a stop, in the main thread; elsewhere signals stay as they are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.getsignal(number) for number in numbers]

    def handle(*_: Any) -> None:
        stop.ask()

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
