"""Statements compiled once: what runs on every bar skips the work of making SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, CursorResult, Dialect
    from sqlalchemy.sql import Executable

__all__ = ["Prepared"]


class Prepared:
    """A statement for one dialect, whose parameters are plain numbers and texts.

    Parameters
    ----------
    statement, dialect
        What to compile, for which database.
    names
        Names of its parameters.
    """

    def __init__(self, statement: Executable, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        self._sql = str(compiled)
        self._order: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it once."""
        return connection.exec_driver_sql(self._sql, self._bound(values))

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row."""
        connection.exec_driver_sql(self._sql, [self._bound(row) for row in rows])

    def _bound(self, values: Mapping[str, Any]) -> Any:
        if self._order is None:
            return dict(values)
        return tuple([values[name] for name in self._order])
