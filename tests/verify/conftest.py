from pathlib import Path

import pytest

HONEST = '''
import numpy as np
from tradewind import Signals


class Rotate:
    """Own the two best of the last 40 bars."""

    schedule = "monthly"
    warmup = 40

    def on_bar(self, market, portfolio):
        window = market.window("close", 40)
        best = np.argsort(-(window[-1] / window[0]), kind="stable")[:2]
        scores = np.zeros(len(market.instruments))
        scores[best] = 1.0
        return Signals(scores=scores)


class Cheat(Rotate):
    """Own the best of the next bar."""

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        ahead = close[min(market.bar + 1, len(close) - 1)]
        return Signals(scores=(np.arange(close.shape[1]) == (ahead / close[market.bar]).argmax()).astype(float))
'''
CONFIG = """
name: rotate
data: {feed: sample, symbols: [AAPL, KO, MSFT, XOM], start: 2007-01-03, end: 2008-12-31}
strategy: {python: "./rotate.py:Rotate"}
sizer: equal_weight
risk: off
reports: [html]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``honest.yaml``, ``cheat.yaml`` and the strategies that they name."""
    (tmp_path / "rotate.py").write_text(HONEST)
    (tmp_path / "honest.yaml").write_text(CONFIG)
    (tmp_path / "cheat.yaml").write_text(CONFIG.replace("Rotate", "Cheat").replace("name: rotate", "name: cheat"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
