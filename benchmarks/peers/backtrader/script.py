"""Jobs on stock Backtrader: PandasData feeds, indicators computed in one pass, no observers."""

from __future__ import annotations

import backtrader as bt
from cerebro_jobs import scripts

SCRIPTS = scripts(bt.Cerebro)
