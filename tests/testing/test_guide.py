"""The page on testing plugins names what there is, and its code runs."""

import re
from pathlib import Path

import tradewind.testing
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.decisions import DecisionKit

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "testing-plugins.md").read_text()


def test_every_test_of_the_shared_kits_is_listed():
    listed = re.findall(r"^\| `(test_\w+)`", PAGE, flags=re.MULTILINE)
    tests = {name for kit in (PluginKit, DecisionKit) for name in vars(kit) if name.startswith("test_")}
    assert sorted(listed) == sorted(tests)


def test_its_python_runs():
    names: dict = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE):
        exec(block, names)
    assert issubclass(names["TestMine"], tradewind.testing.StrategyKit)
    assert len(names["changed"]) == len(names["bars"]) == 300
