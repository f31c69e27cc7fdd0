"""The gate and the breaker of the guide to risk do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import tradewind

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "risk.md").read_text()
OWN = PAGE[PAGE.index("## Your own") :]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", OWN, flags=re.DOTALL | re.MULTILINE)


def run(folder: Path, closes: pd.Series, **risk: object) -> tradewind.Backtest:
    strategy = {"name": "high_52w", "params": {"lookback_bars": 2, "top_n": 1, "schedule": "every_bar"}}
    idea = {"strategy": strategy, "sizer": {"name": "equal_weight", "params": {"budget": 0.1}}, "risk": risk}
    return tradewind.backtest(idea, closes.to_frame("AA"))


@pytest.fixture
def section(tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    (tmp_path / "mine.py").write_text("\n".join(blocks("python")))
    (risk,) = (yaml.safe_load(block)["risk"] for block in blocks("yaml"))
    for (own,) in risk.values():
        own["python"] = own["python"].replace("./", f"{tmp_path}/")
    return risk  # type: ignore[no-any-return]


def test_nothing_is_opened_on_a_friday(tmp_path: Path, section: dict[str, list[dict[str, object]]]) -> None:
    days = pd.bdate_range("2024-01-01", periods=40)
    closes = pd.Series(np.linspace(20.0, 10.0, 40) + np.tile([0.0, 3.0], 20), index=days)
    opened = []
    for risk in ({}, {"gates": section["gates"]}):
        orders = run(tmp_path, closes, **risk).orders
        opened.append(set(days[orders.loc[orders["quantity"] > 0.0, "bar"]].day_of_week))
    free, guarded = opened
    assert 4 in free
    assert guarded
    assert 4 not in guarded


def test_after_a_gain_beyond_belief_nothing_is_opened(
    tmp_path: Path, section: dict[str, list[dict[str, object]]]
) -> None:
    closes = pd.Series(np.linspace(10.0, 11.0, 40), index=pd.bdate_range("2024-01-01", periods=40))
    closes.iloc[20:] *= 1.4
    section["breakers"][0]["params"] = {"gain": 0.03}
    free, guarded = (run(tmp_path, closes, **risk) for risk in ({}, {"breakers": section["breakers"]}))
    assert free.standings.empty
    told = guarded.standings[["bar", "before", "after", "by"]].to_numpy().tolist()
    name = section["breakers"][0]["python"]
    assert told == [[20, "active", "reduce_only", name], [21, "reduce_only", "active", name]]
