"""Python's collector of reference cycles, told to look less often while a run is on."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["patient_collector"]

_COLLECT_AFTER = 500_000
"""Objects made since the last collection that start the next."""


@contextmanager
def patient_collector() -> Iterator[None]:
    """Look for reference cycles less often: a run keeps its records by the hundred thousand, none of them in a cycle.

    A collector that is switched off stays off.
    """
    thresholds = gc.get_threshold()
    if thresholds[0]:
        gc.set_threshold(max(thresholds[0], _COLLECT_AFTER), *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
