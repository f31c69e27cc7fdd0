"""The drop-in Cerebro: any `bt.Strategy`, unchanged, at array speed."""

from tradewind.engine.drop_in.cerebro import Cerebro
from tradewind.engine.drop_in.path import Path

__all__ = ["Cerebro", "Path"]
