"""Feeds as a run asks them: what goes wrong in one is told as its fault, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.config.loader import effective_feed
from tradewind.contracts import Feed, StreamingFeed
from tradewind.engine.blame import blamed, raise_blamed
from tradewind.errors import PluginError
from tradewind.model import Bars, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.config.plan import PluginRef
    from tradewind.contracts import DataRequest
    from tradewind.engine.assemble import Builder

__all__ = ["GuardedFeed", "feed_of"]


def feed_of(builder: Builder, ref: PluginRef | None = None) -> GuardedFeed:
    """Build the feed of a plan; ``ref`` names another than that of its mode.

    Raises
    ------
    TradewindError
        If it cannot be made.
    """
    named = ref or effective_feed(builder.plan, builder.registry, directory=builder.directory)
    wraps = named not in (builder.plan.mode.feed, builder.plan.data.feed)
    label = f"{named.label} of {builder.plan.data.feed.label}" if wraps else named.label
    return GuardedFeed(label, builder.create("feed", named, "data.feed"))


class GuardedFeed:
    """A feed whose errors and wrong answers are told with its name; errors of tradewind pass as they are.

    Parameters
    ----------
    label
        As the configuration names it.
    feed
        Asked.
    """

    def __init__(self, label: str, feed: object) -> None:
        self.label = label
        self.gives_history = isinstance(feed, Feed)
        self.gives_stream = isinstance(feed, StreamingFeed)
        self._feed = feed
        self._title = f"feed {label!r}: {type(feed).__name__}"

    def history(self, request: DataRequest) -> Bars:
        """Return the history; only where the feed gives one."""
        called = f"{self._title}.history"
        assert isinstance(self._feed, Feed)
        with blamed(called, "before the first bar"):
            bars = self._feed.history(request)
        if not isinstance(bars, Bars):
            raise PluginError(f"{called} returned {_shown(bars)}; return tradewind.Bars, or raise DataError saying why")
        return bars

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        """Return template and rows; only where the feed gives a stream."""
        called = f"{self._title}.stream"
        assert isinstance(self._feed, StreamingFeed)
        with blamed(called, "before the first bar"):
            answer = self._feed.stream(request)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise PluginError(f"{called} returned {_shown(answer)}; return a template (tradewind.Bars) and its rows")
        template, rows = answer
        if not isinstance(template, Bars) or not hasattr(rows, "__next__"):
            raise PluginError(
                f"{called} returned {_shown(template)} and {_shown(rows)}; return a template (tradewind.Bars) and an "
                f"iterator of tradewind.model.Row"
            )
        return template, _GuardedRows(called, rows)


class _GuardedRows:
    """The rows of a feed."""

    def __init__(self, called: str, rows: Iterator[Row]) -> None:
        self.waits: bool = getattr(rows, "waits", True)
        self._called = called
        self._rows = rows
        self._count = 0

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        try:
            row = next(self._rows)
        except StopIteration:
            raise
        except BaseException as error:  # a plugin may raise anything; without one nothing is spent
            raise_blamed(error, self._called, f"after {self._count} rows")
            raise
        if not isinstance(row, Row):
            raise PluginError(
                f"{self._called} yielded {_shown(row)} after {self._count} rows; yield tradewind.model.Row"
            )
        self._count += 1
        return row


def _shown(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
