"""Errors raised inside a plugin are translated once: which plugin, at which bar, on which line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.errors import PluginError, TradewindError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["blamed"]


class blamed:  # noqa: N801 - used as a statement, and a class because it is entered on every bar
    """Turn whatever a plugin raises into a `PluginError` that names it; tradewind's own errors pass."""

    __slots__ = ("_plugin", "_when")

    def __init__(self, plugin: str, when: str) -> None:
        self._plugin = plugin
        self._when = when

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not isinstance(error, Exception | SystemExit) or isinstance(error, TradewindError):
            return
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = f" in `{frame.line}`" if frame.line else ""
        raise PluginError(
            f"{self._plugin} raised {type(error).__name__} {self._when}: {error} "
            f"({Path(frame.filename).name}:{frame.lineno}{line}); nothing was traded after it"
        ) from error
