"""A small configuration on the sample prices, and a strategy that can fail in every way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STRATEGY = '''
import os
import signal
import time
from pathlib import Path

import numpy as np
from tradewind import Signals


class Rotate:
    """Own the best of the last bars; `trouble` says what goes wrong, `gate` where to wait for a file."""

    schedule = "monthly"

    def __init__(self, lookback_bars: int = 40, top_n: int = 2, trouble: str = "", gate: str = "") -> None:
        self.warmup = lookback_bars
        self.lookback_bars = lookback_bars
        self.top_n = top_n
        self.trouble = trouble
        self.gate = gate

    def on_bar(self, market, portfolio):
        if self.gate:
            Path(self.gate, f"unfinished-{self.lookback_bars}").write_text(str(os.getpid()))
            Path(self.gate, f"unfinished-{self.lookback_bars}").rename(Path(self.gate, f"started-{self.lookback_bars}"))
            while not Path(self.gate, f"open-{self.lookback_bars}").exists():
                time.sleep(0.01)
        if self.trouble == "raise":
            raise RuntimeError("told to fail")
        if self.trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "leave":
            os._exit(7)
        if self.trouble == "once" and not Path(__file__).with_name("healed").exists():
            raise RuntimeError("not yet")
        if self.trouble == "print":
            print("a strategy that talks")
        window = market.window("close", self.lookback_bars)
        best = np.argsort(-(window[-1] / window[0]), kind="stable")[: self.top_n]
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
  end: 2008-12-31
strategy: {python: "./rotate.py:Rotate"}
sizer: equal_weight
costs: us_equity
risk: off
reports: [html]
"""

LOOKBACK = "sleeves.0.strategy.params.lookback_bars"
TOP_N = "sleeves.0.strategy.params.top_n"
TROUBLE = "sleeves.0.strategy.params.trouble"
GATE = "sleeves.0.strategy.params.gate"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rotate.py").write_text(STRATEGY)
    (tmp_path / "rotate.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def config(project: Path) -> Path:
    return project / "rotate.yaml"


@pytest.fixture
def environment() -> dict[str, str]:
    return os.environ | {"NO_COLOR": "1", "COLUMNS": "160"}


@pytest.fixture
def tradewind(project, environment):
    """Run the command line in the project and return what came of it."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tradewind", *map(str, arguments)],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment,
        )

    return run
