"""Loading of feeds by columns, where it fills the same lines as row by row."""

from __future__ import annotations

import array
import contextlib
import math
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pandas as pd

from tradewind.engine.drop_in.columns import ColumnFeed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.model.typing import FloatArray

__all__ = ["columns_first"]

_LOADS = ("preload", "load", "_last", "_fromstack", "forward", "backwards", "home", "_start_finish")
_PANDAS = bt.feeds.PandasData
_COUNTED = "fiub"


@contextlib.contextmanager
def columns_first(datas: Sequence[Any]) -> Iterator[None]:
    """Let feeds load by columns while the context lasts."""
    changed = [data for data in datas if _is_plain(data)]
    for data in changed:
        data.preload = _Preload(data)
    try:
        yield
    finally:
        for data in changed:
            del data.preload


def _is_plain(data: Any) -> bool:
    kind = type(data)
    loads = kind._load is _PANDAS._load and kind.start is _PANDAS.start  # noqa: SLF001
    return (
        (loads or isinstance(data, ColumnFeed))
        and "preload" not in vars(data)
        and all(getattr(kind, name) is getattr(bt.feed.AbstractDataBase, name) for name in _LOADS)
    )


class _Preload:
    """Stands in for a feed's `preload`; goes to worker processes with its feed."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __call__(self) -> None:
        data = self._data
        if not _preloaded(data):
            type(data).preload(data)


def _preloaded(data: Any) -> bool:
    lines = data.lines.lines
    if data._filters or data._barstack or data._barstash or data._tzinput:  # noqa: SLF001
        return False
    if any(type(line) is not bt.LineBuffer or line.mode != line.UnBounded or len(line.array) for line in lines):
        return False
    frame = data.p.dataname
    numbers = data.numbers() if isinstance(data, ColumnFeed) else _times(data, frame)
    if numbers is None or np.isnan(numbers).any():
        return False
    late = np.flatnonzero(numbers > data.todate)
    end = int(late[0]) if len(late) else len(numbers)
    kept = np.flatnonzero(numbers[:end] >= data.fromdate)
    columns = data.columns() if isinstance(data, ColumnFeed) else _columns(data, frame)
    if columns is None:
        return False
    for name in data.getlinealiases():
        values = numbers if name == "datetime" else columns.get(name)
        _fill(getattr(data.lines, name), len(kept), None if values is None else values[kept])
    for line in lines[len(data.getlinealiases()) :]:
        _fill(line, len(kept), None)
    data._idx = end  # noqa: SLF001  # the row at which PandasData stops
    data._last()  # noqa: SLF001
    data.home()
    return True


def _fill(line: Any, bars: int, values: FloatArray | None) -> None:
    if values is None:
        line.array.extend(array.array("d", [math.nan]) * bars)
    else:
        line.array.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())


def _columns(data: Any, frame: pd.DataFrame) -> dict[str, FloatArray] | None:
    columns: dict[str, FloatArray] = {}
    for name in data.getlinealiases():
        index = data._colmapping[name]  # noqa: SLF001
        if name == "datetime" or index is None:
            continue
        values = frame.iloc[:, index]
        if not isinstance(values, pd.Series) or not isinstance(values.dtype, np.dtype):
            return None
        if values.dtype.kind not in _COUNTED or values.dtype.itemsize > 8:
            return None
        columns[name] = values.to_numpy(dtype=np.float64)
    return columns


def _times(data: Any, frame: pd.DataFrame) -> FloatArray | None:
    """Return Backtrader's numbers of the rows' times; None where rows have to be read one by one."""
    index = data._colmapping["datetime"]  # noqa: SLF001
    stamps: Any = frame.index if index is None else pd.DatetimeIndex([]) if len(frame) == 0 else frame.iloc[:, index]
    if not isinstance(stamps, pd.DatetimeIndex):
        if not isinstance(stamps, pd.Series) or stamps.dtype.kind != "M":
            return None
        stamps = pd.DatetimeIndex(stamps)
    if stamps.hasnans or (stamps.nanosecond != 0).any():
        return None
    naive = stamps if stamps.tz is None else stamps.tz_convert("UTC").tz_localize(None)
    return day_numbers(naive.to_numpy())


def day_numbers(stamps: Any) -> FloatArray:
    """Return `bt.date2num` of naive times, all at once.

    >>> day_numbers(np.array(["2020-01-02T09:30"], dtype="datetime64[us]"))
    array([737426.39583333])
    """
    microseconds = stamps.astype("datetime64[us]").astype(np.int64)
    days, rest = np.divmod(microseconds, 86_400_000_000)
    ordinals = (days + 719_163).astype(np.float64)
    if not rest.any():
        return np.asarray(ordinals)
    parts = [ordinals]
    for unit, per_day in ((3_600_000_000, 24.0), (60_000_000, 1440.0), (1_000_000, 86400.0), (1, 86400.0 * 1e6)):
        count, rest = np.divmod(rest, unit)
        if count.any():
            parts.append(count / per_day)
    return np.fromiter(map(math.fsum, zip(*(part.tolist() for part in parts), strict=True)), np.float64, len(ordinals))
