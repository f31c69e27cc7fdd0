"""One writer a session: a lock that vanishes with its process."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from tradewind.errors import JournalError
from tradewind.journal.store.database import sqlite_path

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Connection

__all__ = ["SessionLock", "is_locked", "take_lock"]

_ADVISORY_CLASS = 0x7477_696E
_LOCK_NOT_AVAILABLE = "55P03"
_SECONDS_OF_A_LOOK = 0.2
"""Longer than any look at a lock takes."""
_HOLDERS = text(
    "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database WHERE locktype = 'advisory' "
    "AND datname = current_database() AND granted AND classid = :class AND objid = :session AND objsubid = 2"
)
_HELD_HERE = text(f"{_HOLDERS} AND pid = pg_backend_pid()")


class SessionLock(Protocol):
    """A lock that was taken."""

    @property
    def can_vanish(self) -> bool:
        """Whether it can go while its process stays: with a connection, as that of a file cannot."""

    def is_held(self) -> bool:
        """Tell whether it is still held; a connection that it went with raises."""

    def release(self) -> None:
        """Give it up."""


def take_lock(url: URL, connection: Connection, session: int) -> SessionLock | None:
    """Return the lock of a session, None if another writer has it."""
    path = sqlite_path(url)
    if path is None:
        return _take_advisory(connection, session)
    return _take_file(path.with_name(f"{path.name}.writer-{session}"))


def is_locked(url: URL, connection: Connection, session: int) -> bool:
    """Tell at once whether a writer has a session; ``connection`` is in a transaction."""
    path = sqlite_path(url)
    if path is None:
        return connection.execute(_HOLDERS, _key(session)).first() is not None
    return _is_file_locked(path.with_name(f"{path.name}.writer-{session}"))


class _FileLock:
    can_vanish = False

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def is_held(self) -> bool:
        return True

    def release(self) -> None:
        # Removed before it is unlocked: who opened it meanwhile sees that it is gone and makes its own.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _is_file_locked(path: Path) -> bool:
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take_file(path: Path) -> SessionLock | None:
    # Whoever only looks has it for an instant, shared.
    deadline = time.monotonic() + _SECONDS_OF_A_LOOK
    while (lock := _try_file(path)) is None and time.monotonic() < deadline:
        time.sleep(_SECONDS_OF_A_LOOK / 100.0)
    return lock


def _try_file(path: Path) -> SessionLock | None:
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return _FileLock(path, descriptor)
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


class _AdvisoryLock:
    can_vanish = True

    def __init__(self, connection: Connection, key: dict[str, int]) -> None:
        self._connection, self._key = connection, key

    def is_held(self) -> bool:
        """Look on the lock's own connection, in whose transaction this is."""
        return self._connection.execute(_HELD_HERE, self._key).first() is not None

    def release(self) -> None:
        if self._connection.invalidated:
            return
        try:
            with self._connection.begin():
                self._connection.execute(text("SELECT pg_advisory_unlock(:class, :session)"), self._key)
        except SQLAlchemyError:
            # The server lets go when the connection ends; back in the pool it would keep the lock.
            self._connection.invalidate()


def _take_advisory(connection: Connection, session: int) -> SessionLock | None:
    key = _key(session)
    try:
        with connection.begin():
            if connection.execute(_HELD_HERE, key).first() is not None:
                raise JournalError(
                    f"journal: session {session} is locked already on this very connection of the server, which others "
                    "use too, through a pooler: its locks keep nobody away. Connect to the server itself"
                )
            # The server needs a moment to see that a killed writer is gone.
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            connection.execute(text("SELECT pg_advisory_lock(:class, :session)"), key)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return None
        raise
    return _AdvisoryLock(connection, key)


def _key(session: int) -> dict[str, int]:
    return {"class": _ADVISORY_CLASS, "session": session & 0x7FFF_FFFF}
