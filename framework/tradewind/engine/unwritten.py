"""Bars that nobody writes to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tradewind.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.model import Bars

__all__ = ["unwritten"]


@contextmanager
def unwritten(bars: Bars) -> Iterator[None]:
    """Refuse what came of a run over bars that have changed meanwhile.

    What plugins are shown is read-only, but for the arrays behind it.

    Raises
    ------
    PluginError
        If the bars are no longer what they were.
    """
    before = bars.sha256()
    yield
    after = bars.sha256()
    if after != before:
        raise PluginError(
            f"the run's prices are not what they were before it: their hash was {before[:12]} and is {after[:12]}. "
            f"A plugin writes to the arrays behind what it is shown, by `base` or `flags.writeable`; let it work on a "
            f"copy: values.copy(). `tradewind test` says which one it is"
        )
