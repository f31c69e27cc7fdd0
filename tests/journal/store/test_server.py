"""A PostgreSQL server that its administrator has set up otherwise, and what stands between it and a writer."""

from __future__ import annotations

import pytest

from tradewind.errors import JournalError
from tradewind.journal.store import open_store


def test_a_writer_whose_lock_a_pooler_gave_to_others_says_so(new_postgres):
    with open_store(new_postgres()) as store, store.begin("paper", {}) as writer:
        writer.require_lock()
        writer._connection.connection.driver_connection.execute("SELECT pg_advisory_unlock_all()")
        with pytest.raises(JournalError, match=r"session 1 is no longer this process's.*Connect to the server itself"):
            writer.require_lock()


def test_a_writers_own_lock_is_held(store):
    with store.begin("paper", {}) as writer:
        writer.require_lock()
