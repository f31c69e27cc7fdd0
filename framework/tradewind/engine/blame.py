"""Errors raised inside a plugin are translated once: which plugin, at which bar, on which line."""

from __future__ import annotations

import importlib.util
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind import errors
from tradewind.errors import PluginError, TradewindError
from tradewind.registry.raised import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["blamed", "line_at_fault", "raise_blamed"]

_LIBRARIES = map(importlib.util.find_spec, ("backtrader", "numpy", "pandas"))
"""Found and not imported: Backtrader takes long, and is needed by runs alone."""
_ENGINE = (str(Path(errors.__file__).parent), *(str(Path(one.origin or "").parent) for one in _LIBRARIES if one))
_PYTHON = (sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["platstdlib"])
_INSTALLED = "site-packages"
_VALUES = Path(errors.__file__).parent / "model"


class blamed:  # noqa: N801 - used as a statement, and a class because it is entered on every bar
    """Turn whatever a plugin raises into a `PluginError` that names it; tradewind's own errors pass."""

    __slots__ = ("_plugin", "_when")

    def __init__(self, plugin: str, when: str) -> None:
        self._plugin = plugin
        self._when = when

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            raise_blamed(error, self._plugin, self._when)


def raise_blamed(error: BaseException, plugin: str, when: str) -> None:
    """Raise what a plugin has raised as a `PluginError` that names it.

    What one of tradewind's values refuses (a market, targets) is told with plugin and line, and stays of its class.
    Return for every other of tradewind's own errors, and for what is no fault of the plugin: the user's interruption,
    and the end of a generator that is read no further.
    """
    if isinstance(error, TradewindError | KeyboardInterrupt | GeneratorExit):
        if isinstance(error, PluginError) and _is_misuse(error):
            raise type(error)(f"{plugin} {when}: {error} {line_at_fault(error)}") from error
        return
    raise PluginError(
        f"{plugin} raised {type(error).__name__} {when}: {text_of(error)} {line_at_fault(error)}; nothing was traded "
        f"after it"
    ) from error


def _is_misuse(error: PluginError) -> bool:
    """Tell whether one of tradewind's values has raised an error: a market, targets, an estimate."""
    *_, innermost = traceback.walk_tb(error.__traceback__)
    return Path(innermost[0].f_code.co_filename).is_relative_to(_VALUES)


def _at_fault(frames: Sequence[traceback.FrameSummary]) -> traceback.FrameSummary:
    """Return the innermost line of the user's; else that of an installed plugin; else the innermost."""
    inward = frames[::-1]
    outside = [frame for frame in inward if not _is_engine(frame.filename)]
    own = [frame for frame in outside if _INSTALLED not in frame.filename]
    return next(iter(own or outside or inward))


def _is_engine(file: str) -> bool:
    if file.startswith(("<frozen", "<__array_function__", "<string>")) or file.endswith(".pyx"):
        return True
    path = Path(file)
    if any(path.is_relative_to(folder) for folder in _ENGINE):
        return True
    return _INSTALLED not in file and any(path.is_relative_to(folder) for folder in _PYTHON)


def line_at_fault(error: BaseException) -> str:
    """Return file, line number and line that led to an error, in brackets, for a message of one's own."""
    frame = _at_fault(traceback.extract_tb(error.__traceback__))
    line = f" in `{frame.line}`" if frame.line else ""
    return f"({Path(frame.filename).name}:{frame.lineno}{line})"
