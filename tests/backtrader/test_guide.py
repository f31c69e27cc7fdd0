"""The guide's script runs as printed, and ends as on Backtrader."""

import re
from pathlib import Path

import numpy as np

from tests.backtrader.known import feed

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "backtrader.md"
PRICES = np.sin(np.arange(300) / 9) * 3 + 20


def test_changing_one_import_changes_nothing_but_the_loop():
    script = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL).group(1)
    ours = {"prices": feed(PRICES).p.dataname, "print": lambda *_: None}
    stock = dict(ours)
    exec(script, ours)
    exec(
        script.replace("from tradewind.engine import Cerebro", "Cerebro = bt.Cerebro").replace(", cerebro.path", ""),
        stock,
    )
    assert ours["cerebro"].path.fast
    assert ours["cerebro"].broker.getvalue() == stock["cerebro"].broker.getvalue() != 10_000.0
    trades = [side["result"].analyzers.trades.get_analysis() for side in (ours, stock)]
    assert trades[0] == trades[1]
