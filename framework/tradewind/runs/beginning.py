"""A new session enters the journal with its first word: a run that fails before leaves nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tradewind.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tradewind.journal.store import Command, JournalStore, SessionInfo, SessionWriter

__all__ = ["NewSession", "begin_session", "last_unfinished"]


class NewSession:
    """The writer of a session that is begun when there is something to keep: data and broker are there by then.

    Parameters
    ----------
    begin
        Begins it in the journal.
    """

    def __init__(self, begin: Callable[[], SessionWriter]) -> None:
        self._begin = begin
        self._writer: SessionWriter | None = None
        self._waiting: list[tuple[int, str, str]] = []

    @property
    def begun(self) -> bool:
        """Whether the journal has it."""
        return self._writer is not None

    @property
    def session(self) -> int:
        """Number of the session, 0 before it is begun."""
        return 0 if self._writer is None else self._writer.session

    def append(self, bar: int, kind: str, payload: str) -> int:
        """Add an entry in memory and return its sequence number."""
        if self._writer is not None:
            return self._writer.append(bar, kind, payload)
        self._waiting.append((bar, kind, payload))
        return len(self._waiting)

    def commit(self) -> None:
        """Make durable what was appended; the first time, begin the session."""
        self._begun().commit()

    def beat(self, status: Mapping[str, Any]) -> None:
        """Tell a few figures to whoever asks for the session's state; the first time, begin it."""
        self._begun().beat(status)

    def pending(self) -> list[Command]:
        """Return what operators asked; nobody can before the session is begun."""
        return [] if self._writer is None else self._writer.pending()

    def require_lock(self) -> None:
        """Raise where this is no longer the session's only writer; the first time, begin it."""
        self._begun().require_lock()

    def done(self, numbers: Sequence[int]) -> None:
        """Take note that commands were carried out."""
        self._begun().done(numbers)

    def finish(self, status: Literal["stopped", "finished"]) -> None:
        """Commit, and say that the session ended."""
        self._begun().finish(status)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)

    def _begun(self) -> SessionWriter:
        if self._writer is None:
            self._writer = self._begin()
            for entry in self._waiting:
                self._writer.append(*entry)
            self._waiting.clear()
        return self._writer


def last_unfinished(store: JournalStore, name: str) -> SessionInfo | None:
    """Return the last session of a name, if it can be continued."""
    known = store.sessions(name)
    return known[-1] if known and known[-1].status != "finished" else None


def begin_session(
    store: JournalStore, name: str, header: Mapping[str, Any], given_up: SessionInfo | None
) -> SessionWriter:
    """Begin a session, and give up the one that was there before.

    One that was changed from outside is left as it is: it is evidence.

    Raises
    ------
    JournalError
        If the session to be given up is being written, or another was begun meanwhile.
    """
    there = last_unfinished(store, name)
    if there is not None and (given_up is None or there.id != given_up.id):
        raise JournalError(
            f"session {there.id} of {name!r} was begun meanwhile by process {there.pid}; the same command continues it "
            f"when that has ended"
        )
    if there is not None and store.verify(there.id).good:
        writer = store.resume(there.id)
        writer.finish("finished")
        writer.close()
    return store.begin(name, header)
