"""The same market with its symbols in another order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.model.typing import IntArray

__all__ = ["permuted"]


def permuted(bars: Bars, order: IntArray) -> Bars:
    """Return the market with its columns in an order."""
    return dataclasses.replace(
        bars,
        instruments=tuple(bars.instruments[column] for column in order.tolist()),
        fields={name: values[:, order] for name, values in bars.fields.items()},
        ends=None if bars.ends is None else bars.ends[order],
    )
