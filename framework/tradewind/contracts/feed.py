"""Feeds: where bars come from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from tradewind.model.bars import Bars, Row

__all__ = ["DataRequest", "Feed", "StreamingFeed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """What a run asks of its feed.

    Parameters
    ----------
    start, end
        First and last session wanted, inclusive; None: as far as the feed reaches.
    symbols
        Tradable symbols wanted, in this order; empty: all the feed has.
    references
        Role to symbol (``{"benchmark": "SP500"}``).
    after
        A stream begins behind this time: earlier rows are known already. None: it begins at ``start``.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    symbols: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    after: np.datetime64 | None = None


@runtime_checkable
class Feed(Protocol):
    """Delivers history. Raises `DataError` for symbols it does not have, naming the nearest."""

    def history(self, request: DataRequest) -> Bars:
        """Return the aligned history asked for."""
        ...


@runtime_checkable
class StreamingFeed(Protocol):
    """Delivers bars one aligned row at a time."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        """Return a template and the rows to come.

        The template has the instruments, fields, references, stamps and flags of the stream and no timestamps.
        The iterator blocks until the next row is there; it ends when the stream does. One that never blocks may say so
        with an attribute ``waits = False``; any other is read in a thread of its own.
        """
        ...
