"""One copy of the bars, however many processes."""

import multiprocessing
import os
import pickle
import signal
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tradewind.model import Bars, Instrument
from tradewind.research.sweep.crew import Crew, Group
from tradewind.research.sweep.row import Row
from tradewind.research.sweep.sharing import SharedBars
from tradewind.research.sweep.space import Point

MEBIBYTE = 1 << 20


def bars_of(count: int, columns: int) -> Bars:
    prices = np.random.default_rng(0).uniform(1.0, 2.0, (count, columns))
    times = np.datetime64("2000-01-01", "ns") + np.arange(count) * np.timedelta64(1, "D")
    index = Bars(times, (Instrument(symbol="INDEX"),), {"close": prices[:, :1].copy()}, adjusted=True)
    instruments = tuple(Instrument(symbol=f"S{number}") for number in range(columns))
    fields = {"close": prices, "volume": prices * 3.0}
    return Bars(times, instruments, fields, {"benchmark": index}, True, ("made up",), np.full(columns, count))


def private_bytes() -> int:
    """Return what this process holds that no other one has and no file backs."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Anonymous:", "Swap:")))


@dataclass
class Sums:
    """Reads every price and tells what memory that took."""

    shared: SharedBars

    def __call__(self, point: Point) -> Row:
        before = private_bytes()
        bars = self.shared.bars
        total = sum(float(values[start : start + 64].sum()) for values in bars.fields.values()
                    for start in range(0, len(bars), 64))  # fmt: skip
        return Row(point.number, {}, metrics={"total": total, "grown": private_bytes() - before}, data=bars.sha256())


@dataclass
class Copies(Sums):
    """Does what must not be done: keeps a copy."""

    kept: list = field(default_factory=list)

    def __call__(self, point: Point) -> Row:
        before = private_bytes()
        self.kept = [values + 0.0 for values in self.shared.bars.fields.values()]
        return Row(point.number, {}, metrics={"grown": private_bytes() - before})


def rows_of(work, start_method: str, count: int = 4) -> list[Row]:
    group = Group(deque(Point(number, {}) for number in range(1, count + 1)), work)
    return list(Crew(2, start_method).run([group]))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_workers_read_the_panel_without_a_copy_of_it(start_method):
    bars = bars_of(40_000, 100)
    size = sum(values.nbytes for values in bars.fields.values())
    assert size > 60 * MEBIBYTE
    shared = SharedBars(bars, mapped=start_method == "spawn")
    try:
        rows = rows_of(Sums(shared), start_method)
        assert {row.data for row in rows} == {bars.sha256()}
        assert max(row.metrics["grown"] for row in rows) < 0.1 * size
        copied = rows_of(Copies(shared), start_method, count=1)
        assert copied[0].metrics["grown"] > 0.9 * size, "the measure does not see a copy"
    finally:
        shared.close()


def test_mapped_bars_read_back_as_they_were():
    bars = bars_of(50, 3)
    shared = SharedBars(bars, mapped=True)
    copy = pickle.loads(pickle.dumps(shared)).bars
    assert copy.sha256() == bars.sha256()
    np.testing.assert_array_equal(copy.timestamps, bars.timestamps)
    np.testing.assert_array_equal(copy.end_bars, bars.end_bars)
    np.testing.assert_array_equal(copy.references["benchmark"].fields["close"], bars.fields["close"][:, :1])
    assert (copy.instruments, copy.adjusted, copy.stamps) == (bars.instruments, True, ("made up",))
    assert not copy.fields["close"].flags.writeable
    other = pickle.loads(pickle.dumps(shared)).bars
    assert isinstance(_root(other.fields["close"]), np.memmap)
    shared.close()


def test_all_arrays_lie_in_one_mapping():
    shared = SharedBars(bars_of(50, 3), mapped=True)
    bars = pickle.loads(pickle.dumps(shared)).bars
    assert _root(bars.fields["close"]) is _root(bars.fields["volume"])
    shared.close()


def test_the_file_is_gone_afterwards():
    shared = SharedBars(bars_of(5, 2), mapped=True)
    path = shared._path
    assert path.exists()
    shared.close()
    assert not path.exists()


def test_bars_without_a_file_cannot_be_sent():
    with pytest.raises(TypeError, match="inherited"):
        pickle.dumps(SharedBars(bars_of(5, 2), mapped=False))


def _root(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@dataclass
class Ends:
    """Ends its process at one point."""

    number: int

    def __call__(self, point: Point) -> Row:
        if point.number == self.number:
            os.kill(os.getpid(), signal.SIGTERM)
        return Row(point.number, {})


def test_a_dead_worker_costs_its_point_only():
    rows = sorted(rows_of(Ends(3), "fork", count=6), key=lambda row: row.number)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [bool(row.error) for row in rows] == [False, False, True, False, False, False]
    assert "ended by SIGTERM" in rows[2].error
    assert not multiprocessing.active_children()


def test_a_group_is_asked_for_only_when_a_slot_is_free_and_closed_when_it_is_done():
    events = []

    def groups():
        for name in "abc":
            events.append(f"read {name}")
            numbers = deque(Point(number, {}) for number in (1, 2))
            yield Group(numbers, Ends(0), lambda name=name: events.append(f"close {name}"))

    rows = list(Crew(1, "fork").run(groups()))
    assert len(rows) == 6
    assert events == ["read a", "close a", "read b", "close b", "read c", "close c"]


def test_an_abandoned_crew_leaves_no_process():
    crew = Crew(2, "fork")
    rows = crew.run([Group(deque(Point(number, {}) for number in range(1, 9)), Ends(0))])
    next(rows)
    rows.close()
    assert not multiprocessing.active_children()
