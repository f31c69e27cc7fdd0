"""One copy of the bars for all processes.

A forked process sees its parent's arrays: nobody writes them, so nothing is copied. One that is spawned starts empty:
for it the arrays are written once into a file, which every process maps into its memory, and of which the operating
system holds each page once. (Shared memory segments would do the same, but are small by default in containers.)
"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.model import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

__all__ = ["SharedBars"]

_ALIGNMENT = 64


class SharedBars:
    """Bars that other processes can be given without a copy.

    Parameters
    ----------
    bars
        What to share.
    mapped
        Whether to share through a file, for processes that do not inherit memory.
    """

    def __init__(self, bars: Bars, *, mapped: bool) -> None:
        self._bars: Bars | None = bars
        self._folder = None
        if not mapped:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="tradewind-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / "bars"
        buffers: list[pickle.PickleBuffer] = []
        self._pickled = pickle.dumps(_plain(bars), protocol=5, buffer_callback=buffers.append)
        with self._path.open("wb") as file:
            self._slices = [_write(buffer, file) for buffer in buffers]

    @property
    def bars(self) -> Bars:
        """The bars, on the shared arrays."""
        if self._bars is None:
            memory = np.memmap(self._path, dtype=np.uint8, mode="r")
            self._bars = _rebuilt(pickle.loads(self._pickled, buffers=_cut(memory, self._slices)))  # noqa: S301 - ours
        return self._bars

    def close(self) -> None:
        """Forget the bars, and remove the file where there is one."""
        self._bars = None
        if self._folder is not None:
            self._folder.cleanup()

    def __getstate__(self) -> dict[str, Any]:
        if self._folder is None:
            raise TypeError("bars without a file can only be inherited; pass mapped=True")
        return {**self.__dict__, "_bars": None, "_folder": None}


def _plain(bars: Bars) -> tuple[Any, ...]:
    """Return the parts of bars as types that pickle can hold without copying the arrays."""
    references = {role: _plain(series) for role, series in bars.references.items()}
    stamps = np.ascontiguousarray(bars.timestamps).view(np.int64)
    return stamps, bars.instruments, dict(bars.fields), references, bars.adjusted, bars.stamps, bars.ends


def _rebuilt(parts: tuple[Any, ...]) -> Bars:
    stamps, instruments, fields, references, adjusted, notes, ends = parts
    return Bars(
        timestamps=stamps.view("datetime64[ns]"),
        instruments=instruments,
        fields=fields,
        references={role: _rebuilt(series) for role, series in references.items()},
        adjusted=adjusted,
        stamps=notes,
        ends=ends,
    )


def _write(buffer: pickle.PickleBuffer, file: BinaryIO) -> tuple[int, int]:
    file.write(b"\0" * (-file.tell() % _ALIGNMENT))
    start = file.tell()
    return start, start + file.write(buffer.raw())


def _cut(memory: np.ndarray, slices: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    for start, end in slices:
        yield memory[start:end]
