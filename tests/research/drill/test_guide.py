"""The guide shows every drill, and what the quickstart's say."""

import re
from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.research.drill.drills import DRILLS

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "guide" / "risk.md").read_text()
SECTION = GUIDE[GUIDE.index("## The fire drill") : GUIDE.index("## Your own")]


def test_the_guide_lists_every_drill():
    rows = re.findall(r"^\| (`.*?) \|", SECTION, flags=re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    listed = ["wrong_price" + name if name[0] == "_" else name for name in names]
    assert sorted(listed) == sorted(one.name for one in DRILLS)


def test_the_output_of_the_guide_is_that_of_the_quickstart(capsys):
    (printed,) = re.findall(r"^```text\n(.*?)^\.\.\.\n```$", SECTION, flags=re.DOTALL | re.MULTILINE)
    with pytest.raises(SystemExit):
        main(["risk", "drill", str(ROOT / "configs" / "quickstart.yaml")])
    output = capsys.readouterr()
    assert output.err == ""
    lines = [line.rstrip() for line in output.out.splitlines()]
    missing = [line for line in printed.splitlines() if line not in lines]
    assert missing == []
