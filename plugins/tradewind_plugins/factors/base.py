"""The base of the built-in factors: one formula, every symbol on its own bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tradewind.errors import PluginError
from tradewind_plugins.factors.recurrence import Operations, Stepped, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model import Bars
    from tradewind.model.typing import BoolArray, FloatArray

__all__ = ["OwnBarFactor", "log_ratio", "require_bars"]


class OwnBarFactor:
    """A factor defined by `formula`.

    A bar counts for a symbol when every field of ``needs`` is a number there. On other bars the factor keeps its value,
    and the bar adds nothing to the symbol's history.
    """

    needs: tuple[str, ...] = ("close",)
    warmup_tolerance: ClassVar[float] = 1e-9
    """Sums of windows round by where their blocks begin, which is counted from a symbol's first bar."""

    def formula(self, run: Operations, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Return the factor from the fields of own bars: elementwise arithmetic and the operations of ``run``."""
        raise NotImplementedError

    def compute(self, bars: Bars) -> FloatArray:
        """Return the factor for all bars, shape (T, N); row t depends on rows up to t only."""
        fields = {name: _field(bars.fields, name) for name in self.needs}
        present = _present(fields)
        if present.all():
            return self.formula(Whole(), fields)
        counts = np.cumsum(present, axis=0)
        rows, columns = np.nonzero(present)
        own = counts[rows, columns] - 1
        dense = {}
        for name, values in fields.items():
            dense[name] = np.full(values.shape, np.nan)
            dense[name][own, columns] = values[rows, columns]
        result = self.formula(Whole(), dense)
        spread = np.take_along_axis(result, np.maximum(counts - 1, 0), axis=0)
        spread[counts == 0] = np.nan
        return spread

    def start(self, symbols: int) -> OwnBarStep:
        """Return a fresh step form for that many columns."""
        return OwnBarStep(self, symbols)


class OwnBarStep:
    """The step form of an `OwnBarFactor`."""

    def __init__(self, factor: OwnBarFactor, symbols: int) -> None:
        self._factor = factor
        self._run = Stepped(symbols)
        self._every = np.arange(symbols)
        self._last = np.full(symbols, np.nan)

    def step(self, row: Mapping[str, FloatArray]) -> FloatArray:
        """Take the fields of one bar, each of shape (N,), and return the factor's row, shape (N,)."""
        fields = {name: _field(row, name) for name in self._factor.needs}
        present = _present(fields)
        if present.all():
            columns = self._every
        else:
            columns = np.flatnonzero(present)
            fields = {name: values[columns] for name, values in fields.items()}
        if columns.size:
            self._run.take(columns)
            self._last[columns] = self._factor.formula(self._run, fields)
        return self._last.copy()


def log_ratio(current: FloatArray, earlier: FloatArray) -> FloatArray:
    """Return ln(current / earlier), NaN where that is no finite number."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # numpy's vector and scalar logarithms differ in the last digit: always hand it contiguous memory.
        ratio = np.ascontiguousarray(current / earlier)
        ratio[~((ratio > 0.0) & (ratio < np.inf))] = np.nan
        logarithm: FloatArray = np.log(ratio)
    return logarithm


def require_bars(factor: object, *, least: int = 1, **lengths: int) -> None:
    """Raise `PluginError` for a length below ``least``."""
    for name, bars in lengths.items():
        if bars < least:
            raise PluginError(
                f"factor {type(factor).__name__}: {name} is a number of bars, at least {least}; received {bars!r}. "
                f"Give a larger whole number"
            )


def _present(fields: Mapping[str, FloatArray]) -> BoolArray:
    arrays = iter(fields.values())
    present: BoolArray = np.isfinite(next(arrays))
    for values in arrays:
        present &= np.isfinite(values)
    return present


def _field(fields: Mapping[str, FloatArray], name: str) -> FloatArray:
    try:
        return fields[name]
    except KeyError:
        raise PluginError(
            f"a factor needs the field {name!r}, which the bars lack; they have {', '.join(sorted(fields))}. "
            f"Choose a feed that has it, or a factor that reads closes only"
        ) from None
