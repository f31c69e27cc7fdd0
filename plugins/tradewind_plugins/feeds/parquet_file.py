"""Read a Parquet file with pyarrow, only the columns and symbols that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from tradewind.errors import DataError, PluginError
from tradewind_plugins.feeds.layout import Columns, FileFormat, find_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

__all__ = ["read_parquet"]


def read_parquet(
    path: Path, name: str, options: FileFormat, wanted: Collection[str], skip: Callable[[Columns], bool]
) -> tuple[pd.DataFrame, Columns, Callable[[int], str]] | None:
    """Return the wanted cells, their columns and what says where a row is; None where ``skip(columns)``.

    Raises
    ------
    PluginError
        If pyarrow is not installed.
    DataError
        If the file is no Parquet file, is empty or has a column of text where numbers are expected.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise PluginError(f"{name}: reading Parquet needs pyarrow; pip install 'tradewind[parquet]'") from error
    try:
        with pq.ParquetFile(path) as file:
            columns = find_columns(list(file.schema_arrow.names), options, name)
        if skip(columns):
            return None
        only = [(columns.symbol, "in", sorted(wanted))] if columns.symbol is not None and wanted else None
        frame = pq.read_table(path, columns=columns.wanted, filters=only, partitioning=None).to_pandas(
            ignore_metadata=True
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name}: cannot be read as Parquet: {error}; check the file") from error
    if frame.empty and only is None:
        raise DataError(f"{name}: no rows; expected one row a bar")
    for column in columns.numbers.values():
        if not pd.api.types.is_numeric_dtype(frame[column].dtype):
            raise DataError(
                f"{name}: column {column!r} holds {frame[column].dtype}, not numbers; received "
                f"{frame[column].iloc[0]!r}; write it as float64"
            )
    return frame, columns, lambda row: f"{name}: row {row + 1}{' of the symbols asked for' if only else ''}"
