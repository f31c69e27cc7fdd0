"""The same tests on SQLite and on PostgreSQL."""

import itertools

import psycopg
import pytest

from tests.journal.store.postgres import HOW_TO_INSTALL, find_binaries, server
from tradewind.journal.store import open_store

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server():
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(HOW_TO_INSTALL)
    with server(binaries) as url:
        yield url


@pytest.fixture
def new_postgres(postgres_server):
    """A function that makes an empty database and returns its URL."""

    def create():
        name = f"journal_{next(_numbers)}"
        with psycopg.connect(postgres_server.format("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgres_server.format(name)

    return create


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
