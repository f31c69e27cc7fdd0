"""The short table and the stable data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import io
import json
import math
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tradewind.model import Result
from tradewind.report.summary import all_metrics, json_safe, summary_data, summary_table
from tradewind.testing.results import bare_result, make_result


@functools.cache
def _full() -> Result:
    return make_result()


def _printed(result: Result) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(summary_table(result))
    return out.getvalue()


def test_the_table_sets_the_run_beside_benchmark_and_no_overlay() -> None:
    text = _printed(_full())
    assert "this run" in text
    assert "benchmark" in text
    assert "without overlay" in text
    assert "0123456789ab" in text
    assert len(text.splitlines()) <= 16


def test_the_table_shows_the_runs_own_figures() -> None:
    result = _full()
    assert "98.7%" in _printed(dataclasses.replace(result, metrics={**result.metrics, "cagr": 0.98712}))


def test_a_bare_run_has_one_column_and_no_nan() -> None:
    text = _printed(bare_result(pd.Series([100.0], index=pd.to_datetime(["2020-01-01"]))))
    assert "benchmark" not in text
    assert "n/a" in text
    assert "nan" not in text.lower()


def test_a_partial_run_says_so_and_names_are_not_read_as_markup() -> None:
    result = dataclasses.replace(make_result(name="[red]odd[/]"), status="partial")
    text = _printed(result)
    assert "PARTIAL" in text
    assert "[red]odd[/]" in text


def test_data_are_json_with_null_for_what_is_not_defined() -> None:
    result = bare_result(pd.Series([100.0, 100.0], index=pd.bdate_range("2020-01-01", periods=2)))
    data = json.loads(json.dumps(summary_data(result), allow_nan=False))
    assert data["schema_version"] == 1
    assert data["metrics"]["sharpe"] is None
    assert data["metrics"]["final_equity"] == 100.0
    assert data["max_drawdown"] == {"depth": 0.0, "peak": None, "trough": None, "recovered": None}
    assert data["overlay"] is None
    assert data["detectors"] is None
    assert data["regimes"] == data["sleeves"] == {}


def test_data_hold_every_part_of_a_full_run() -> None:
    result = dataclasses.replace(_full(), directory=Path("runs/one"))
    data = json.loads(json.dumps(summary_data(result), allow_nan=False))
    assert data["directory"] == str(Path("runs/one"))
    assert data["max_drawdown"]["depth"] == data["metrics"]["max_drawdown"]
    assert dt.datetime.fromisoformat(data["max_drawdown"]["peak"]) < dt.datetime.fromisoformat(
        data["max_drawdown"]["trough"]
    )
    assert set(data["overlay"]) == {"cagr", "volatility", "sharpe", "max_drawdown", "calmar"}
    assert sum(part["profit"] for part in data["regimes"].values()) == pytest.approx(data["metrics"]["profit"])
    assert sum(data["sleeves"].values()) == pytest.approx(data["metrics"]["profit"])
    assert data["detectors"]["always bull"]["switches"] == 0.0


def test_the_reference_page_names_every_key_and_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "result.md").read_text(encoding="utf-8")
    data = summary_data(_full())
    missing = [name for name in (*data, *data["metrics"]) if f"`{name}`" not in page]
    assert missing == []


def test_missing_figures_are_computed_and_given_ones_kept() -> None:
    result = _full()
    figures = all_metrics(dataclasses.replace(result, metrics={"sharpe": 9.0}))
    assert figures["sharpe"] == 9.0
    assert figures["cagr"] == result.metrics["cagr"]


def test_plain_data_come_of_numpy_dates_and_paths() -> None:
    value = {
        "a": np.float64(math.inf), "b": np.int64(3), "c": pd.Timestamp("2020-01-02"), "d": PurePosixPath("x/y"),
        "e": (1, np.bool_(True)), "f": pd.NaT, 7: dt.date(2020, 1, 2), "g": np.array([1.5, np.nan]),
    }  # fmt: skip
    assert json_safe(value) == {
        "a": None, "b": 3, "c": "2020-01-02T00:00:00", "d": "x/y", "e": [1, True], "f": None, "7": "2020-01-02",
        "g": [1.5, None],
    }  # fmt: skip


def test_data_without_a_plain_form_are_refused_by_type() -> None:
    with pytest.raises(TypeError, match=r"complex value 1j has no plain form for JSON; convert it to a number or text"):
        json_safe({"a": 1j})
