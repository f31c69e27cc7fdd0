"""Portfolio risk, breaches and withheld orders of real runs, kept and read back."""

import json

import numpy as np
import pandas as pd
import pytest
from skfolio.datasets import load_sp500_dataset

import tradewind
from tradewind.report.counterfactual import counterfactual_ledger
from tradewind.runs import portfolio_risk
from tradewind.runs.capsule import load_result

LIMITS = ["risk.limits.value_at_risk_95=0.01", "risk.limits.position=0.16", "risk.limits.effective_positions=9"]
OPTIONAL = ("risk", "breaches", "counterfactual")


@pytest.fixture(scope="module")
def idea(tmp_path_factory):
    path = tmp_path_factory.mktemp("risk") / "idea.yaml"
    path.write_text(
        "name: watched\n"
        "data: {feed: sample, symbols: [AAPL, KO, MSFT, XOM, JNJ, PG], references: {benchmark: SP500},\n"
        "       start: 2006-01-03, end: 2009-12-31}\n"
        "strategy: {name: momentum, params: {top_n: 4}}\n"
        "sizer: equal_weight\n"
    )
    return path


@pytest.fixture(scope="module")
def result(idea):
    return tradewind.run(idea, overrides=LIMITS, runs_directory=idea.parent / "runs")


def test_the_tables_of_risk_read_back_as_they_were_written(result):
    again = load_result(result.directory)
    for name in OPTIONAL:
        assert len(getattr(result, name))
        pd.testing.assert_frame_equal(
            getattr(again, name), getattr(result, name), check_dtype=False, check_index_type=False, check_freq=False
        )


def test_a_capsule_of_before_has_no_risk_and_is_read(result, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    for path in result.directory.iterdir():
        if path.stem not in OPTIONAL:
            (old / path.name).write_bytes(path.read_bytes())
    assert all(getattr(load_result(old), name).empty for name in OPTIONAL)


def test_breaches_are_the_stretches_of_the_tables_beyond_the_limit(result):
    held = result.weights.abs().max(axis=1).to_numpy()
    rows = result.breaches[result.breaches["measure"] == "position"]
    inside = np.zeros(len(held), dtype=bool)
    for row in rows.itertuples():
        inside |= (result.weights.index >= row.first) & (result.weights.index <= row.last)
    np.testing.assert_array_equal(inside, held > 0.16)
    assert rows["worst"].max() == held.max()
    told = [warning for warning in result.warnings if warning.startswith("limit of ")]
    assert {warning.split()[2].rstrip(":") for warning in told} == set(result.breaches["measure"])


def test_the_summary_tells_breaches_and_what_was_withheld(result):
    data = json.loads((result.directory / "result.json").read_text())
    worst = result.breaches[result.breaches["measure"] == "effective_positions"]["worst"]
    assert data["breaches"]["effective_positions"]["worst"] == worst.min()
    assert data["breaches"]["effective_positions"]["excursions"] == len(worst)
    assert data["breaches"]["position"]["worst"] == result.weights.abs().max(axis=None)
    assert sum(row["net"] for row in data["counterfactual"]) == pytest.approx(-result.counterfactual["gain"].sum())


def test_limits_change_no_decision(result, idea, tmp_path):
    free = tradewind.run(idea, runs_directory=tmp_path / "runs")
    assert free.decision_hash == result.decision_hash
    assert free.breaches.empty
    assert not any(warning.startswith("limit") for warning in free.warnings)


def _closes(result):
    closes = load_sp500_dataset()
    return closes.loc[result.equity.index[0] : result.equity.index[-1]]


def test_every_ruling_is_valued_at_the_closes_of_its_symbol(result):
    closes = _closes(result)
    row = result.counterfactual.iloc[len(result.counterfactual) // 2]
    later = closes[row["symbol"]].iloc[row["bar"] + 21]
    assert row["later_price"] == pytest.approx(later, rel=1e-12)
    assert row["gain"] == pytest.approx((row["asked"] - row["allowed"]) * (later - row["price"]), rel=1e-12)
    ledger = counterfactual_ledger(result.counterfactual)
    assert ledger["net"].sum() == pytest.approx(-result.counterfactual["gain"].sum())
    assert len(result.counterfactual) == len(result.rulings)


def test_nothing_is_measured_where_no_report_is_written_and_no_limit_set(idea, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("measured")

    monkeypatch.setattr(portfolio_risk, "risk_of_run", refuse)
    monkeypatch.setattr(portfolio_risk, "value_rulings", refuse)
    kept = tradewind.run(idea, runs_directory=tmp_path / "runs", reports=False)
    assert not any((kept.directory / f"{name}.csv").exists() for name in OPTIONAL)
    assert tradewind.run(idea, runs_directory=None).risk.empty
    with pytest.raises(AssertionError, match="measured"):
        tradewind.run(idea, overrides=LIMITS, runs_directory=None)
