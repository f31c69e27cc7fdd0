"""The exceptions of tradewind and the exit code each stands for.

Lower layers' exceptions are translated into one of these once, where they enter. A message says what is wrong, where,
what was received and what to do.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BrokerError",
    "BrokerRefusalError",
    "ConfigError",
    "DataError",
    "GateError",
    "JournalError",
    "LookAheadError",
    "PluginError",
    "RiskHaltError",
    "TradewindError",
    "UserError",
    "choices",
]


_MOST_NAMES = 40
_SOME_NAMES = 10
"""Of more names than this, some are listed; the nearest is named in any case."""


class TradewindError(Exception):
    """Base of every error a user can meet; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class UserError(TradewindError):
    """The request cannot be carried out: a missing file, a wrong flag."""

    exit_code = 1


class ConfigError(TradewindError):
    """A configuration file, overlay or ``--set`` value is not valid."""

    exit_code = 2


class PluginError(TradewindError):
    """A plugin that the run needs is missing, broken or broke its contract."""

    exit_code = 3


class DataError(TradewindError):
    """Prices are missing, malformed or impossible."""

    exit_code = 4


class LookAheadError(PluginError):
    """A plugin asked for data after the current bar."""


class RiskHaltError(TradewindError):
    """A circuit breaker stopped the run."""

    exit_code = 5


class GateError(TradewindError):
    """A risk gate refused what the run cannot go on without."""

    exit_code = 6


class BrokerError(TradewindError):
    """A broker cannot be reached, refuses the account, or contradicts what we know of it."""

    exit_code = 7


class BrokerRefusalError(BrokerError):
    """A broker is there and refuses what the session needs; trying again does not help, a person must see to it."""

    exit_code = 13


class JournalError(TradewindError):
    """The durable journal cannot be read or written, is in use, or was changed."""

    exit_code = 8


def choices(received: str, known: Iterable[str]) -> str:
    """Return ``known: a, b. Did you mean 'b'?`` for an error message about an unknown name.

    >>> choices("kely", ["equal_weight", "kelly"])
    "known: equal_weight, kelly. Did you mean 'kelly'?"
    """
    names = sorted(known)
    shown = names if len(names) <= _MOST_NAMES else [*names[:_SOME_NAMES], f"... ({len(names)} in all)"]
    text = f"known: {', '.join(shown) or 'none'}."
    # Whoever writes another case means that very name.
    folded = {name.casefold(): name for name in names}
    nearest = difflib.get_close_matches(received.casefold(), folded, n=1, cutoff=0.6)
    return f"{text} Did you mean '{folded[nearest[0]]}'?" if nearest else text
