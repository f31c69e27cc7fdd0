"""What a plugin reads while it decides: fields, clocks and dice."""

from __future__ import annotations

import dataclasses
import datetime as dt
import dis
import gc
import random
import sys
import time
from collections.abc import ItemsView, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from tradewind.model import Bars

__all__ = ["Reads", "watch_clocks_and_dice"]

_CLOCKS = frozenset(
    f"{name}{unit}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for unit in ("", "_ns")
)
_SHOWN: Mapping[str, int] = MappingProxyType({"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1})
"""Functions of `time` that read the clock where they get so few arguments; given a moment, they show that."""
_MAKERS = frozenset({"datetime64", "Timestamp", "to_datetime"})
"""What makes a moment of a text, in compiled code; two texts mean the clock's."""
_CLOCK_TEXTS = ("now", "today")
_BETWEEN = frozenset({"PUSH_NULL", "PRECALL", "CACHE", "EXTENDED_ARG"})
_MOMENTS = ("now", "utcnow", "today")
_SHARED_DICE = getattr(random.random, "__self__", None)
_SPARED = ("logging", "tradewind.testing")
"""Modules that may look at the clock on a plugin's behalf."""
_LIBRARIES = ("numpy", "pandas", "tradewind.")
"""Modules whose code is not read for clocks."""
_FORKING = ("multiprocessing", "concurrent", "threading", "tempfile", "joblib", "sklearn", "threadpoolctl", "numba")
"""Modules that ask for the process's number for their own sake."""


class _Watched(Mapping[str, Any]):
    """A mapping that notes which of its keys are read."""

    def __init__(self, values: Mapping[str, Any], reads: Reads, prefix: str) -> None:
        self._values = values
        self._reads = reads
        self._prefix = prefix

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self._reads.missed.add(self._prefix + key)
            raise KeyError(key)
        self._reads.names.add(self._prefix + key)
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        if key not in self._values:
            self._reads.sought.add(f"{self._prefix}{key}")
        return key in self._values

    def items(self) -> ItemsView[str, Any]:
        """Return all items; nothing counts as read."""
        return self._values.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Reads:
    """The fields and references that were read, those asked for in vain, and those whose presence was asked."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.missed: set[str] = set()
        self.sought: set[str] = set()

    def mapping(self, values: Mapping[str, Any], prefix: str = "") -> Mapping[str, Any]:
        """Return a mapping that notes what is read from it."""
        return _Watched(values, self, prefix)

    def watched(self, bars: Bars) -> Bars:
        """Return bars that note what is read from them."""
        copy = dataclasses.replace(bars)
        references = {role: dataclasses.replace(series) for role, series in bars.references.items()}
        object.__setattr__(copy, "fields", self.mapping(bars.fields))
        object.__setattr__(copy, "references", self.mapping(references, "reference:"))
        return copy


@contextmanager
def watch_clocks_and_dice() -> Iterator[list[str]]:
    """Collect, within a ``with`` block, the clocks that are read and the generators nobody has seeded.

    Garbage is not collected meanwhile: its callbacks and finalizers would run wherever the plugin happens to be.
    """
    found: list[str] = []
    entered: set[CodeType] = set()
    collects = gc.isenabled()

    def note(frame: FrameType, event: str, function: Any) -> None:
        if event == "call" and not frame.f_globals.get("__name__", "").startswith(_LIBRARIES):
            entered.add(frame.f_code)
        if event == "c_call" and not frame.f_globals.get("__name__", "").startswith(_SPARED):
            name = _forbidden(function, frame)
            if name:
                found.append(f"{name} in {frame.f_code.co_name}, line {frame.f_lineno}")

    before = _shared_state()
    profile = sys.getprofile()
    with _pandas_clock(found):
        gc.disable()
        sys.setprofile(note)
        try:
            yield found
        finally:
            sys.setprofile(profile)
            if collects:
                gc.enable()
    found.extend(moment for code in entered for moment in _clock_texts(code))
    if before != _shared_state():
        found.append("numpy's global generator (np.random)")


@contextmanager
def _pandas_clock(found: list[str]) -> Iterator[None]:
    """Note when pandas is asked for the time, which a profile does not see: it is compiled."""
    moments: dict[str, Any] = {name: vars(pd.Timestamp)[name] for name in _MOMENTS}

    def noting(name: str) -> Any:
        def moment(cls: type[pd.Timestamp], *arguments: Any, **named: Any) -> Any:
            frame = sys._getframe(1)  # noqa: SLF001 - the only way to name the caller
            found.append(f"Timestamp.{name} in {frame.f_code.co_name}, line {frame.f_lineno}")
            return moments[name].__get__(None, cls)(*arguments, **named)

        return classmethod(moment)

    for name in _MOMENTS:
        setattr(pd.Timestamp, name, noting(name))
    try:
        yield
    finally:
        for name, moment in moments.items():
            setattr(pd.Timestamp, name, moment)


def _shared_state() -> tuple[bytes, int]:
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 - of the generator that must not be used
    return state["key"].tobytes(), int(state["pos"])


def _clock_texts(code: CodeType) -> Iterator[str]:
    """Yield where a function that was entered asks numpy or pandas for now by a text, which no profile sees."""
    if not _MAKERS & {*code.co_names, *code.co_varnames, *code.co_freevars}:
        return
    maker, line = "", code.co_firstlineno
    for step in dis.get_instructions(code):
        line = step.positions.lineno or line if step.positions else line
        if step.opname == "LOAD_CONST" and maker and step.argval in _CLOCK_TEXTS:
            yield f"{maker}({step.argval!r}) in {code.co_name}, line {line}"
        if step.opname not in _BETWEEN:
            maker = step.argval if step.opname.startswith("LOAD_") and step.argval in _MAKERS else ""


def _arguments(frame: FrameType) -> int:
    """Return the number of arguments of the call that a frame is at; -1 where it cannot be told."""
    code = frame.f_code.co_code
    name = dis.opname[code[frame.f_lasti]]
    return code[frame.f_lasti + 1] if name in {"CALL", "PRECALL", "CALL_KW"} else -1


def _forbidden(function: Any, frame: FrameType) -> str:
    """Return the name of a clock or a generator without a seed; empty for other functions."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if owner is time and (name in _CLOCKS or 0 <= _arguments(frame) <= _SHOWN.get(name, -1)):
        return f"time.{name}"
    if name.startswith("generate_time_safe"):
        return "uuid.uuid1"
    if name == "getpid" and not frame.f_globals.get("__name__", "").startswith(_FORKING):
        return "os.getpid"
    if isinstance(owner, type) and issubclass(owner, dt.date) and name in _MOMENTS:
        return f"{owner.__name__}.{name}"
    if owner is _SHARED_DICE or isinstance(owner, random.SystemRandom):
        return f"random.{name}, the generator that all share"
    if name == "urandom":
        return "os.urandom, or a generator without a seed"
    return ""
