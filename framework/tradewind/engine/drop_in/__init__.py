"""The drop-in Cerebro: any `bt.Strategy`, unchanged, at array speed."""

from tradewind.engine.drop_in.cerebro import Cerebro
from tradewind.engine.drop_in.columns import ColumnFeed
from tradewind.engine.drop_in.path import Path
from tradewind.engine.drop_in.preload import day_numbers

__all__ = ["Cerebro", "ColumnFeed", "Path", "day_numbers"]
