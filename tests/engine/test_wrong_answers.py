"""What a detector or a strategy answers wrongly is told with its name and its bar."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.engine.detect import detect
from tradewind.errors import LookAheadError, PluginError
from tradewind.runs.in_memory import builder_over
from tradewind.testing import make_bars

PRICES = pd.DataFrame({"AA": np.linspace(10.0, 20.0, 40)}, index=pd.bdate_range("2024-01-01", periods=40))
REGIME = (
    "from tradewind import RegimeEstimate\nclass Mine:\n    labels = ('calm', 'wild')\n"
    "    def estimate(self, market):\n        if market.bar == 7: {line}\n"
    "        return RegimeEstimate('calm', {{'calm': 1.0}}, 1.0, market.bar)\n"
)


def wrong_regime(folder: Path, line: str, compared: bool = False) -> str:
    (folder / "mine.py").write_text(REGIME.format(line=line))
    mine = {"python": f"{folder / 'mine.py'}:Mine"}
    detector = {"detector": mine, "immediate": []}
    idea = {"strategy": {"name": "high_52w", "params": {"lookback_bars": 5}}, "sizer": "equal_weight"}
    if not compared:
        with pytest.raises(PluginError) as caught:
            tradewind.backtest({**idea, "regime": detector}, PRICES)
        return str(caught.value)
    (folder / "calm.py").write_text(REGIME.format(line="pass"))
    sound = {"python": f"{folder / 'calm.py'}:Mine"}
    bars = make_bars(np.linspace(10.0, 20.0, 40)[:, None])
    builder = builder_over({**idea, "regime": {**detector, "detector": sound, "compare": [mine]}}, bars)
    with pytest.raises(PluginError) as caught:
        detect(builder, builder.plan.regime.compare[0], bars)
    return str(caught.value)


@pytest.mark.parametrize("compared", [False, True])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "return RegimeEstimate('wlid', {'wlid': 1.0}, 1.0, 7)",
            "regime Mine.estimate returned the label 'wlid' at bar 7, which it does not declare; known: calm, wild. "
            "Did you mean 'wild'?",
        ),
        ("return 'wild'", "regime Mine.estimate returned str at bar 7; return tradewind.RegimeEstimate"),
        ("1 / 0", "regime Mine.estimate raised ZeroDivisionError at bar 7: division by zero (mine.py:5 in"),
    ],
)
def test_a_detector_at_fault_is_told_with_its_bar(tmp_path, line, told, compared):
    assert told in wrong_regime(tmp_path, line, compared)


def test_a_sizer_beside_targets_is_to_be_removed_as_it_is_written(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom tradewind import Targets\nclass Mine:\n    def on_bar(self, market, portfolio):\n"
        "        return Targets(weights=np.zeros(1))\n"
    )
    with pytest.raises(PluginError, match="remove `sizer:` from the sleeve"):
        tradewind.backtest({"strategy": {"python": f"{tmp_path}/mine.py:Mine"}, "sizer": "equal_weight"}, PRICES)


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        (
            "return Targets(weights=np.full(1, np.inf))",
            PluginError,
            "sleeve 'main': Mine.on_bar at bar 0: targets: weights must be finite or NaN (keep); received inf",
        ),
        (
            "return market.current('close', 1)",
            LookAheadError,
            "sleeve 'main': Mine.on_bar at bar 0: 'close' with offset +1 at bar 0 would read the future",
        ),
        ("return market.current('clsoe')", PluginError, "sleeve 'main': Mine.on_bar at bar 0: "),
    ],
)
def test_what_is_asked_of_a_value_in_vain_is_told_with_its_line(tmp_path, line, kind, told):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom tradewind import Targets\nclass Mine:\n    def on_bar(self, market, portfolio):\n"
        f"        {line}\n"
    )
    with pytest.raises(kind) as caught:
        tradewind.backtest({"strategy": {"python": f"{tmp_path}/mine.py:Mine"}}, PRICES)
    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith(f"(mine.py:5 in `{line}`)")


def test_what_a_plugin_raises_of_tradewind_itself_passes(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from tradewind.errors import PluginError\nclass Mine:\n    def on_bar(self, market, portfolio):\n"
        "        raise PluginError('my own words')\n"
    )
    with pytest.raises(PluginError, match=r"^my own words$"):
        tradewind.backtest({"strategy": {"python": f"{tmp_path}/mine.py:Mine"}}, PRICES)
