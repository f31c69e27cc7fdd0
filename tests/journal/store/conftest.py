"""The same tests on SQLite and on PostgreSQL."""

import pytest

from tradewind.journal.store import open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Where an empty journal may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
def store(url):
    with open_store(url) as opened:
        yield opened
