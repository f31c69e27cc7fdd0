"""Record what user code reads from lines that is not there yet, without preventing it."""

from __future__ import annotations

from sys import _getframe as stack_frame
from typing import TYPE_CHECKING, Any, Protocol

import backtrader as bt
from backtrader.linebuffer import LineBuffer
from backtrader.lineseries import LineSeries

from tradewind.engine.doctor.lines import VECTOR_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.engine.doctor.usercode import Place, UserCode

__all__ = ["FoundAt", "WatchedFeed", "watch_lines"]

_MOMENTS = ("date", "time", "datetime", "dt", "tm", "tm_raw")
_WHOLE = ("getzero", "getzeroval", "plot", "plotrange")


class FoundAt(Protocol):
    """Takes a finding: rule, place and text."""

    def __call__(self, rule: str, place: Place | None, text: str) -> None:
        """Record it."""


class WatchedFeed(bt.feeds.PandasData):
    """A feed whose frame is watched: reading it in a strategy reads the whole history."""

    reported: Callable[[Any], None] = staticmethod(lambda _: None)

    @property
    def _dataname(self) -> Any:
        self.reported(stack_frame(1))
        return self.__dict__["frame"]

    @_dataname.setter
    def _dataname(self, value: Any) -> None:
        self.__dict__["frame"] = value

    def start(self) -> None:
        """Take the columns out of the frame once: asking pandas for every cell is most of a trial's time."""
        super().start()
        frame = self.p.dataname
        self._columns = [
            (name, frame.iloc[:, place].tolist())
            for name, place in self._colmapping.items()
            if place is not None and name != "datetime"
        ]
        self._moments = [bt.date2num(moment) for moment in frame.index.to_pydatetime()]

    def _load(self) -> bool:
        self._idx += 1
        if self._idx >= len(self._moments):
            return False
        for name, values in self._columns:
            getattr(self.lines, name)[0] = values[self._idx]
        self.lines.datetime[0] = self._moments[self._idx]
        return True


class _Watch:
    """Judges the reads of lines."""

    def __init__(self, user: UserCode, report: FoundAt) -> None:
        self.user = user
        self.report = report

    def index(self, line: Any, ago: Any, frame: Any) -> None:
        """Judge the reading of one value."""
        if not isinstance(ago, int):
            return
        position = line.idx + ago
        if ago <= 0 <= position:
            return
        place = self.user.direct(frame)
        if place is None:
            return
        if ago > 0:
            self.report("future-index", place, f"index {ago} reads {_bars(ago)} ahead")
        elif line.idx < 0:
            self._before_start(place)
        else:
            self.report("before-first-bar", place, f"index {ago} is read at bar {line.idx + 1}")

    def slice(self, line: Any, ago: int, size: int, frame: Any) -> None:
        """Judge the reading of several values."""
        if ago <= 0 <= line.idx + ago - size + 1:
            return
        place = self.user.direct(frame)
        if place is None:
            return
        if ago > 0:
            self.report("future-index", place, f"get(ago={ago}) reads {_bars(ago)} ahead")
        elif line.idx < 0:
            self._before_start(place)
        else:
            text = f"get(ago={ago}, size={size}) is read at bar {line.idx + 1}"
            self.report("before-first-bar", place, text)

    def delayed(self, ago: Any, frame: Any) -> None:
        """Judge the shifting of a line."""
        place = self.user.direct(frame) if isinstance(ago, int) and ago > 0 else None
        if place is not None:
            self.report("future-index", place, f"a line is shifted {_bars(ago)} into the future")

    def whole(self, rule: str, text: str, frame: Any) -> None:
        """Judge the taking of a whole array or its length."""
        place = self.user.direct(frame)
        if place is not None and place.function not in VECTOR_METHODS:
            self.report(rule, place, text)

    def _before_start(self, place: Place) -> None:
        if place.function == "__init__":
            self.report("read-in-init", place, "a value is read in __init__")
        else:
            self.report("before-first-bar", place, "a value is read before the first bar")


def watch_lines(user: UserCode, report: FoundAt) -> None:
    """Watch the lines of this process from now on; it cannot be undone."""
    watch = _Watch(user, report)
    WatchedFeed.reported = staticmethod(lambda frame: watch.whole("future-array", "the feed's frame is taken", frame))
    _watch_reads(watch)
    for name in _MOMENTS:
        _watch_moment(watch, name)
    for name in _WHOLE:
        _watch_whole(watch, name, "future-array", f"{name}() counts from the file's first bar")
    _watch_whole(watch, "buflen", "whole-length", "buflen() is the length of the whole file")
    _watch_shift(watch, LineBuffer)
    _watch_shift(watch, LineSeries)
    _watch_array(watch)


def _watch_reads(watch: _Watch) -> None:
    stock_get = LineBuffer.get

    def getitem(line: Any, ago: Any) -> Any:
        watch.index(line, ago, stack_frame(1))
        values = line.__dict__["array"]
        try:
            return values[line.idx + ago]
        except IndexError:
            if isinstance(ago, int) and ago > 0 and watch.user.direct(stack_frame(1)):
                return float("nan")  # The read is recorded; the trial goes on.
            raise

    def get(line: Any, ago: int = 0, size: int = 1) -> Any:
        watch.slice(line, ago, size, stack_frame(1))
        return stock_get(line, ago, size)

    LineBuffer.__getitem__ = getitem
    LineBuffer.get = get


def _watch_moment(watch: _Watch, name: str) -> None:
    stock = getattr(LineBuffer, name)

    def moment(line: Any, ago: int = 0, *arguments: Any, **named: Any) -> Any:
        watch.index(line, ago, stack_frame(1))
        return stock(line, ago, *arguments, **named)

    setattr(LineBuffer, name, moment)


def _watch_whole(watch: _Watch, name: str, rule: str, text: str) -> None:
    stock = getattr(LineBuffer, name)

    def whole(line: Any, *arguments: Any, **named: Any) -> Any:
        watch.whole(rule, text, stack_frame(1))
        return stock(line, *arguments, **named)

    setattr(LineBuffer, name, whole)


def _watch_shift(watch: _Watch, owner: Any) -> None:
    stock = owner.__call__

    def shift(line: Any, ago: Any = None, *arguments: Any, **named: Any) -> Any:
        watch.delayed(ago, stack_frame(1))
        return stock(line, ago, *arguments, **named)

    owner.__call__ = shift


def _watch_array(watch: _Watch) -> None:
    def read(line: Any) -> Any:
        frame = stack_frame(1)
        if watch.user.owns(frame.f_code.co_filename):
            watch.whole("future-array", "the whole array of a line is taken", frame)
        return line.__dict__["array"]

    def write(line: Any, value: Any) -> None:
        line.__dict__["array"] = value

    LineBuffer.array = property(read, write)


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
