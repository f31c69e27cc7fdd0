"""A backtest looks for look-ahead beside itself, within its time, and tells it everywhere."""

import json
import time

import pytest

import tradewind
from tradewind.runs import verification
from tradewind.runs.capsule import load_result


@pytest.fixture
def cheated(project):
    return tradewind.run("cheat.yaml", runs_directory="runs")


@pytest.fixture
def ample(monkeypatch):
    """Enough time for cuts, however slow the machine is."""
    monkeypatch.setattr(verification, "PART_OF_RUN", 1e6)


def test_a_leak_is_in_result_warning_capsule_and_report(ample, cheated):
    verdict = cheated.verification
    assert (verdict["passed"], verdict["short"]) == (False, True)
    assert verdict["findings"][0]["plugin"] == "strategy ./rotate.py:Cheat of sleeve main"
    assert cheated.warnings[0].startswith("look-ahead: 1 found, the first: strategy ./rotate.py:Cheat of sleeve main")
    assert "`tradewind verify` shows what brings it about" in cheated.warnings[0]
    assert json.loads((cheated.directory / "result.json").read_text())["verification"] == verdict
    assert load_result(cheated.directory).verification == verdict
    page = (cheated.directory / "report.html").read_text()
    assert "Whether anything reads the future" in page
    assert verdict["sentence"] in page
    assert "What was not checked" in page


def test_an_honest_run_passes_without_a_warning(ample, project):
    result = tradewind.run("honest.yaml", runs_directory=None)
    assert result.verification["passed"]
    assert result.verification["cuts"] == 12
    assert not any("look-ahead" in line for line in result.warnings)


def test_it_can_be_left_out_and_changes_no_decision(ample, project):
    looked, not_looked = (tradewind.run("cheat.yaml", runs_directory=None, verifies=one) for one in (True, False))
    assert not_looked.verification == {}
    assert looked.decision_hash == not_looked.decision_hash
    assert looked.data_hash == not_looked.data_hash
    assert looked.metrics == not_looked.metrics


def test_no_seconds_are_kept(ample, cheated):
    assert "seconds" not in json.dumps(cheated.verification)


def test_it_keeps_to_its_part_of_the_run(project, monkeypatch):
    asked = {}

    def short(*_, budget_seconds, run_seconds, **__):
        asked.update(budget=budget_seconds, run=run_seconds)
        return real(*_, budget_seconds=budget_seconds, run_seconds=run_seconds, **__)

    real = verification.verify_shortly
    monkeypatch.setattr(verification, "verify_shortly", short)
    begun = time.process_time()
    tradewind.run("honest.yaml", runs_directory=None)
    taken = time.process_time() - begun
    assert 0.0 < asked["run"] < taken
    assert 0.0 < asked["budget"] <= 0.25 * taken


def test_a_plan_that_cannot_be_built_twice_keeps_its_run(ample, project):
    once = "\n    built = 0\n\n    def __init__(self):\n        type(self).built += 1\n        assert self.built < 2\n"
    source = (project / "rotate.py").read_text()
    (project / "rotate.py").write_text(
        source.replace('    schedule = "monthly"\n', once + '    schedule = "monthly"\n', 1)
    )
    result = tradewind.run("honest.yaml", runs_directory=None)
    assert result.status == "complete"
    assert len(result.orders) > 5
    assert result.verification == {}
    assert any("look-ahead: not verified, the plan cannot be put together again: " in line for line in result.warnings)


def test_a_backtrader_run_says_that_it_was_not_verified(project):
    (project / "bt_cross.py").write_text(
        "import backtrader as bt\n\n\nclass Cross(bt.Strategy):\n    def next(self):\n"
        "        if not self.position and self.data.close[0] > self.data.close[-1]:\n            self.buy()\n"
    )
    text = (project / "honest.yaml").read_text().replace("sizer: equal_weight\n", "").replace("risk: off\n", "")
    (project / "bt.yaml").write_text(
        text.replace('{python: "./rotate.py:Rotate"}', '{backtrader: "./bt_cross.py:Cross"}')
    )
    result = tradewind.run("bt.yaml", runs_directory=None, reports=False)
    assert result.verification["sentence"].startswith("Not verified: a Backtrader strategy must be run from its first")
    assert result.verification["cuts"] == 0


def test_a_paper_run_is_not_looked_at(ample, project):
    result = tradewind.run("cheat.yaml", mode="paper", runs_directory=None)
    assert (result.mode, result.verification) == ("paper", {})
    assert not any("look-ahead" in line for line in result.warnings)


def test_a_report_of_a_paper_run_says_why_there_is_no_verdict(project):
    import dataclasses

    from tradewind_plugins.reports.html import render

    result = tradewind.run("honest.yaml", runs_directory=None, verifies=False)
    assert "<code>tradewind parity</code>" in render(dataclasses.replace(result, mode="paper"))
