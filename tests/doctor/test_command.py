"""``tradewind doctor`` at the command line."""

import json
import re
from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.engine.doctor import RULES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command; return exit code, output and errors."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *map(str, arguments)])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run_command


def test_clean_class_ends_with_zero(run):
    code, out, _ = run(f"{HERE}/healthy.py:SmaCross")
    assert code == 0
    assert out.endswith("SmaCross: nothing found (9 trial runs)\n")


def test_error_shows_place_source_reason_and_advice(run, monkeypatch):
    monkeypatch.chdir(HERE)
    code, out, _ = run("./sick.py:Tomorrow")
    assert code == 10
    place, source, message, advice, *_ = out.splitlines()
    assert place.startswith("sick.py:")
    assert place.endswith(": error [future-index, seen in a trial run]")
    assert source.startswith("    if self.data.close[1] > self.data.close[0]:")
    assert message.startswith("  index 1 reads 1 bar ahead: ")
    assert advice.startswith("  do: ")
    assert out.endswith("./sick.py:Tomorrow: 1 error, 0 warnings, 0 notes (8 trial runs)\n")


def test_warnings_alone_have_a_code_of_their_own(run):
    assert run(f"{HERE}/sick.py:WallClock")[0] == 11


def test_notes_alone_end_with_zero(run):
    code, out, _ = run(f"{HERE}/sick.py:Position")
    assert code == 0
    assert "note [feed-position]" in out


def test_json_holds_every_finding(run):
    code, out, _ = run(f"{HERE}/sick.py:FiveBack", "--json")
    report = json.loads(out)
    assert code == 10
    assert (report["errors"], report["warnings"], report["notes"]) == (1, 0, 0)
    (finding,) = report["findings"]
    assert finding["rule"] == "before-first-bar"
    assert finding["severity"] == "error"
    assert finding["observed"] is True
    assert Path(finding["file"]).name == "sick.py"


def test_configuration_gives_class_and_parameters(run):
    code, out, _ = run(ROOT / "configs" / "backtrader_sma.yaml", "--set", "strategy.params.fast=5")
    assert code == 0
    assert "sma_cross.py:SmaCross: nothing found" in out


def test_configuration_without_a_backtrader_strategy_is_refused(run):
    code, _, err = run(ROOT / "configs" / "quickstart.yaml")
    assert code == 1
    assert "no sleeve has a Backtrader strategy; received high_52w" in err


def test_parameter_that_is_no_pair_is_refused(run):
    code, _, err = run(f"{HERE}/healthy.py:SmaCross", "--param", "fast")
    assert code == 2
    assert "give NAME=VALUE" in err


def test_unknown_parameter_is_refused(run):
    code, _, err = run(f"{HERE}/healthy.py:SmaCross", "--param", "fats=3")
    assert code == 2
    assert "SmaCross has no parameter 'fats'; known: fast, slow. Did you mean 'fast'?" in err


@pytest.mark.parametrize("value", ["abc", "'5'"])
def test_text_where_the_strategy_has_a_number_is_the_users_fault(run, value):
    code, out, err = run(f"{HERE}/healthy.py:SmaCross", "--param", f"fast={value}")
    assert (code, out) == (2, "")
    assert "parameter fast: expected a number, as the default" in err


def test_a_missing_import_ends_with_the_code_of_a_wrong_file(run, tmp_path):
    (tmp_path / "mine.py").write_text("import nothing_of_that_name\n")
    code, out, err = run(f"{tmp_path / 'mine.py'}:Mine")
    assert (code, out) == (3, "")
    assert "mine.py:1: loading it raised ModuleNotFoundError" in err
    assert "--param" not in err


def test_set_belongs_to_configurations(run):
    code, _, err = run(f"{HERE}/healthy.py:SmaCross", "--set", "a=1")
    assert code == 1
    assert "use --param NAME=VALUE" in err


def test_reference_of_neither_form_is_refused(run):
    code, _, err = run("SmaCross")
    assert code == 2
    assert "'package.module:Class'" in err


def test_the_guide_lists_every_rule_with_its_severity():
    guide = (ROOT / "docs" / "guide" / "doctor.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \|", guide, flags=re.MULTILINE)
    assert rows == [(name, rule.severity) for name, rule in RULES.items()]
