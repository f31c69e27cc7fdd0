"""The decision journal: what was seen, decided, ordered and filled, in order."""

from tradewind.journal.journal import BarDigest, Journal, Record, journal_hash, read_journal

__all__ = ["BarDigest", "Journal", "Record", "journal_hash", "read_journal"]
