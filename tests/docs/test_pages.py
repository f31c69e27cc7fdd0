"""The pages are all reachable, and what they show runs."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import tradewind
from tradewind import errors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), flags=re.DOTALL | re.MULTILINE)


def pages(folder):
    return {f"{folder}/{path.name}" for path in (DOCS / folder).glob("*.md")}


def test_the_menu_has_every_page():
    text = (ROOT / "mkdocs.yml").read_text()
    listed = set(re.findall(r"\w+/[\w.-]+\.md", text[text.index("\nnav:") :]))
    assert listed == pages("guide") | pages("authors") | pages("reference") | pages("decisions")


def test_the_index_has_every_guide():
    assert pages("guide") <= set(re.findall(r"\((guide/[\w-]+\.md)\)", (DOCS / "index.md").read_text()))


def test_the_python_guide_runs_as_printed(capsys):
    names: dict = {}
    for block in blocks("guide/python.md", "python"):
        exec(block, names)
    first, second, third, *message = capsys.readouterr().out.splitlines()
    assert float(first.split()[0]) == names["backtest"].final_equity != 100_000.0
    assert float(second) != float(third)
    assert "out of order" in message[0]


def test_the_python_guide_lists_every_attribute_of_a_backtest():
    text = (DOCS / "guide" / "python.md").read_text()
    table = text[text.index("## The result") : text.index("## Your own strategy")]
    assert {name for name in dir(tradewind.Backtest) if name[0] != "_"} <= set(re.findall(r"`(\w+)`", table))


def test_the_strategies_of_the_guide_run(tmp_path):
    near_high, breakout = blocks("guide/strategy.md", "python")
    (config,) = blocks("guide/strategy.md", "yaml")
    (tmp_path / "near_high.py").write_text(near_high)
    (tmp_path / "breakout.py").write_text(breakout)
    (tmp_path / "near_high.yaml").write_text(config)
    plan = yaml.safe_load(config)
    days = pd.bdate_range("2018-01-01", periods=700)
    steps = np.random.default_rng(5).normal(0.0005, 0.01, (700, 4))
    closes = pd.DataFrame(50.0 * np.exp(steps.cumsum(axis=0)), index=days, columns=list("ABCD"))
    for strategy, sizer in (("near_high.py:NearHigh", plan["sizer"]), ("breakout.py:Breakout", None)):
        idea = {"strategy": {"python": f"{tmp_path}/{strategy}"}} | ({"sizer": sizer} if sizer else {})
        assert len(tradewind.backtest(idea, closes).orders) > 3
    result = tradewind.run(tmp_path / "near_high.yaml", start="2015-01-01", end="2017-12-31", runs_directory=None)
    assert len(result.orders) > 3


def test_the_reference_lists_every_error_with_its_exit_code():
    text = (DOCS / "reference" / "errors.md").read_text()
    rows = {name: int(code) for code, name in re.findall(r"^\| (\d) \| `(\w+)` \|", text, flags=re.MULTILINE)}
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "choices"]
    assert rows == {kind.__name__: kind.exit_code for kind in kinds if errors.TradewindError in kind.__bases__}
    for block in blocks("reference/errors.md", "python"):
        exec(block, {})


@pytest.mark.parametrize("page", ["guide/python.md", "reference/errors.md", "guide/strategy.md", "index.md"])
def test_links_lead_to_pages(page):
    for link in re.findall(r"\]\(([\w./-]+\.md)", (DOCS / page).read_text()):
        assert ((DOCS / page).parent / link).is_file(), link
