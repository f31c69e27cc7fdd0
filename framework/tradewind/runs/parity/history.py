"""The feed's own history beside the bars that were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray

__all__ = ["data_difference", "last_prices", "window"]


def window(history: Bars, recorded: Bars) -> Bars | None:
    """Return the part of a history from the first to the last recorded bar; None where it has none."""
    times = history.timestamps
    first, last = recorded.timestamps[0], recorded.timestamps[-1]
    start = int(np.searchsorted(times, first))
    stop = int(np.searchsorted(times, last, side="right"))
    if start == stop:
        return None
    return history.between(start, stop)


def data_difference(recorded: Bars, history: Bars) -> str:
    """Return the first value that a history has otherwise than it was recorded; empty where there is none."""
    ours, theirs = recorded.timestamps, history.timestamps
    if len(ours) != len(theirs) or (ours != theirs).any():
        missing, new = np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
        first = min([*missing, *new])
        return f"bar {first}: {'recorded, not in the history' if first in missing else 'in the history, not recorded'}"
    pairs = {"": (recorded.fields, history.fields, recorded.symbols)}
    for role, series in recorded.references.items():
        pairs[role] = (series.fields, history.references[role].fields, series.symbols)
    found: list[tuple[int, str]] = []
    for role, (one, two, symbols) in pairs.items():
        for name in sorted({*one, *two}):
            if name not in one or name not in two:
                return f"field {name!r} is {'not recorded' if name not in one else 'not in the history'}"
            found += _first(one[name], two[name], f"{f'reference {role} ' if role else ''}{name}", symbols, ours)
    ends = np.minimum(recorded.end_bars, len(ours)), np.minimum(history.end_bars, len(ours))
    for column in np.flatnonzero(ends[0] != ends[1]).tolist():
        bar = int(min(ends[0][column], ends[1][column]))
        found.append((bar, f"bar {bar}: {recorded.symbols[column]}: the data end on one side only"))
    return min(found)[1] if found else ""


def last_prices(bars: Bars) -> Mapping[str, float]:
    """Return the last close of each symbol; NaN where it never had one."""
    close = bars.fields["close"]
    prices: dict[str, float] = {}
    for column, symbol in enumerate(bars.symbols):
        known = close[:, column][np.isfinite(close[:, column])]
        prices[symbol] = float(known[-1]) if len(known) else float("nan")
    return prices


def _first(
    one: FloatArray,
    two: FloatArray,
    name: str,
    symbols: tuple[str, ...],
    times: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> list[tuple[int, str]]:
    different = ~((one == two) | (np.isnan(one) & np.isnan(two)))
    if not different.any():
        return []
    bar, column = (int(place[0]) for place in np.nonzero(different))
    values = f"recorded {one[bar, column]!r}, history {two[bar, column]!r}"
    return [(bar, f"bar {bar} ({times[bar]}): {symbols[column]} {name}: {values}")]
