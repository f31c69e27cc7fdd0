"""From a path or URL to a pooled engine with durable settings and the present tables."""

from __future__ import annotations

import importlib.util
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from tradewind.errors import JournalError, choices
from tradewind.journal.store.failures import guarded
from tradewind.journal.store.tables import REVISION, VERSION_TABLE, metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["BUSY_SECONDS", "database_url", "open_engine", "shown", "sqlite_path", "writing"]

BUSY_SECONDS = 5
"""How long a lock held by another process is waited for."""
CONNECT_SECONDS = 10
"""How long a server is waited for that does not answer, where the URL and the environment say nothing."""
_KEEPALIVES = {"idle": 10, "interval": 3, "count": 5}
"""Both ends take the other for gone after 25 seconds without a sign: it may have lost its power, its locks with it."""
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_MIGRATION_LOCK = 0x7472_6164
# A query that fails is told once, by its exception; the pool and the driver would tell it in words of their own.
for _speaker in ("sqlalchemy.pool", "psycopg"):
    logging.getLogger(_speaker).addHandler(logging.NullHandler())
_SQLITE_MAGIC = b"SQLite format 3\x00"


def database_url(source: str | Path) -> URL:
    """Return the URL of a path or URL; refuse what cannot be durable or is not supported."""
    text_of_source = str(source)
    if not text_of_source.strip():
        raise JournalError("journal: received an empty name; write a path, or a database URL, after --journal")
    if isinstance(source, Path) or "://" not in text_of_source:
        return URL.create("sqlite", database=text_of_source)
    try:
        url = make_url(text_of_source)
    except ArgumentError as error:
        raise JournalError(
            "journal: the URL cannot be read; write a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        ) from error
    kind = url.get_backend_name()
    if kind not in _DRIVERS:
        raise JournalError(f"journal: received a {kind} URL; {choices(kind, _DRIVERS)}")
    if kind == "sqlite" and (url.database or ":memory:").startswith((":memory:", "file:")):
        raise JournalError(f"journal {shown(url)}: not a file, so nothing would be durable; write sqlite:///PATH")
    if kind == "postgresql" and importlib.util.find_spec("psycopg") is None:
        raise JournalError(f"journal {shown(url)}: needs psycopg; install it with: pip install 'tradewind[postgres]'")
    return url.set(drivername=_DRIVERS[kind])


def shown(url: URL) -> str:
    """Return a URL as messages show it: a path, or a URL without its password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite URL."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def open_engine(url: URL, *, create: bool, writes: bool = True) -> Engine:
    """Return a pooled engine on a database whose tables are the present ones; without ``writes`` it changes nothing."""
    path = sqlite_path(url)
    if path is not None:
        _check_file(path, create=create)
        engine = create_engine(url if writes else _read_only(path), connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _set_up_sqlite if writes else _set_up_reader)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # More isolation would refuse a command, or a commit, for what others read.
        engine = create_engine(
            url, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=_connection_options(url)
        )
        event.listen(engine, "connect", _set_up_postgresql)
    try:
        with guarded("open it", shown(url)):
            _bring_up_to_date(engine, shown(url), create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def writing(connection: Connection) -> Connection:
    """Mark a connection: its transactions take SQLite's write lock when they begin."""
    return connection.execution_options(journal_writes=True)


def _check_file(path: Path, *, create: bool) -> None:
    with guarded("open it", str(path)):
        if not path.exists():
            if not create:
                raise JournalError(
                    f"journal {path}: there is no such file; as a rule no paper session has run in this folder yet: "
                    f"start one with `tradewind run CONFIG --mode paper`, or name its journal with --journal"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            return
        with path.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
    if start and start != _SQLITE_MAGIC:
        raise JournalError(f"journal {path}: not a SQLite database; name another file, or move this one away")


def _read_only(path: Path) -> URL:
    """Return the URL that opens a file for reading; where nobody writes, in a folder without the right to write too."""
    options = {"mode": "ro", "uri": "true"}
    if not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        options["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(path))}", query=options)


def _set_up_reader(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    connection.isolation_level = None
    connection.execute("PRAGMA trusted_schema=OFF").close()


def _set_up_sqlite(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    # Python's own transactions begin late and leave DDL out; `_begin_sqlite` begins them instead.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("journal_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _connection_options(url: URL) -> dict[str, int]:
    """Return the driver's options that the URL does not say otherwise."""
    options = {f"keepalives_{name}": value for name, value in _KEEPALIVES.items()}
    options["tcp_user_timeout"] = 1000 * (_KEEPALIVES["idle"] + _KEEPALIVES["interval"] * _KEEPALIVES["count"])
    if "PGCONNECT_TIMEOUT" not in os.environ:
        options["connect_timeout"] = CONNECT_SECONDS
    return {name: value for name, value in options.items() if name not in url.query}


def _set_up_postgresql(connection: Any, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    from psycopg import DatabaseError

    autocommit, connection.autocommit = connection.autocommit, True
    # Only raised: a server that also waits for its standbys goes on doing so.
    if connection.execute("SHOW synchronous_commit").fetchone()[0] == "off":
        connection.execute("SET synchronous_commit = on")
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    settings = {f"tcp_keepalives_{name}": value for name, value in _KEEPALIVES.items()} | {"idle_session_timeout": 0}
    for name, value in settings.items():
        # Not every server has each, nor takes it.
        with suppress(DatabaseError):
            connection.execute(f"SET {name} = {value}")
    connection.autocommit = autocommit


def _bring_up_to_date(engine: Engine, where: str, *, create: bool) -> None:
    with engine.connect() as connection, connection.begin():
        if _revision(connection, where, create=create) == REVISION:
            return
    with engine.connect() as plain, writing(plain) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _revision(connection, where, create=create) != REVISION:
            _migrate(connection)


def _revision(connection: Connection, where: str, *, create: bool) -> str | None:
    """Return the journal's revision, None in an empty database."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        foreign = names if connection.dialect.name == "sqlite" else names & set(metadata.tables)
        if foreign:
            raise JournalError(
                f"journal {where}: holds tables of something else ({', '.join(sorted(foreign)[:3])}); name another"
            )
        if not create:
            raise JournalError(f"journal {where}: holds no journal; name another with --journal")
        return None
    revision = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - ours
    if revision != REVISION:
        raise JournalError(
            f"journal {where}: its tables are of version {revision}, this tradewind knows {REVISION}; install the "
            "tradewind that wrote it, or name another journal"
        )
    return REVISION


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "tradewind.journal.store:migrations")
    command.upgrade(config, REVISION)
