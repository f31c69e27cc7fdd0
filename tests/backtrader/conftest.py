"""Documented behaviour is tested on both Cerebros."""

import backtrader as bt
import pytest

from tradewind.engine import Cerebro


@pytest.fixture(params=[bt.Cerebro, Cerebro], ids=["backtrader", "tradewind"])
def cerebro_class(request):
    return request.param
