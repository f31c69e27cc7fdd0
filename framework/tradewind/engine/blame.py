"""Errors raised inside a plugin are translated once: which plugin, at which bar, on which line."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.errors import PluginError, TradewindError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["blamed"]


@contextmanager
def blamed(plugin: str, when: str) -> Iterator[None]:
    """Turn whatever a plugin raises into a `PluginError` that names it; tradewind's own errors pass."""
    try:
        yield
    except TradewindError:
        raise
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = f" in `{frame.line}`" if frame.line else ""
        raise PluginError(
            f"{plugin} raised {type(error).__name__} {when}: {error} "
            f"({Path(frame.filename).name}:{frame.lineno}{line}); nothing was traded after it"
        ) from error
