"""The decision journal: one record after the other, and the hash over all of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tradewind.model.bars import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tradewind.model.typing import FloatArray

__all__ = ["BarDigest", "Journal", "Record", "journal_hash", "read_journal"]


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Record(NamedTuple):
    """One line of the journal.

    ``kind`` is one of ``data``, ``regime``, ``signals``, ``targets``, ``exit``, ``cross``, ``intent``, ``resized``,
    ``order``, ``fill`` and ``data_end``; ``payload`` is canonical JSON of deterministic fields only.
    """

    bar: int
    kind: str
    payload: str


class Journal:
    """Records in memory, hashed as they come.

    The decision hash covers deterministic fields only: no wall clock, no venue, no run id. Two runs with equal hashes
    decided the same, to the last digit.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps = keeps
        """False: whoever writes may leave it, as nobody will read it."""
        self.records: list[Record] = []
        self._digest = hashlib.sha256()

    def write(self, bar: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Append one record; floats are written with `repr`, so every bit counts."""
        record = Record(bar, kind, _encode(payload))
        self.records.append(record)
        self._digest.update(f"{bar}\x1f{kind}\x1f{record.payload}\x1e".encode())

    @property
    def decision_hash(self) -> str:
        """Hexadecimal SHA-256 over all records so far."""
        return self._digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write the records as JSON Lines ``{"bar":…,"kind":…,"payload":…}``."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(
                f'{{"bar":{record.bar},"kind":"{record.kind}","payload":{record.payload}}}\n' for record in self.records
            )


def read_journal(path: Path) -> Iterable[Record]:
    """Yield the records of a saved journal."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            yield Record(entry["bar"], entry["kind"], _encode(entry["payload"]))


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
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self._order = np.argsort(np.asarray(symbols, dtype=str), kind="stable")
        self._digests: dict[str, Any] = {}
        self._rows = 0

    def update(self, fields: Mapping[str, FloatArray], rows: int) -> str:
        """Take in the rows up to ``rows`` and return the first 16 hexadecimal digits over all fields."""
        summary = hashlib.sha256()
        for name in sorted(fields):
            digest = self._digests.setdefault(name, hashlib.sha256())
            if rows > self._rows:
                block = fields[name][self._rows : rows]
                digest.update(canonical_bytes(np.ascontiguousarray(block[:, self._order])))
            summary.update(name.encode() + digest.digest())
        self._rows = rows
        return summary.hexdigest()[:16]
