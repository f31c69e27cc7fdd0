"""The classes of `peers/backtrader` unchanged, on tradewind's Cerebro."""

from __future__ import annotations

import sys
from pathlib import Path

from tradewind.engine import Cerebro

sys.path.append(str(Path(__file__).resolve().parents[1] / "backtrader"))

from cerebro_jobs import scripts

SCRIPTS = scripts(Cerebro)
