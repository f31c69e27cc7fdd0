"""The decision journal: what was seen, decided, ordered and filled, in order."""

from tradewind.journal.durable import DECISION_KINDS, DurableJournal, EntryWriter, row_from, row_to
from tradewind.journal.entries import fill_entry, intent_entry, order_entry
from tradewind.journal.journal import BarDigest, Journal, Record, encode, journal_hash, read_journal

__all__ = [
    "DECISION_KINDS",
    "BarDigest",
    "DurableJournal",
    "EntryWriter",
    "Journal",
    "Record",
    "encode",
    "fill_entry",
    "intent_entry",
    "journal_hash",
    "order_entry",
    "read_journal",
    "row_from",
    "row_to",
]
