"""The doctor on strategies as they are found: healthy ones are left alone, sick ones are named with rule and line."""

import ast
import re
from pathlib import Path

import pytest

from tradewind.engine.doctor import RULES, diagnose

HERE = Path(__file__).parent
HEALTHY, SICK = HERE / "healthy.py", HERE / "sick.py"
MARK = re.compile(r"# finds: ([a-z -]+)$")


def classes(path: Path) -> dict[str, ast.ClassDef]:
    found = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}
    helpers = {name for name, node in found.items() if re.search("Indicator|Sizer", ast.unparse(node.bases[0]))}
    return {name: node for name, node in found.items() if name not in helpers}


def marked(first: int, last: int) -> set[tuple[str, int]]:
    """Return rule and line of the marks between two lines."""
    lines = enumerate(SICK.read_text().splitlines(), start=1)
    marks = [(number, MARK.search(line)) for number, line in lines if first <= number <= last]
    return {(rule, number) for number, mark in marks if mark for rule in mark[1].split()}


ELSEWHERE = {"TomorrowInIndicator": "AheadIndicator", "TomorrowInHelper": "rises"}
"""Strategies whose defect stands in another class or function of the file."""


@pytest.mark.parametrize("name", classes(HEALTHY))
def test_healthy_strategy_has_neither_errors_nor_warnings(name):
    report = diagnose(f"{HEALTHY}:{name}")
    assert [finding for finding in report.findings if finding.severity != "note"] == []
    assert report.trials == 9


@pytest.mark.parametrize("name", classes(SICK))
def test_sick_strategy_is_found_with_rule_and_line(name):
    places = {node.name: node for node in ast.parse(SICK.read_text()).body if hasattr(node, "name")}
    node = places[ELSEWHERE.get(name, name)]
    expected = marked(node.lineno, node.end_lineno)
    assert expected, f"{name} has no mark"

    found = {(finding.rule, finding.line) for finding in diagnose(f"{SICK}:{name}").findings}

    assert found == expected


def test_the_zoos_are_large_enough():
    assert len(classes(HEALTHY)) >= 15
    assert len(classes(SICK)) >= 15


def test_every_rule_has_a_sick_strategy_or_a_test_of_its_own():
    shown = {rule for rule, _ in marked(1, 10_000)}
    own = {"script-setup", "runs-at-import", "plots", "too-slow", "trial-ended", "not-repeatable", "fails-at-import"}
    assert set(RULES) - own == shown
