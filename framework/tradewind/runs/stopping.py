"""Orderly stops, and what happens while a session waits for its next bar."""

from __future__ import annotations

import queue
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradewind.model import Row

__all__ = ["Stop", "rows_until", "stoppable"]

_MOST_ROWS_AHEAD = 64
_SECONDS_BETWEEN_LOOKS = 0.2


class Stop:
    """Whether a session is to stop after its bar."""

    def __init__(self) -> None:
        self._asked = False

    def is_set(self) -> bool:
        """Tell whether a stop was asked for."""
        return self._asked

    def ask(self) -> None:
        """Ask for a stop.

        Raises
        ------
        KeyboardInterrupt
            The second time, for the impatient.
        """
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


def rows_until(stop: Stop, coming: Iterator[Row], idle: Callable[[], None]) -> Iterator[Row]:
    """Yield rows until the stream ends or a stop is asked for.

    While a stream waits for its next row, ``idle`` is called several times a second. A stream whose iterator says
    ``waits = False`` never waits and is read directly.
    """
    if not getattr(coming, "waits", True):
        for row in coming:
            if stop.is_set():
                return
            yield row
        return
    waiting: queue.Queue[Row | BaseException | None] = queue.Queue(_MOST_ROWS_AHEAD)
    threading.Thread(target=_read, args=(coming, waiting), name="feed", daemon=True).start()
    while not stop.is_set():
        try:
            told = waiting.get(timeout=_SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            idle()
            continue
        if isinstance(told, BaseException):
            raise told
        if told is None:
            return
        yield told


def _read(coming: Iterator[Row], waiting: queue.Queue[Row | BaseException | None]) -> None:
    """Hand a stream's rows to the session's thread, and whatever ends it."""
    try:
        for row in coming:
            waiting.put(row)
    except BaseException as error:  # noqa: BLE001 raised again in the session's thread
        waiting.put(error)
    else:
        waiting.put(None)


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
