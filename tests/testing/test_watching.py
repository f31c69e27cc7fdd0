"""Clocks and dice are seen whoever reads them, and what only looks like one is not."""

from __future__ import annotations

import datetime as dt
import gc
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tradewind.testing.kits.watching import watch_clocks_and_dice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CLOCKS: dict[str, Callable[[], Any]] = {
    "datetime64('now')": lambda: np.datetime64("now"),
    "datetime64('today')": lambda: np.datetime64("today", "D"),
    "Timestamp('now')": lambda: pd.Timestamp("now"),
    "Timestamp('today')": lambda: pd.Timestamp("today", tz="UTC"),
    "to_datetime('now')": lambda: pd.to_datetime("now"),
    "Timestamp.now": lambda: pd.Timestamp.now(),
    "date.today": lambda: dt.date.today(),  # noqa: DTZ011 - a clock
    "datetime.now": lambda: dt.datetime.now(dt.UTC),
    "time.time": lambda: time.time(),
    "time.ctime": lambda: time.ctime(),
    "time.asctime": lambda: time.asctime(),
    "time.gmtime": lambda: time.gmtime(),
    "time.strftime": lambda: time.strftime("%Y-%m-%d"),
    "time.clock_gettime": lambda: time.clock_gettime(0),
    "time.process_time_ns": lambda: time.process_time_ns(),
    "time.thread_time": lambda: time.thread_time(),
    "uuid.uuid1": lambda: uuid.uuid1(),
    "os.urandom": lambda: uuid.uuid4(),
    "os.getpid": lambda: os.getpid(),
}
_MOMENT = time.struct_time((2020, 1, 2, 3, 4, 5, 3, 2, 0))
_HARMLESS: dict[str, Callable[[], Any]] = {
    "a date": lambda: (np.datetime64("2020-01-02"), pd.Timestamp("2020-01-02"), pd.to_datetime("2020-01-02")),
    "a word": lambda: ("now", np.datetime64("2020-01-02"), "today"),
    "a column": lambda: {"now": np.datetime64("NaT")}["now"],
    "a given moment": lambda: (time.ctime(0.0), time.gmtime(0.0), time.localtime(0.0), time.asctime(_MOMENT)),
    "a shown moment": lambda: (time.strftime("%Y", _MOMENT), dt.date(2020, 1, 2).strftime("%Y")),
    "a name by a name": lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "tradewind"),
    "seeded dice": lambda: np.random.default_rng(3).random(),
}


@pytest.mark.parametrize("name", _CLOCKS)
def test_a_clock_is_seen(name: str) -> None:
    with watch_clocks_and_dice() as found:
        _CLOCKS[name]()
    assert any(one.startswith(name) for one in found), found


@pytest.mark.parametrize("name", _HARMLESS)
def test_what_reads_no_clock_is_not_accused(name: str) -> None:
    with watch_clocks_and_dice() as found:
        _HARMLESS[name]()
    assert found == []


@pytest.fixture
def timed_collections() -> Iterator[None]:
    def timed(phase: str, info: dict[str, int]) -> None:
        time.perf_counter()

    gc.callbacks.append(timed)
    yield
    gc.callbacks.remove(timed)


@pytest.mark.usefixtures("timed_collections")
def test_what_collects_garbage_is_not_the_plugins() -> None:
    with watch_clocks_and_dice() as found:
        cycles: list[list[Any]] = [[] for _ in range(10 * gc.get_threshold()[0])]
        for cycle in cycles:
            cycle.append(cycle)
    assert found == []
    assert gc.isenabled()


def test_the_line_is_named() -> None:
    def asks() -> Any:
        return np.datetime64("now")

    with watch_clocks_and_dice() as found:
        asks()
    assert found == [f"datetime64('now') in asks, line {asks.__code__.co_firstlineno + 1}"]


def test_a_function_that_is_not_entered_is_not_accused() -> None:
    def asks() -> Any:
        return np.datetime64("now")

    with watch_clocks_and_dice() as found:
        callable(asks)
    assert found == []
