"""Built-in feeds."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import FeedPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.feeds.files import Files
from tradewind_plugins.feeds.replay import Replay
from tradewind_plugins.feeds.sample import Sample

__all__ = ["Files", "Replay", "Sample"]


@hookimpl
def tradewind_feeds() -> Iterable[FeedPlugin]:
    """Yield the built-in feeds."""
    yield FeedPlugin(
        name="files",
        create=Files,
        summary="Your own CSV or Parquet files, long or wide, one or many.",
    )
    yield FeedPlugin(
        name="replay",
        create=Replay,
        summary="The history of another feed as a stream, bar by bar, at any speed.",
    )
    yield FeedPlugin(
        name="sample",
        create=Sample,
        summary="20 US large caps and the S&P 500, adjusted daily closes 1990-2022.",
    )
