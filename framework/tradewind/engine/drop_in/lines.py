"""Lines that share one position: moving a feed, and all that is clocked by it, is one addition.

Backtrader keeps a position in every line and moves each of them on every bar. While the fast loop runs, lines that move
together read their position from one `Cursor`; afterwards `Swapped.restore` writes it back and every line is again what
it was. Lines are changed one by one, by their class; Backtrader's own classes stay as they are.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from typing import TYPE_CHECKING, Any, NoReturn

import backtrader as bt

from tradewind.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cursor", "Swapped"]

_TICK = "tick_"


class Cursor:
    """The position that lines share; -1 before the first bar. `seen` is where the broker was last.

    It remembers the last time that was asked for.
    """

    __slots__ = ("index", "moment", "number", "seen", "zone")

    def __init__(self, index: int = -1) -> None:
        self.index = self.seen = index
        self.number = math.nan
        self.zone: Any = None
        self.moment: Any = None


class _Empty:
    """What every class has."""

    nothing: int


def _moved(*_: Any, **__: Any) -> NoReturn:
    raise PluginError(
        "a line was moved by hand (advance, rewind, home, forward, backwards or reset) while the fast loop runs, which "
        "moves many lines at once. Run with `cerebro.run(runonce=False)` to use Backtrader's own loop"
    )


def _datetime(number: float, zone: Any, naive: bool) -> dt.datetime:
    moment: dt.datetime = bt.num2date(number, tz=zone, naive=naive)
    return moment


class CursorLine:
    """What a line does differently while it shares a cursor."""

    array: Any
    bindings: Any
    _cursor: Cursor
    _tz: Any

    def __getitem__(self, ago: int) -> Any:
        return self.array[self._cursor.index + ago]

    def __setitem__(self, ago: int, value: Any) -> None:
        self.array[self._cursor.index + ago] = value
        for binding in self.bindings:
            binding[ago] = value

    def __len__(self) -> int:
        return self._cursor.index + 1

    def get_idx(self) -> int:
        """Return the position, as a line's method of this name does."""
        return self._cursor.index

    def datetime(self, ago: int = 0, tz: Any = None, naive: bool = True) -> dt.datetime:
        """Return the time of a bar."""
        number, cursor = self[ago], self._cursor
        if tz is not None or not naive:
            return _datetime(number, tz or self._tz, naive)
        if number != cursor.number or cursor.zone is not self._tz:
            cursor.number, cursor.zone, cursor.moment = number, self._tz, _datetime(number, self._tz, True)
        moment: dt.datetime = cursor.moment
        return moment

    def date(self, ago: int = 0, tz: Any = None, naive: bool = True) -> dt.date:
        """Return the date of a bar."""
        return self.datetime(ago, tz, naive).date()

    def time(self, ago: int = 0, tz: Any = None, naive: bool = True) -> dt.time:
        """Return the time of day of a bar."""
        return self.datetime(ago, tz, naive).time()

    idx = property(get_idx, _moved)
    _idx = property(get_idx, _moved)
    lencount = property(__len__, _moved)


class CausalLine(CursorLine):
    """A line that shares a cursor and reads as one that was not loaded in advance: its array ends with the bar."""

    def __getitem__(self, ago: int) -> Any:
        last = self._cursor.index
        place = last + ago
        if ago > 0:
            raise IndexError(f"index {ago} is later than the bar")
        if place < 0:
            place += max(last, 0) + 1
            if place < 0:
                raise IndexError(f"index {ago} is earlier than the first bar")
        return self.array[place]

    def get(self, ago: int = 0, size: int = 1) -> Any:
        """Return values up to `ago`."""
        length = self._cursor.index + 1
        return self.array[slice(*slice(length + ago - size, length + ago).indices(length))]


class CursorLines:
    """The lines of a feed while it shares a cursor; tick values are those of the bar, made when they are read."""

    def __len__(self) -> int:
        lines: list[Any] = self.lines  # type: ignore[attr-defined]  # of the class this one is mixed into
        return len(lines[0])


def _tick(name: str) -> property:
    def read(lines: Any) -> Any:
        if not len(lines):
            raise AttributeError(_TICK + name)
        if len(lines) >= lines.buflen():
            return None
        return lines[0][0] if name == "last" else getattr(lines, name)[0]

    return property(read)


@functools.cache
def _line_class(stock: Any, causal: bool) -> type:
    return _derived(
        stock, CursorLine, {key: value for key, value in vars(CausalLine).items() if causal and callable(value)}
    )


@functools.cache
def _lines_class(stock: Any) -> type:
    names = [name for name in stock._getlines() if name != "datetime"]  # noqa: SLF001
    return _derived(stock, CursorLines, {_TICK + name: _tick(name) for name in [*names, "last"]})


def _derived(stock: type, pattern: type, members: dict[str, Any]) -> type:
    """Return `stock` with the members of `pattern`, as the only kind of class an instance may change to and back."""
    taken = {name: member for name, member in vars(pattern).items() if name not in vars(_Empty)}
    named = {"__module__": stock.__module__, "__qualname__": stock.__qualname__}
    # type.__new__ and not the metaclass, which would register another family of lines and parameters
    return type.__new__(type(stock), stock.__name__, (stock,), {**named, **taken, **members})


def is_plain(line: Any) -> bool:
    """Return whether a line moves as `LineBuffer` does."""
    kind = type(line)
    return line.mode == bt.LineBuffer.UnBounded and all(
        getattr(kind, name) is getattr(bt.LineBuffer, name)
        for name in ("advance", "forward", "home", "rewind", "__getitem__", "__setitem__", "__len__", "get_idx")
    )


class Swapped:
    """The lines that share cursors at present, and how to give them back their own positions.

    Parameters
    ----------
    causal
        Whether lines read as if later bars were not loaded.
    """

    def __init__(self, *, causal: bool = False) -> None:
        self.causal = causal
        self._lines: list[Any] = []
        self._feeds: list[tuple[Any, list[str]]] = []

    def lines(self, lines: Iterable[Any], cursor: Cursor) -> None:
        """Let lines share a cursor."""
        for line in lines:
            line.__dict__["_cursor"] = cursor
            kind: Any = type(line)
            line.__class__ = _line_class(kind, self.causal)
            self._lines.append(line)

    def feed(self, data: Any, cursor: Cursor) -> None:
        """Let a feed's lines share a cursor, and be found without a detour."""
        self.lines(data.lines.lines, cursor)
        own = data.__dict__
        for name in [name for name in own if name.startswith(_TICK)]:
            del own[name]
        kind: Any = type(data.lines)
        data.lines.__class__ = _lines_class(kind)
        shortcuts = [name for name in data.getlinealiases() if name not in own and not hasattr(type(data), name)]
        for name in shortcuts:
            own[name] = getattr(data.lines, name)
        self._feeds.append((data, shortcuts))

    def restore(self) -> None:
        """Give every line its own position again."""
        for line in self._lines:
            index = line._cursor.index  # noqa: SLF001
            line.__class__ = type(line).__mro__[1]
            del line.__dict__["_cursor"]
            line._idx, line.lencount = index, index + 1  # noqa: SLF001
        for data, shortcuts in self._feeds:
            data.lines.__class__ = type(data.lines).__mro__[1]
            for name in shortcuts:
                data.__dict__.pop(name, None)
            if not len(data):
                continue
            data._tick_nullify()  # noqa: SLF001
            if len(data) < data.buflen():
                data._tick_fill(force=True)  # noqa: SLF001
        self._lines, self._feeds = [], []
