"""The decision journal: one record after the other, and the hash over all of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tradewind.model.bars import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tradewind.model.typing import FloatArray

__all__ = ["BarDigest", "Journal", "Record", "encode", "journal_hash", "read_journal"]


def _encoder() -> Callable[[object], str]:
    """Return canonical JSON: no spaces, floats as `repr` writes them."""
    encoder = json.JSONEncoder(separators=(",", ":"), check_circular=False)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return encoder.encode
    # `JSONEncoder.encode` makes this object anew on every call, which takes longer than the encoding.
    write = make(None, encoder.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True)
    return lambda payload: "".join(write(payload, 0))


encode = _encoder()
_CHUNK = 4096


class Record(NamedTuple):
    """One line of the journal.

    ``kind`` is one of ``data``, ``regime``, ``signals``, ``targets``, ``exit``, ``cross``, ``intent``, ``resized``,
    ``order``, ``fill`` and ``data_end``; ``payload`` is canonical JSON of deterministic fields only.
    """

    bar: int
    kind: str
    payload: str


class Journal:
    """Records in memory, in columns; hashed in chunks.

    The decision hash covers deterministic fields only: no wall clock, no venue, no run id. Two runs with equal hashes
    decided the same, to the last digit.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps = keeps
        """False: whoever writes may leave it, as nobody will read it."""
        self._bars: list[int] = []
        self._kinds: list[str] = []
        self._payloads: list[str] = []
        self._digest = hashlib.sha256()
        self._digested = 0

    def __len__(self) -> int:
        return len(self._bars)

    def write(self, bar: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Append one record; floats are written with `repr`, so every bit counts."""
        self.write_text(bar, kind, encode(payload))

    def write_text(self, bar: int, kind: str, payload: str) -> None:
        """Append one record whose payload is canonical JSON already."""
        self._bars.append(bar)
        self._kinds.append(kind)
        self._payloads.append(payload)

    @property
    def records(self) -> list[Record]:
        """All records so far, in order."""
        return [Record(*row) for row in self._rows(0, len(self))]

    @property
    def decision_hash(self) -> str:
        """Hexadecimal SHA-256 over all records so far."""
        while self._digested < len(self):
            stop = min(self._digested + _CHUNK, len(self))
            rows = self._rows(self._digested, stop)
            self._digest.update("".join([f"{bar}\x1f{kind}\x1f{payload}\x1e" for bar, kind, payload in rows]).encode())
            self._digested = stop
        return self._digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write the records as JSON Lines ``{"bar":…,"kind":…,"payload":…}``."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(
                f'{{"bar":{bar},"kind":"{kind}","payload":{payload}}}\n'
                for bar, kind, payload in self._rows(0, len(self))
            )

    def _rows(self, start: int, stop: int) -> Iterator[tuple[int, str, str]]:
        return zip(self._bars[start:stop], self._kinds[start:stop], self._payloads[start:stop], strict=True)


def read_journal(path: Path) -> Iterable[Record]:
    """Yield the records of a saved journal."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            yield Record(entry["bar"], entry["kind"], encode(entry["payload"]))


def journal_hash(path: Path) -> str:
    """Return the decision hash of a saved journal, computed anew from its lines."""
    digest = hashlib.sha256()
    for record in read_journal(path):
        digest.update(f"{record.bar}\x1f{record.kind}\x1f{record.payload}\x1e".encode())
    return digest.hexdigest()


class BarDigest:
    """One running SHA-256 a field over the bars seen so far, in sorted symbol order, with one bit pattern for NaN.

    Parameters
    ----------
    symbols
        Column order of the arrays to come.
    history
        Arrays that will be taken in and are complete already: what is canonical in them as it stands is not copied.
    """

    def __init__(self, symbols: Sequence[str], history: Mapping[str, FloatArray] | None = None) -> None:
        self._order = np.argsort(np.asarray(symbols, dtype=str), kind="stable")
        self._sorted = bool((np.diff(self._order) == 1).all())
        self._digests: dict[str, Any] = {}
        self._rows = 0
        self._raw = {
            name: np.ascontiguousarray(values).data.cast("B")
            for name, values in (history or {}).items()
            if self._sorted and values.size and not (np.isnan(values).any() or np.signbit(values).any())
        }
        self._row_bytes = 8 * len(symbols)

    def update(self, fields: Mapping[str, FloatArray], rows: int) -> str:
        """Take in the rows up to ``rows`` and return the first 16 hexadecimal digits over all fields."""
        if not self._digests:
            self._digests = {name: hashlib.sha256() for name in sorted(fields)}
        parts: list[bytes] = []
        for name, digest in self._digests.items():
            if rows > self._rows:
                digest.update(self._bytes(name, fields[name], rows))
            parts += name.encode(), digest.digest()
        self._rows = rows
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    def _bytes(self, name: str, values: FloatArray, rows: int) -> bytes | memoryview:
        raw = self._raw.get(name)
        if raw is not None:
            return raw[self._rows * self._row_bytes : rows * self._row_bytes]
        block = values[self._rows : rows]
        return canonical_bytes(block if self._sorted else np.ascontiguousarray(block[:, self._order]))
