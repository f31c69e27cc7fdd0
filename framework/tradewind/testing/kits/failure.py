"""How a kit says that a plugin is at fault."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from tradewind.errors import LookAheadError

__all__ = ["KitFailureError", "fail", "remedy_for"]

_LONGEST = 400
"""Characters of a received value that a message shows."""


class KitFailureError(AssertionError):
    """A plugin breaks what its kind promises."""


def remedy_for(error: Exception) -> str:
    """Return what the author of a plugin that has raised is to do."""
    if isinstance(error, LookAheadError):
        return "It reads ahead: take nothing that lies behind market.bar, whose close is the last one known"
    return "Real markets and accounts are like this: let it hold no opinion there instead"


def fail(where: str, what: str, *, received: Any, remedy: str) -> NoReturn:
    """Raise `KitFailureError` with the four parts of a message.

    Parameters
    ----------
    where
        The plugin, the scene, the bar, the symbol.
    what
        What is wrong, as a sentence without its full stop.
    received
        The value that shows it; its beginning is shown.
    remedy
        What the author is to do.
    """
    __tracebackhide__ = True
    received = received.item() if isinstance(received, np.generic) else received
    shown = received if isinstance(received, str) else repr(received)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
    raise KitFailureError(f"{where}: {what}; received {shown}. {remedy}")
