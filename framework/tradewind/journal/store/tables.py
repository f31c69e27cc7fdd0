"""The tables as they are now; how they came to be is in ``migrations``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

__all__ = [
    "REVISION",
    "VERSION_TABLE",
    "blocks",
    "commands",
    "entries",
    "heartbeats",
    "ledger",
    "metadata",
    "sessions",
    "tombstones",
]

REVISION = "0001"
"""Alembic's name of the present tables."""
VERSION_TABLE = "journal_version"

metadata = MetaData()

_Number = BigInteger().with_variant(Integer, "sqlite")

ledger = Table(
    "journal_ledger",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("sessions", _Number, nullable=False),
)
"""One row: how many sessions were ever begun, so that none can vanish."""

sessions = Table(
    "journal_session",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("started_at", _Number, nullable=False),
    Column("identity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ended_at", _Number),
    Column("last_block", _Number, nullable=False),
    Column("last_bar", _Number),
    Column("entries", _Number, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("seal", Text, nullable=False),
)
"""Times are microseconds since 1970 in UTC."""

heartbeats = Table(
    "journal_heartbeat",
    metadata,
    Column("session", _Number, primary_key=True, autoincrement=False),
    Column("pid", _Number, nullable=False),
    Column("beaten_at", _Number, nullable=False),
    Column("status", Text, nullable=False),
)

blocks = Table(
    "journal_block",
    metadata,
    Column("session", _Number, primary_key=True, autoincrement=False),
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("first_bar", _Number, nullable=False),
    Column("last_bar", _Number, nullable=False),
    Column("entries", _Number, nullable=False),
    Column("committed_at", _Number, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

entries = Table(
    "journal_entry",
    metadata,
    Column("session", _Number, primary_key=True, autoincrement=False),
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("block", _Number, nullable=False),
    Column("bar", _Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("crc", _Number, nullable=False),
)
"""``crc`` tells which entry of a block was changed; that one was changed is told by the block's hash."""

commands = Table(
    "journal_command",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("session", _Number, nullable=False, index=True),
    Column("command", Text, nullable=False),
    Column("argument", Text, nullable=False),
    Column("posted_at", _Number, nullable=False),
    Column("sequence", _Number),
)
"""``sequence`` is the entry that records the taking; null until then."""

tombstones = Table(
    "journal_tombstone",
    metadata,
    Column("session", _Number, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("started_at", _Number, nullable=False),
    Column("ended_at", _Number, nullable=False),
    Column("pruned_at", _Number, nullable=False),
    Column("last_block", _Number, nullable=False),
    Column("entries", _Number, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("seal", Text, nullable=False),
)
