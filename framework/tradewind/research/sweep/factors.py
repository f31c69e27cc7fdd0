"""Factors that a worker has computed, kept for its next points within a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.model.typing import FloatArray

__all__ = ["KeptFactors"]

LIMIT_BYTES = 256 << 20


class KeptFactors(dict["tuple[str, object]", "FloatArray"]):
    """A dictionary of arrays that forgets those not used for longest once they are too many.

    A sweep over a factor's own parameter would otherwise keep a panel a point.

    Parameters
    ----------
    limit_bytes
        Bytes kept at most; the newest array is kept however large it is.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes
        self._bytes = 0

    def __getitem__(self, key: tuple[str, object]) -> FloatArray:
        values = self.pop(key)
        super().__setitem__(key, values)
        return values

    def __setitem__(self, key: tuple[str, object], values: FloatArray) -> None:
        if key in self:
            del self[key]
        super().__setitem__(key, values)
        self._bytes += values.nbytes
        while self._bytes > self._limit_bytes and len(self) > 1:
            del self[next(iter(self))]

    def __delitem__(self, key: tuple[str, object]) -> None:
        self._bytes -= super().__getitem__(key).nbytes
        super().__delitem__(key)
