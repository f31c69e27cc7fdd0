"""Entries as files for other programs: CSV or JSON Lines, in pieces of a given size."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, Literal

from tradewind.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo
    from pathlib import Path
    from typing import Self

    from tradewind.journal.store.values import Entry

__all__ = ["COLUMNS", "ExportFormat", "entry_line", "export_entries"]

ExportFormat = Literal["csv", "jsonl"]
COLUMNS = ("session", "sequence", "block", "bar", "kind", "committed_at", "payload")


def export_entries(
    entries: Iterable[Entry],
    session: int,
    name: str,
    directory: Path,
    *,
    form: ExportFormat,
    max_bytes: int,
    zone: tzinfo,
) -> list[Path]:
    """Write a session's entries to ``NAME-SESSION-001.csv``, ``-002`` and so on, and return the files.

    Parameters
    ----------
    entries
        What to write, in order.
    session, name
        Number and name of the session.
    directory
        Folder; made where it is missing. A file that exists is never overwritten; one that is not complete is called
        ``….partial``, and is removed where the export fails.
    form
        ``csv`` (RFC 4180, a line of names in every file) or ``jsonl``.
    max_bytes
        Size of a file; only a single longer entry exceeds it.
    zone
        Time zone of the times, which carry their offset.

    Raises
    ------
    UserError
        If a file exists already, or cannot be written.
    """
    stem = f"{re.sub(r'[^A-Za-z0-9._-]+', '_', name) or 'session'}-{session}"
    line: Callable[[Entry], bytes] = (
        (lambda entry: _csv_line(_row(entry, session, zone)))
        if form == "csv"
        else (lambda entry: f"{entry_line(entry, session, zone)}\n".encode())
    )
    header = _csv_line(COLUMNS) if form == "csv" else b""
    try:
        with _Pieces(directory, stem, form, header, max_bytes) as pieces:
            for entry in entries:
                pieces.write(line(entry))
    except OSError as error:
        raise UserError(
            f"--to {directory}: cannot write there ({error}); name a folder, and see that it has space"
        ) from error
    return pieces.paths


def entry_line(entry: Entry, session: int, zone: tzinfo) -> str:
    """Return an entry as one line of JSON; its payload is told as it is."""
    values = dict(zip(COLUMNS, _row(entry, session, zone)[:-1], strict=False))
    start = json.dumps(values, ensure_ascii=False)[:-1]
    return f'{start}, "payload": {_one_line(entry.payload)}}}'


def _row(entry: Entry, session: int, zone: tzinfo) -> tuple[object, ...]:
    time = entry.committed_at.astimezone(zone).isoformat(timespec="microseconds")
    return session, entry.sequence, entry.block, entry.bar, entry.kind, time, entry.payload


def _csv_line(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _one_line(payload: str) -> str:
    try:
        value = json.loads(payload)
    except ValueError:
        return json.dumps(payload, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False) if "\n" in payload or "\r" in payload else payload


class _Pieces:
    """Files of one export, begun anew when they are full; they get their names when all of them are complete."""

    def __init__(self, directory: Path, stem: str, suffix: str, header: bytes, max_bytes: int) -> None:
        self._directory, self._stem, self._suffix = directory, stem, suffix
        self._header, self._max_bytes = header, max_bytes
        self._open = ExitStack()
        self._file: BinaryIO | None = None
        self._size = 0
        self.paths: list[Path] = []

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._next()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._open.close()
        for path in self.paths:
            if kind is None:
                _require_free(path)
                _unfinished(path).rename(path)
            else:
                _unfinished(path).unlink(missing_ok=True)

    def write(self, line: bytes) -> None:
        if self._size + len(line) > self._max_bytes and self._size > len(self._header):
            self._next()
        self._put(line)

    def _next(self) -> None:
        self._open.close()
        path = self._directory / f"{self._stem}-{len(self.paths) + 1:03d}.{self._suffix}"
        _require_free(path)
        self.paths.append(path)
        self._file = self._open.enter_context(_unfinished(path).open("wb"))
        self._size = 0
        self._put(self._header)

    def _put(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)
        self._size += len(data)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _require_free(path: Path) -> None:
    if path.exists():
        raise UserError(f"{path}: exists and is not overwritten; name another folder with --to")
