"""The guide's own scenario is one, and its table is true."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tradewind.contracts import DataRequest
from tradewind.registry import PluginRef, Registry
from tradewind.research.stress.holdings import estimate_betas
from tradewind.research.stress.loader import load_scenarios, read_scenario

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "stress.md"


def test_the_scenario_of_the_guide_is_read_as_printed(tmp_path):
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(), flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "oil_glut.yaml").write_text(block)
    one = read_scenario(tmp_path / "oil_glut.yaml")
    assert one.name == "oil_glut"
    assert one.path.growth()[-1] - 1.0 == one.path.growth().min() - 1.0


def test_what_the_sample_stocks_did_is_what_the_guide_says():
    rows = re.findall(r"^\| `(\w+)` \| (-[\d.]+) % \| (-[\d.]+) % \|$", GUIDE.read_text(), flags=re.MULTILINE)
    feed = Registry.load().create("feed", PluginRef(name="sample"), directory=None, where="test")
    bars = feed.history(DataRequest(start=None, end=None, symbols=(), references={"benchmark": "SP500"}))
    closes, index = bars.fields["close"], bars.references["benchmark"].fields["close"][:, 0]
    times = pd.DatetimeIndex(bars.timestamps)
    assert len(rows) == 4
    for name, told, was in rows:
        (one,) = load_scenarios([name])
        first, last = times.get_indexer([pd.Timestamp(one.start), pd.Timestamp(one.end)])
        betas = estimate_betas(closes, index, np.array([first]))[0]
        shocks = [
            one.shock(stock.symbol, stock.sector, stock.asset_class, beta)[0]
            for stock, beta in zip(bars.instruments, betas, strict=True)
        ]
        assert 100.0 * np.mean(shocks) == pytest.approx(float(told), abs=0.51)
        assert 100.0 * (closes[last] / closes[first] - 1.0).mean() == pytest.approx(float(was), abs=0.51)
