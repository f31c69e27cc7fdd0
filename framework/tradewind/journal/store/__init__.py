"""The durable journal: sessions of hash-chained blocks in SQLite or PostgreSQL."""

from tradewind.journal.store.journal_store import JournalStore, open_store
from tradewind.journal.store.values import (
    Command,
    Entry,
    Problem,
    SessionInfo,
    SessionStatus,
    Tombstone,
    Verdict,
)
from tradewind.journal.store.writer import SessionWriter

__all__ = [
    "Command",
    "Entry",
    "JournalStore",
    "Problem",
    "SessionInfo",
    "SessionStatus",
    "SessionWriter",
    "Tombstone",
    "Verdict",
    "open_store",
]
