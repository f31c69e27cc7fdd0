"""Tables of the benchmark: verdicts, differences and fitted powers."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def results(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield __import__("results")
    for name in ("results", "targets"):
        sys.modules.pop(name, None)


def measured(seconds, value, fills="next_open", orders=10):
    runs = [{"seconds": one, "values": [value], "orders": orders} for one in (9.0, seconds)]
    return {"runs": runs, "fills": fills, "input_mb": 100.0, "peak_mb": 150.0, "problem": ""}


def store_of(results, folder, peers):
    store = results.Store(folder / "results.json")
    reference = {"next_open": {"values": [200.0], "orders": 10}, "same_close": {"values": [100.0], "orders": 10}}
    store.add("a", {"reference": reference, "peers": peers, "compiled_seconds": None})
    return store


def test_a_ratio_of_medians_decides_whether_a_goal_is_reached(results, tmp_path):
    ours = [measured(seconds, 200.0) for seconds in (1.0, 2.0, 60.0)]
    theirs = [measured(seconds, 200.0) for seconds in (400.0, 300.0, 500.0)]
    store = store_of(results, tmp_path, {"tradewind": ours, "backtrader": theirs})
    assert results.checks(store, "a")[0].endswith("200.0 times faster: reached |")
    slower = store_of(results, tmp_path, {"tradewind": [measured(2.1, 200.0)], "backtrader": theirs})
    assert "190.5 times faster: **not reached**" in results.checks(slower, "a")[0]


def test_an_end_value_is_compared_with_the_reference_of_the_same_fills(results, tmp_path):
    peers = {
        "tradewind": [measured(1.0, 200.0)],
        "NautilusTrader": [measured(1.0, 100.0, fills="same_close")],
        "bt": [measured(1.0, 200.001)],
    }
    table = results.explain(store_of(results, tmp_path, peers), "a").splitlines()
    assert ["DIFFERS" in line for line in table[2:]] == [False, False, True]


def test_a_failed_engine_is_shown_with_its_problem_and_decides_nothing(results, tmp_path):
    failed = {"runs": [], "fills": "", "input_mb": None, "peak_mb": None, "problem": "no such thing"}
    store = store_of(results, tmp_path, {"tradewind": [measured(1.0, 200.0)], "backtrader": [failed]})
    assert "failed: no such thing" in results.explain(store, "a")
    assert "not measured" in results.checks(store, "a")[0]


def test_the_power_of_growth_is_that_of_the_data(results):
    assert results.exponent([1, 2, 4, 8], [5 * size**1.5 for size in (1, 2, 4, 8)]) == pytest.approx(1.5)


def test_results_written_twice_keep_what_stands_before_them(results, tmp_path):
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\nWritten by hand.\n", encoding="utf-8")
    store = store_of(results, tmp_path, {"tradewind": [measured(1.0, 200.0)]})
    results.write_results(store, page)
    once = page.read_text(encoding="utf-8")
    results.write_results(store, page)
    assert page.read_text(encoding="utf-8") == once
    assert once.startswith("# Results\n\nWritten by hand.\n\n## Beside other engines")
    assert json.loads(store.path.read_text(encoding="utf-8"))["jobs"]["a"]
