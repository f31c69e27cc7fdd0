"""Settings for the whole suite."""

import itertools

import psycopg
import pytest
from hypothesis import settings

from tests.journal.store.postgres import HOW_TO_INSTALL, find_binaries, server

# A loaded machine makes single examples slow; pytest's own timeout catches what hangs.
settings.register_profile("tradewind", deadline=None, derandomize=False)
settings.load_profile("tradewind")

_numbers = itertools.count(1)

_LONGEST = (
    "tests/scaffold/test_tutorial.py",
    "tests/orders/crash/",
    "tests/third_party/",
    "tests/scaffold/test_kinds.py",
    "tests/engine/test_equal_to_backtrader.py",
)


def pytest_collection_modifyitems(items):
    """Begin with the longest: begun last, one worker would end them alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


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
