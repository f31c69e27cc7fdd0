"""Exceptions of databases and files, translated once into `JournalError`."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tradewind.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["guarded"]

_ADVICE = (
    (("disk is full", "no space left", "disk full"), "free some space, then give the same command again"),
    (("locked", "lock timeout"), "another process holds the journal for long: end it, or wait and try again"),
    (
        ("read-only transaction",),
        "name the server that takes writes, not a standby, or give this user the right to write",
    ),
    (("permission denied for",), "grant this user the rights on it"),
    (("statement timeout",), "give this user a longer statement_timeout, or try again"),
    (("no schema has been selected",), "set a search_path with a schema that is there"),
    (
        ("readonly", "read-only", "permission denied", "unable to open"),
        "give this user the right to write it and its folder",
    ),
    (("not a database", "malformed"), "restore it from a copy; tradewind audit verify tells how far it is good"),
    (('fatal: database "',), "create the database (createdb NAME), or correct its name in the URL"),
    (('fatal: role "', "fatal: password"), "correct user and password in the URL"),
    (("no such table", "no such column", "does not exist", "has no column"), "its tables are not those of tradewind"),
    (("append-only",), "entries and blocks are never changed; tradewind audit prune drops whole old sessions"),
    (
        ("connection", "server closed", "terminating"),
        "see that the server runs and is reachable, then give the same command again",
    ),
)


@contextmanager
def guarded(doing: str, where: str) -> Iterator[None]:
    """Turn what a database or a file raises into `JournalError`: what was being done, where, and what helps."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
        cause = " ".join(cause.split()).rstrip(".")
        raise JournalError(f"journal {where}: cannot {doing}: {cause}; {_advice(cause)}") from error


def _advice(cause: str) -> str:
    lower = cause.lower()
    for words, advice in _ADVICE:
        if any(word in lower for word in words):
            return advice
    return "mend the cause and try again; nothing is taken as written"
