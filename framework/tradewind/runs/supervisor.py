"""A parent that starts a session's process again when it dies."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradewind.errors import BrokerError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Restarts", "supervise"]

OWN_FAULT = 70
"""Exit code of an error that tradewind did not foresee."""
STOPPED = 130
"""Exit code where the operator ended it between two processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """When a process is started again.

    A signal, an unreachable broker and an unforeseen error are reasons; what a person must mend (configuration, plugin,
    data, journal, a broker that refuses, risk halt) is none. After a restart the journal is one: a kill switch that has
    ended the process keeps others away from the session until it has done.

    Parameters
    ----------
    most, in_seconds
        Most restarts in a time; one more ends it.
    first_wait_seconds, longest_wait_seconds
        The wait doubles from the first to the longest, and begins anew after a time without a restart.
    """

    most: int = 5
    in_seconds: float = 600.0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0


def supervise(
    command: Sequence[str],
    *,
    again: Sequence[str] | None = None,
    restarts: Restarts | None = None,
    tell: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Run a command until it ends for good and return its exit code.

    SIGINT and SIGTERM are passed on to it and end the supervision with it.

    Parameters
    ----------
    command
        What to run.
    again
        What to run after a restart; by default the same.
    restarts
        When to start it again.
    tell
        Called with a line for the operator.
    sleep, clock
        Wait some seconds; tell seconds.
    """
    rules = restarts or Restarts()
    recent: deque[float] = deque()
    with _passing_on() as child:
        while True:
            code = child.run(command)
            now = clock()
            while recent and now - recent[0] > rules.in_seconds:
                recent.popleft()
            reasons = (BrokerError.exit_code, OWN_FAULT, *([JournalError.exit_code] if recent else ()))
            if child.stopped or not (code < 0 or code in reasons):
                return code
            if len(recent) == rules.most:
                tell(f"supervisor: {rules.most} restarts in {rules.in_seconds:g} s did not help; giving up")
                return code
            wait = min(rules.first_wait_seconds * 2.0 ** len(recent), rules.longest_wait_seconds)
            recent.append(now)
            tell(f"supervisor: the session ended with {_told(code)}; starting it again in {wait:g} s")
            command = command if again is None else again
            if child.stopped_during(sleep, wait):
                return STOPPED


class _StoppedError(Exception):
    """Ends a wait."""


class _Child:
    """The process at hand, and whether the operator asked for its end."""

    def __init__(self) -> None:
        self.stopped = False
        self._waits = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str]) -> int:
        # In a session of its own, the process hears of Ctrl-C from us alone, and once.
        self._process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 our own command again
        return self._process.wait()

    def stopped_during(self, sleep: Callable[[float], None], seconds: float) -> bool:
        """Wait, and tell whether the operator has ended it; then the wait ends at once."""
        try:
            self._waits = True
            if not self.stopped:
                sleep(seconds)
            self._waits = False
        except _StoppedError:
            self._waits = False
        return self.stopped

    def pass_on(self, number: int, *_: Any) -> None:
        self.stopped = True
        if self._waits:
            raise _StoppedError
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


@contextmanager
def _passing_on() -> Iterator[_Child]:
    child = _Child()
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, child.pass_on) for number in numbers]
    try:
        yield child
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


def _told(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
