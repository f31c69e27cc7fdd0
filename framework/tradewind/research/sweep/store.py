"""The folder of a sweep: what was asked, a line a finished point, and the results.

``sweep.yaml`` says what was asked and what it ran with; ``points.jsonl`` gets a line as soon as a point is finished,
so that a sweep goes on after any end; ``results.csv`` and ``heatmap.html`` come last.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tradewind.errors import ConfigError, UserError
from tradewind.research.sweep.request import SweepRequest
from tradewind.research.sweep.row import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SweepStore", "read_request"]

_REQUEST = "sweep.yaml"
_ROWS = "points.jsonl"
_SCHEMA_VERSION = 1


class SweepStore:
    """A sweep's folder, open for more rows; one process at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / _ROWS
        try:
            self._file = self._path.open("ab")
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}") from error
        self._lock()

    @classmethod
    def create(cls, parent: Path, name: str, request: SweepRequest, made_of: Mapping[str, Any]) -> SweepStore:
        """Make the folder of a new sweep.

        Raises
        ------
        UserError
            If it cannot be written.
        """
        document = {"schema_version": _SCHEMA_VERSION, "name": name, "request": request.document(), "made_of": made_of}
        directory = _new_directory(parent, name, str(made_of["points"]))
        unfinished = directory / f".{_REQUEST}"
        unfinished.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        unfinished.rename(directory / _REQUEST)
        return cls(directory)

    @classmethod
    def reopen(cls, directory: Path, request: SweepRequest, made_of: Mapping[str, Any]) -> SweepStore:
        """Open a sweep that was left.

        Raises
        ------
        UserError
            If what is asked, or the code, is not what the rows there came from.
        """
        document = _document(directory)
        asked, now = document["request"], json.loads(json.dumps(request.document()))
        changed = [f"{key}: {asked.get(key)!r} then, {now[key]!r} now" for key in now if asked.get(key) != now[key]]
        changed = changed or _differences(document["made_of"], made_of)
        if changed:
            shown = "\n  ".join(text if len(text) <= 300 else f"{text[:300]}..." for text in changed)
            raise UserError(
                f"{directory}: cannot be continued, because its points and new ones would not be comparable:\n"
                f"  {shown}\nPut back what was changed, or start a new sweep without --resume"
            )
        return cls(directory)

    @property
    def handle(self) -> Any:
        """The open file, which workers close: it holds the lock."""
        return self._file

    def rows(self) -> dict[int, Row]:
        """Return the finished points by number, and cut off a line that was not written to its end.

        Raises
        ------
        UserError
            If a whole line is broken.
        """
        content = self._path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            os.truncate(self._path, end)
        rows = {}
        for number, line in enumerate(content[:end].splitlines(), start=1):
            try:
                row = Row.from_document(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UserError(
                    f"{self._path}:{number}: not a finished point ({type(error).__name__}: {error}); remove the line "
                    f"to run its point again"
                ) from error
            rows[row.number] = row
        return rows

    def add(self, row: Row) -> None:
        """Write a row, and come back when it is on the disk."""
        self._file.write(json.dumps(row.document(), allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def discard(self) -> None:
        """Remove the folder of a sweep in which nothing could run."""
        self.close()
        for name in (_ROWS, _REQUEST):
            (self.directory / name).unlink(missing_ok=True)
        self.directory.rmdir()

    def close(self) -> None:
        """Let another process write here."""
        self._file.close()

    def _lock(self) -> None:
        with contextlib.suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise UserError(
                    f"{self.directory}: another process is running this sweep; wait for it, or end it"
                ) from None


def read_request(directory: Path) -> SweepRequest:
    """Return what a sweep was asked to do.

    Raises
    ------
    UserError
        If the folder is no sweep.
    ConfigError
        If its ``sweep.yaml`` is not what a sweep writes.
    """
    document = _document(directory)
    try:
        return SweepRequest.from_document(document["request"])
    except ValueError as error:
        raise _malformed(directory, str(error)) from error


def _document(directory: Path) -> dict[str, Any]:
    path = directory / _REQUEST
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"--resume {directory}: no sweep there ({error.strerror}: {_REQUEST}); give the folder that "
            f"`tradewind sweep` named"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" in line {mark.line + 1}" if mark else ""
        raise _malformed(directory, f"{error.problem or error.context}{line}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _malformed(directory, "it is no YAML text") from error
    if not isinstance(document, dict) or "schema_version" not in document:
        raise _malformed(directory, "it has no schema_version")
    if document["schema_version"] != _SCHEMA_VERSION:
        raise UserError(f"{path}: written by another version of tradewind; start a new sweep")
    for part in ("request", "made_of"):
        if not isinstance(document.get(part), dict):
            raise _malformed(directory, f"it has no mapping {part}")
    return document


def _malformed(directory: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{directory / _REQUEST}: not what a sweep writes: {why}; put the file back as it was, or start a new sweep"
    )


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for part, new in now.items():
        old = then.get(part)
        if isinstance(new, dict):
            names = [name for name in {**(old or {}), **new} if (old or {}).get(name) != new.get(name)]
            found += [
                f"{part} of {name}: {_short((old or {}).get(name))} then, {_short(new.get(name))} now" for name in names
            ]
        elif old != new:
            found.append(f"{part}: {_short(old)} then, {_short(new)} now")
    return found


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)[:12]


def _new_directory(parent: Path, name: str, digest: str) -> Path:
    time = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    plain = re.sub(r"[^\w.-]+", "-", name)
    stem = f"{time}-{plain}-{digest[:8]}"
    for attempt in range(1, 1000):
        directory = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(
                f"{parent}: cannot write the sweep there ({error.strerror}); give another folder with --sweeps"
            ) from error
        return directory
    raise UserError(f"{parent}: a thousand sweeps of this second are there already; wait and try again")
