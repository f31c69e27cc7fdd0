"""Strike at the n-th step of a process: a commit of the journal, or a message to the venue, before or after it."""

from __future__ import annotations

import os
import signal
from typing import Any

from tradewind.errors import JournalError
from tradewind.journal.store import SessionWriter
from tradewind_plugins.brokers import VenueBroker

KINDS = ("kill", "error")
"""What happens: the process dies, or the step fails."""


class Strike:
    """Counts steps, of which each has two sides, and strikes once."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind = kind
        self.at = at
        self.steps = 0

    def side(self, error: Exception) -> None:
        self.steps += 1
        if self.steps - 1 != self.at:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise error


def install(strike: Strike) -> None:
    """Let a strike count this process's commits and messages."""
    commit, send = SessionWriter.commit, VenueBroker._transmit

    def striking_commit(writer: SessionWriter) -> None:
        strike.side(JournalError("journal: disk full"))
        commit(writer)
        strike.side(JournalError("journal: the answer of the disk was lost"))

    def striking_send(broker: VenueBroker, line: bytes) -> bytes:
        strike.side(ConnectionResetError("before it was sent"))
        answer = send(broker, line)
        strike.side(ConnectionResetError("after it was carried out"))
        return answer

    kept: Any = SessionWriter
    kept.commit = striking_commit
    kept = VenueBroker
    kept._transmit = striking_send
