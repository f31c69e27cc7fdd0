"""The decision journal: what was seen, decided, ordered and filled, in order."""

from tradewind.journal.entries import fill_entry, intent_entry, order_entry
from tradewind.journal.journal import BarDigest, Journal, Record, journal_hash, read_journal

__all__ = [
    "BarDigest",
    "Journal",
    "Record",
    "fill_entry",
    "intent_entry",
    "journal_hash",
    "order_entry",
    "read_journal",
]
