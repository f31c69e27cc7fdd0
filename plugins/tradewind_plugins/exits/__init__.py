"""Built-in exits."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import ExitPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.exits.atr_stop import AtrStop
from tradewind_plugins.exits.stop_loss import stop_loss
from tradewind_plugins.exits.take_profit import take_profit
from tradewind_plugins.exits.time_stop import TimeStop
from tradewind_plugins.exits.trailing_stop import trailing_stop

__all__ = ["AtrStop", "TimeStop", "stop_loss", "take_profit", "trailing_stop"]


@hookimpl
def tradewind_exits() -> Iterable[ExitPlugin]:
    """Yield the built-in exits."""
    yield ExitPlugin(
        name="atr_stop",
        create=AtrStop,
        summary="A multiple of the average true range away from entry, or behind the best close.",
        needs=("high", "low", "close"),
    )
    yield ExitPlugin(
        name="stop_loss",
        create=stop_loss,
        summary="A fixed fraction away from the entry price; as a resting stop order if wanted.",
    )
    yield ExitPlugin(
        name="take_profit",
        create=take_profit,
        summary="Close after a gain of a fixed fraction; as a resting limit order if wanted.",
    )
    yield ExitPlugin(
        name="time_stop",
        create=TimeStop,
        summary="Close after a number of bars.",
    )
    yield ExitPlugin(
        name="trailing_stop",
        create=trailing_stop,
        summary="A fixed fraction behind the best close since entry; as a resting stop order if wanted.",
    )
