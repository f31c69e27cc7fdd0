"""Read a CSV file strictly: every line complete, every number a number, faults named by line."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.errors import DataError
from tradewind_plugins.feeds.layout import Columns, FileFormat, find_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["read_csv"]

EMPTY = ("", "NaN", "nan", "NA", "N/A", "null", "None")
"""Cells of a number column that mean: no value. In other columns they are text: ``NA`` is a symbol too."""


def read_csv(
    path: Path, name: str, options: FileFormat, skip: Callable[[Columns], bool]
) -> tuple[pd.DataFrame, Columns, Callable[[int], str]] | None:
    """Return the wanted cells, their columns and what says where a row is; None where ``skip(columns)``.

    Raises
    ------
    DataError
        If the file cannot be read, is empty, is not UTF-8, has a line with too few or too many fields, or a cell that
        is not a number; with file, line, column and what was received.
    """
    content = _content(path, name)
    header = _header(content, options.delimiter, name)
    columns = find_columns(header, options, name)
    if skip(columns):
        return None
    _check_lines(content, options.delimiter, len(header), name)

    def where(row: int) -> str:
        return f"{name}: line {_line_number(content, row)}"

    frame = _parse(content, columns, options, where, name)
    if frame.empty:
        raise DataError(f"{name}: a header and no rows; expected one line a bar")
    return frame, columns, where


def _content(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: cannot be read: {error}; check the file and its permissions") from error
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if not content.strip():
        raise DataError(f"{name}: the file is empty; expected a header and one line a bar")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}: line {line}: byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8 text"
        ) from error
    return content


def _header(content: bytes, delimiter: str, name: str) -> list[str]:
    first = content.lstrip(b"\n").split(b"\n", 1)[0]
    frame = pd.read_csv(io.BytesIO(first), sep=delimiter, header=None, dtype=str, keep_default_na=False)
    names = [str(cell).strip() for cell in frame.iloc[0]]
    if len(names) == 1:
        other = next((sign for sign in (";", "\t", "|", ",") if sign in names[0]), None)
        hint = f"; set feed.params.delimiter: {other!r}" if other else ""
        raise DataError(f"{name}: line 1: only one column, {names[0][:60]!r}, when split at {delimiter!r}{hint}")
    return names


def _check_lines(content: bytes, delimiter: str, fields: int, name: str) -> None:
    """Refuse a line with too few or too many fields: pandas fills the former with NaN without a word."""
    sign = delimiter.encode()
    if b'"' in content:
        return
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if content.count(sign) == lines * (fields - 1) and b"\n\n" not in content:
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        received = line.count(sign) + 1
        if line.strip() and received != fields:
            raise DataError(
                f"{name}: line {number}: {received} fields, where the header has {fields}; "
                f"received {line[:60].decode(errors='replace')!r}; complete or remove the line"
            )


def _parse(
    content: bytes, columns: Columns, options: FileFormat, where: Callable[[int], str], name: str
) -> pd.DataFrame:
    numbers = list(columns.numbers.values())
    text = [column for column in columns.wanted if column not in numbers]
    try:
        return _read(content, columns, options, {**dict.fromkeys(text, "str"), **dict.fromkeys(numbers, "float64")})
    except pd.errors.ParserError as error:
        raise DataError(f"{name}: not a CSV file: {error}; check quotes and delimiters") from error
    except ValueError as error:
        _name_wrong_number(_read(content, columns, options, dict.fromkeys(columns.wanted, "str")), columns, where)
        raise DataError(f"{name}: cannot be parsed: {error}; check the file") from error


def _read(content: bytes, columns: Columns, options: FileFormat, types: dict[str, str]) -> pd.DataFrame:
    frame = pd.read_csv(
        io.BytesIO(content),
        sep=options.delimiter,
        usecols=lambda column: str(column).strip() in types,
        dtype={f"{pad}{column}": kind for column, kind in types.items() for pad in ("", " ")},
        keep_default_na=False,
        na_values={f"{pad}{column}": list(EMPTY) for column in columns.numbers.values() for pad in ("", " ")},
        index_col=False,
        skipinitialspace=True,
    )
    return frame.rename(columns=lambda column: "" if str(column).startswith("Unnamed: ") else str(column).strip())


def _name_wrong_number(frame: pd.DataFrame, columns: Columns, where: Callable[[int], str]) -> None:
    for column in columns.numbers.values():
        text = frame[column]
        bad = (pd.to_numeric(text, errors="coerce").isna() & ~text.isin(EMPTY) & text.notna()).to_numpy(dtype=np.bool_)
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{where(row)}: column {column!r}: {text.iloc[row]!r} is not a number; "
                f"correct the cell or leave it empty"
            )


def _line_number(content: bytes, row: int) -> int:
    """Return the physical line, from 1, of a row of data, from 0; blank lines and the header are no rows."""
    filled = [number for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    return filled[row + 1] if row + 1 < len(filled) else len(filled)
