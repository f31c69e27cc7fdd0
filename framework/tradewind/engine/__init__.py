"""The engine; `Cerebro` is the drop-in for `bt.Cerebro`, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.engine.drop_in import Cerebro

__all__ = ["Cerebro"]


def __getattr__(name: str) -> object:
    if name == "Cerebro":
        from tradewind.engine.drop_in import Cerebro

        return Cerebro
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
