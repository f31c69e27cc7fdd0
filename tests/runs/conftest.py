"""A small configuration on the sample prices, kept in a folder of its own, and a venue process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orders.crash.scenario import start_venue

STRATEGY = '''
import numpy as np
from tradewind import Signals


class Rotate:
    """Own the two best of the last 40 bars."""

    schedule = "monthly"
    warmup = 40

    def __init__(self, lookback_bars: int = 40) -> None:
        self.lookback_bars = lookback_bars

    def on_bar(self, market, portfolio):
        window = market.window("close", self.lookback_bars)
        best = np.argsort(-(window[-1] / window[0]), kind="stable")[:2]
        scores = np.zeros(len(market.instruments))
        scores[best] = 1.0
        return Signals(scores=scores)
'''

CONFIG = """
name: rotate
account: {cash: 50_000}
data:
  feed: sample
  symbols: [AAPL, KO, MSFT, XOM]
  references: {benchmark: SP500}
  start: 2007-01-03
  end: 2009-12-31
strategy: {python: "./rotate.py:Rotate"}
sizer: equal_weight
costs: us_equity
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rotate.py").write_text(STRATEGY)
    (tmp_path / "rotate.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def config(project: Path) -> Path:
    return project / "rotate.yaml"


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a venue in a process of its own."""
    process, number = start_venue()
    yield number
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
