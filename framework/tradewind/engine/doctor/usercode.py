"""Which frame on the stack is the user's."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from tradewind import errors

__all__ = ["Place", "UserCode"]

_BACKTRADER = str(Path(getattr(importlib.util.find_spec("backtrader"), "origin", "")).parent)
_CONTAINERS = (str(Path(_BACKTRADER, "line")), str(Path(_BACKTRADER, "feed.py")))


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code, and the function it stands in."""

    file: str
    line: int
    function: str


@dataclass(slots=True)
class UserCode:
    """Tells the user's files from those of Python, Backtrader, tradewind and other libraries.

    Parameters
    ----------
    own
        Folders that are the user's wherever they lie: the package of the strategy.
    """

    own: tuple[str, ...] = ()
    _known: dict[str, bool] = field(default_factory=dict)
    _others: tuple[str, ...] = (
        str(Path(errors.__file__).parent),
        _BACKTRADER,
        sysconfig.get_paths()["stdlib"],
        sysconfig.get_paths()["platstdlib"],
    )

    def owns(self, file: str) -> bool:
        """Tell whether a file is the user's."""
        if file not in self._known:
            self._known[file] = self._judge(file)
        return self._known[file]

    def direct(self, frame: FrameType | None) -> Place | None:
        """Return the user's line that asked Backtrader for something, with only Backtrader's files in between."""
        while frame is not None and _passes_on(frame.f_code.co_filename):
            frame = frame.f_back
        return self._place(frame)

    def nearest(self, frame: FrameType | None) -> tuple[Place | None, bool]:
        """Return the innermost line of the user's on the stack, and whether it was importing a library."""
        importing = False
        while frame is not None:
            file = frame.f_code.co_filename
            if self.owns(file):
                return self._place(frame), importing
            importing = importing or file.startswith("<frozen importlib")
            frame = frame.f_back
        return None, importing

    def raised(self, trace: TracebackType | None) -> Place | None:
        """Return the innermost line of the user's that an error passed."""
        found = None
        while trace is not None:
            if self.owns(trace.tb_frame.f_code.co_filename):
                found = Place(trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        return found

    def _place(self, frame: FrameType | None) -> Place | None:
        if frame is None or not self.owns(frame.f_code.co_filename):
            return None
        return Place(frame.f_code.co_filename, frame.f_lineno, _function(frame))

    def _judge(self, file: str) -> bool:
        if file.startswith("<"):
            return False
        if any(_within(file, folder) for folder in self.own):
            return True
        return "site-packages" not in file and not any(_within(file, folder) for folder in self._others)


def _function(frame: FrameType) -> str:
    """Return the function's name; comprehensions count as the function around them."""
    name = frame.f_code.co_name
    while name.startswith("<") and name != "<module>" and frame.f_back is not None:
        frame = frame.f_back
        name = frame.f_code.co_name
    return name


def _passes_on(file: str) -> bool:
    """Tell whether a file hands a request on: the watch itself, and Backtrader's containers of lines."""
    return file.startswith(_CONTAINERS) or file == _WATCH


def _within(file: str, folder: str) -> bool:
    return file.startswith(folder.rstrip(os.sep) + os.sep)


_WATCH = str(Path(sys.modules[__name__].__file__ or "").with_name("watch.py"))
