"""Faster forms of indicators' `once`, equal to it to the last bit.

Every function here fills `indicator`'s line from `start` to `end` and returns True, or returns False untouched where it
cannot vouch for the same result. The table goes by the function that would have run, so that a class that brings
its own is left alone.
"""

from __future__ import annotations

import array
import functools
import itertools
import operator
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.model.typing import FloatArray

__all__ = ["FASTER"]

_EXACT = {
    operator.__add__: np.add,
    operator.__sub__: np.subtract,
    operator.__mul__: np.multiply,
    operator.__lt__: np.less,
    operator.__le__: np.less_equal,
    operator.__gt__: np.greater,
    operator.__ge__: np.greater_equal,
    operator.__eq__: np.equal,
    operator.__ne__: np.not_equal,
}
_LARGEST_EXACT_INTEGER = 2**53


def _numbers(values: Any, start: int, end: int) -> FloatArray:
    return np.array(values[start:end], dtype=np.float64)


def _store(line: Any, start: int, end: int, values: Any) -> bool:
    line.array[start:end] = values if isinstance(values, array.array) else array.array("d", values.tobytes())
    return True


def _is_line(values: Any) -> bool:
    return type(values) is array.array


def _reach(arrays: list[Any], end: int) -> bool:
    """Return whether all are lines that go on to `end`; Backtrader raises where one is shorter."""
    return all(_is_line(values) and len(values) >= end for values in arrays)


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < _LARGEST_EXACT_INTEGER)


def _operation(indicator: Any, start: int, end: int) -> bool:
    left, right = indicator.a, indicator.b
    if indicator.btime:
        return False
    operands = []
    for operand, is_number in (
        (left, indicator.r and not indicator.bline),
        (right, indicator.bfloat and not indicator.r),
    ):
        values: Any = operand if is_number else getattr(operand, "array", None)
        if not (_is_number(values) if is_number else _reach([values], end)):
            return False
        operands.append(values if is_number else values[start:end])
    with np.errstate(all="ignore"):
        return _store(indicator, start, end, _operated(indicator.operation, *operands))


def _operated(operation: Callable[..., Any], left: Any, right: Any) -> Any:
    exact = _EXACT.get(operation)
    if operation is operator.__truediv__ and not (np.asarray(right) == 0.0).any():
        exact = np.true_divide
    if exact is not None:
        return np.asarray(exact(np.asarray(left), np.asarray(right)), dtype=np.float64)
    pairs = zip(*(values if _is_line(values) else itertools.repeat(values) for values in (left, right)), strict=False)
    return array.array("d", itertools.starmap(operation, pairs))


def _own_operation(indicator: Any, start: int, end: int) -> bool:
    source = indicator.a.array
    if not _reach([source], end):
        return False
    return _store(indicator, start, end, array.array("d", map(indicator.operation, source[start:end])))


def _delay(indicator: Any, start: int, end: int) -> bool:
    source, ago = indicator.a.array, indicator.ago
    if not _reach([source], end) or start + ago < 0:
        return False
    return _store(indicator, start, end, source[start + ago : end + ago])


def _logic(indicator: Any, start: int, end: int) -> bool:
    arrays = [argument.array for argument in indicator.args]
    if len(arrays) < 2 or not _reach(arrays, end):
        return False
    if type(indicator) in (bt.functions.Max, bt.functions.Min) and len(arrays) > 1:
        chosen = map(indicator.flogic, *(values[start:end] for values in arrays))
        return _store(indicator, start, end, array.array("d", chosen))
    combine = {bt.functions.And: np.logical_and, bt.functions.Or: np.logical_or}.get(type(indicator))
    if combine is None or indicator.flogic.keywords:
        return False
    truth = functools.reduce(combine, [_numbers(values, start, end) != 0.0 for values in arrays])
    return _store(indicator, start, end, truth.astype(np.float64))


def _choice(indicator: Any, start: int, end: int) -> bool:
    arrays = [indicator.cond.array, indicator.a.array, indicator.b.array]
    if not _reach(arrays, end):
        return False
    condition, yes, no = (_numbers(values, start, end) for values in arrays)
    return _store(indicator, start, end, np.where(condition != 0.0, yes, no))


def _last_difference(indicator: Any, start: int, end: int) -> bool:
    sources = (indicator.data0.array, indicator.data1.array)
    if not _reach(list(sources), end):
        return False
    with np.errstate(all="ignore"):
        difference = np.subtract(*(_numbers(values, start, end) for values in sources))
    last = np.maximum.accumulate(np.where(difference != 0.0, np.arange(end - start), -1))
    before = indicator.line.array[start - 1]
    return _store(indicator.line, start, end, np.where(last < 0, before, difference[last]))


def _smoothed(indicator: Any, start: int, end: int) -> bool:
    source = indicator.data.array
    alpha, alpha1 = indicator.alpha, indicator.alpha1
    if not (_reach([source], end) and type(alpha) is float and type(alpha1) is float):
        return False
    previous = indicator.line.array[start - 1]
    smoothed = []
    for value in source[start:end]:
        previous = previous * alpha1 + value * alpha
        smoothed.append(previous)
    return _store(indicator.line, start, end, array.array("d", smoothed))


def _extreme(indicator: Any, start: int, end: int) -> bool:
    pick = np.maximum if indicator.func is max else np.minimum if indicator.func is min else None
    period, source = indicator.p.period, indicator.data.array
    first = start - period + 1
    if pick is None or first < 0 or not _reach([source], end):
        return False
    values = _numbers(source, first, end)
    if np.isnan(values).any() or (np.signbit(values) & (values == 0.0)).any():
        return False  # max() and min() of these depend on the order
    return _store(indicator.line, start, end, _sliding(values, period, pick))


def _sliding(values: FloatArray, period: int, pick: np.ufunc) -> FloatArray:
    """Return the extremes of all windows in about log2(period) passes."""
    width = 1
    while width * 2 <= period:
        values = pick(values[:-width], values[width:])
        width *= 2
    rest = period - width
    return np.asarray(pick(values[: len(values) - rest], values[rest:]) if rest else values)


FASTER: dict[Any, Callable[[Any, int, int], bool]] = {
    bt.linebuffer.LinesOperation.once: _operation,
    bt.linebuffer.LineOwnOperation.once: _own_operation,
    bt.linebuffer._LineDelay.once: _delay,  # noqa: SLF001
    bt.functions.MultiLogic.once: _logic,
    bt.functions.If.once: _choice,
    bt.ind.NonZeroDifference.once: _last_difference,
    bt.ind.ExponentialSmoothing.once: _smoothed,
    bt.ind.OperationN.once: _extreme,
}
