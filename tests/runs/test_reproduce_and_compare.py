import json

import pandas as pd
import pytest

import tradewind
from tradewind.registry import Registry
from tradewind.runs.compare import compare_runs
from tradewind.runs.reproduce import reproduce


@pytest.fixture
def first(config, project):
    return tradewind.run(config, runs_directory=project / "runs")


def kinds(comparison):
    return {difference.kind for difference in comparison.causes}


def test_a_run_is_reproduced(first):
    outcome = reproduce(first.directory, Registry.load())
    assert outcome.same_decisions
    assert outcome.same_data
    assert (outcome.first, outcome.causes) == (None, ())


def test_changed_code_is_found_and_the_first_different_decision_named(first, project):
    source = project / "rotate.py"
    source.write_text(source.read_text().replace("[:2]", "[-2:]"))
    outcome = reproduce(first.directory, Registry.load())
    assert not outcome.same_decisions
    assert outcome.same_data
    assert any(cause.startswith("sleeves.0.strategy") for cause in outcome.causes)
    assert outcome.first is not None
    assert "signals" in outcome.first.where


def test_equal_runs_compare_equal(first, config, project):
    second = tradewind.run(config, runs_directory=project / "runs")
    comparison = compare_runs(first.directory, second.directory)
    assert comparison.same_decisions
    assert comparison.same_data
    assert (comparison.causes, comparison.first) == ((), None)
    assert all(left == right or left != left for left, right in comparison.metrics.values())


def test_a_changed_parameter_is_named_with_both_values(first, config, project):
    second = tradewind.run(
        config, overrides=["sleeves.0.strategy.params.lookback_bars=20"], runs_directory=project / "runs"
    )
    comparison = compare_runs(first.directory, second.directory)
    assert not comparison.same_decisions
    assert comparison.same_data
    (parameter,) = [one for one in comparison.causes if one.kind == "parameter"]
    assert "lookback_bars" in parameter.where
    assert comparison.first is not None
    json.dumps(comparison.as_data(), allow_nan=False)


def test_other_data_is_named(first, config, project):
    second = tradewind.run(config, start="2007-01-04", runs_directory=project / "runs")
    comparison = compare_runs(first.directory, second.directory)
    assert not comparison.same_data
    assert "data" in kinds(comparison)


def test_an_interrupted_run_is_kept_as_partial_and_reproduced_to_its_last_bar(config, project):
    from tradewind.config.loader import check_plan, load_plan
    from tradewind.runs.execute import execute
    from tradewind.runs.launch import keep

    loaded = load_plan([config])
    registry = Registry.load()
    check_plan(loaded, registry)
    whole = execute(loaded.plan, registry, directory=loaded.directory).result.equity
    asked = iter(range(10_000))
    execution = execute(loaded.plan, registry, directory=loaded.directory, stopped=lambda: next(asked) >= 5)
    result = keep(execution, project / "runs", reports=True, directory=loaded.directory)
    assert result.status == "partial"
    assert 5 < len(result.equity) < len(whole)
    pd.testing.assert_series_equal(result.equity["equity"], whole["equity"].iloc[: len(result.equity)])
    assert reproduce(result.directory, registry).same_decisions
