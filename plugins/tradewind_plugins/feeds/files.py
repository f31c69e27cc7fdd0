"""The user's own CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tradewind.contracts import DataRequest, Directory
from tradewind.errors import ConfigError, DataError, choices
from tradewind.model import Bars, Instrument
from tradewind_plugins.feeds.csv_file import read_csv
from tradewind_plugins.feeds.instruments import InstrumentTable
from tradewind_plugins.feeds.layout import NUMBERS, Columns, FileFormat, Layout, Observations, observations
from tradewind_plugins.feeds.panel import Panel, align_reference, between, known_ends, require_known
from tradewind_plugins.feeds.parquet_file import read_parquet
from tradewind_plugins.feeds.pivot import pivot
from tradewind_plugins.feeds.times import known_timezone

__all__ = ["Files"]

SUFFIXES = (".csv", ".csv.gz", ".parquet")
Adjustment = Literal["none", "split", "total_return"]
AdjustedClose = Literal["ignore", "scale", "use_close"]


class Files:
    """CSV or Parquet files: long (one line a bar) or wide (one column of closes a symbol), one or many.

    A long file has the columns date, symbol, open, high, low, close, volume and adj_close, in any order and case; date
    and close are needed. Without a symbol column the file's name is the symbol. The history has the union of all
    symbols' timestamps; where a symbol has no line, or a line without prices, its bar is NaN in every field. References
    are put on the universe's timestamps and never filled: where they have no bar they are NaN.

    Dates are sessions; times are bars within a session, in UTC or with an offset or in ``timezone``.

    Parameters
    ----------
    directory
        The configuration's directory; relative paths resolve against it.
    path
        A file, a pattern (``prices/*.csv``) or a directory of files.
    layout
        ``long``, ``wide``, or ``auto``: wide where there is no symbol, open, high, low, volume or adj_close column and
        not both date and close.
    columns
        Field to the file's name for it, where it is not the usual one: ``{date: Day, adj_close: Adjusted}``.
    adjustment
        What the prices are adjusted for: ``none`` (as traded), ``split``, or ``total_return`` (splits and dividends).
    adjusted_close
        What to do with the adj_close column. ``ignore``: nothing. ``scale``: multiply open, high, low and close by
        adj_close / close and divide the volume by it, so that price times volume stays. ``use_close``: take adj_close
        as the close and nothing else. The latter two make the prices ``total_return``.
    timezone
        IANA zone of times without an offset, and of midnights.
    bar_label
        Whether times label the start or the end of their bars; stated on the result, not converted.
    sectors
        A CSV of symbol, sector and optionally asset_class (equity, etf or future).
    reference_files
        Role to a file of its own; roles without one are read from ``path``.
    """

    def __init__(
        self,
        directory: Directory,
        path: Annotated[str, Field(min_length=1, description="File, pattern or directory, beside the config.")],
        layout: Annotated[Layout, Field(description="One line a bar, one column a symbol, or found out.")] = "auto",
        columns: Annotated[Mapping[str, str] | None, Field(description="Field to the file's name for it.")] = None,
        adjustment: Annotated[Adjustment, Field(description="What the prices are adjusted for.")] = "none",
        adjusted_close: Annotated[AdjustedClose, Field(description="What to do with adj_close.")] = "ignore",
        date_format: Annotated[str, Field(description="ISO8601, or a strptime format.")] = "ISO8601",
        delimiter: Annotated[str, Field(min_length=1, max_length=1, description="Between CSV fields.")] = ",",
        timezone: Annotated[str | None, Field(description="IANA zone of times without an offset.")] = None,
        bar_label: Annotated[Literal["start", "end"], Field(description="What a time labels.")] = "start",
        sectors: Annotated[str | None, Field(description="CSV of symbol, sector and asset_class.")] = None,
        reference_files: Annotated[Mapping[str, str] | None, Field(description="Role to a file of its own.")] = None,
        calendar: Annotated[str, Field(description="Exchange calendar, a MIC.")] = "XNYS",
        currency: Annotated[str, Field(min_length=3, max_length=3, description="ISO 4217 code.")] = "USD",
    ) -> None:
        for field in columns or {}:
            if field not in ("date", "symbol", *NUMBERS):
                known = choices(field, ("date", "symbol", *NUMBERS))
                raise ConfigError(f"feed files: columns: there is no field {field!r} to map; {known}")
        self.directory = directory
        self.path = path
        self.adjusted_close = adjusted_close
        self.adjustment: Adjustment = adjustment if adjusted_close == "ignore" else "total_return"
        self.bar_label = bar_label
        self.sectors = sectors
        self.reference_files = dict(reference_files or {})
        self.calendar = calendar
        self.currency = currency
        self.format = FileFormat(
            layout=layout,
            columns=dict(columns or {}),
            close_column="adj_close" if adjusted_close == "use_close" else "close",
            date_format=date_format,
            delimiter=delimiter,
            timezone=known_timezone(timezone),
        )

    def history(self, request: DataRequest) -> Bars:
        """Return the bars asked for.

        Raises
        ------
        DataError
            For a missing, empty or broken file, a missing column, a cell of the wrong type, an unknown symbol (with the
            nearest), a range without bars, and lines of one symbol that are out of order or occur twice.
        PluginError
            If a Parquet file is to be read and pyarrow is not installed.
        """
        shared = {r: s for r, s in request.references.items() if r not in self.reference_files}
        wanted = {*request.symbols, *shared.values()} if request.symbols else set()
        everything = self._panel(self.path, wanted)
        self._require_known(request, shared, everything)
        tradable = request.symbols or [s for s in everything.symbols if s not in request.references.values()]
        universe = everything.select(tradable)
        universe = universe.rows(between(universe.timestamps, request.start, request.end))
        if not universe.symbols or not len(universe.timestamps):
            raise DataError(_nothing_left(self.path, everything, request))
        table = InstrumentTable.read(self.directory, self.sectors)
        references, stamps = self._references(request, everything, universe)
        return Bars(
            timestamps=universe.timestamps,
            instruments=tuple(table.complete(self._instrument(symbol)) for symbol in universe.symbols),
            fields=universe.fields,
            references=references,
            adjusted=self.adjustment != "none",
            stamps=(*self._stamps(universe), *stamps),
            ends=known_ends(everything, universe),
        )

    def _panel(self, path: str, wanted: Collection[str], *, reference: bool = False) -> Panel:
        parts = [self._read(file, path, wanted) for file in _find(self.directory, path)]
        panel = pivot([part for part in parts if part is not None])
        return _adjust(panel, self.adjusted_close, f"feed files: {path}", optional=reference)

    def _read(self, file: Path, pattern: str, wanted: Collection[str]) -> Observations | None:
        stem = file.name.removesuffix(".gz").rsplit(".", maxsplit=1)[0]
        name = f"feed files: {_shown(file, self.directory)}"
        several = _shown(file, self.directory) != pattern

        def skip(columns: Columns) -> bool:
            """Whether the file is one symbol's, among several, that is not asked for."""
            unnamed = columns.symbol is None and not columns.wide
            return bool(several and unnamed and wanted and stem not in wanted)

        if file.name.endswith(".parquet"):
            content = read_parquet(file, name, self.format, wanted, skip)
        else:
            content = read_csv(file, name, self.format, skip)
        if content is None:
            return None
        frame, columns, where = content
        return observations(frame, columns, stem, self.format, where) if len(frame) else None

    def _require_known(self, request: DataRequest, shared: Mapping[str, str], panel: Panel) -> None:
        missing = {*request.symbols, *shared.values()} - set(panel.symbols)
        known = self._panel(self.path, ()).symbols if missing else panel.symbols
        where = f"feed files: {self.path}: data"
        require_known(f"{where}.symbols", request.symbols, known)
        for role, symbol in shared.items():
            require_known(f"{where}.references.{role}", [symbol], known)

    def _references(
        self, request: DataRequest, everything: Panel, universe: Panel
    ) -> tuple[dict[str, Bars], list[str]]:
        references: dict[str, Bars] = {}
        stamps: list[str] = []
        for role, symbol in request.references.items():
            series = everything
            if role in self.reference_files:
                path = self.reference_files[role]
                series = self._panel(path, (), reference=True)
                require_known(f"feed files: {path}: data.references.{role}", [symbol], series.symbols)
            references[role], notes = align_reference(symbol, series, universe.timestamps, self._instrument(symbol))
            stamps += notes
        return references, stamps

    def _instrument(self, symbol: str) -> Instrument:
        step = 1.0 if self.adjustment == "none" else 0.0
        return Instrument(
            symbol=symbol, lot_size=step, tick_size=0.01 * step, calendar=self.calendar, currency=self.currency
        )

    def _stamps(self, universe: Panel) -> list[str]:
        meaning = {
            "none": "unadjusted: prices as traded; splits and dividends show as jumps",
            "split": "adjusted: prices adjusted for splits; dividends are not in the returns",
            "total_return": "adjusted: prices adjusted for splits and dividends",
        }
        stamps = [f"source: files {self.path}", meaning[self.adjustment]]
        if "open" not in universe.fields:
            stamps.append("close-only: no open; decided on a close, filled at the next close")
        if (universe.timestamps.astype("datetime64[D]") != universe.timestamps).any():
            stamps.append(f"intraday: a time labels the {self.bar_label} of its bar")
        return stamps


def _adjust(panel: Panel, adjusted_close: AdjustedClose, where: str, *, optional: bool) -> Panel:
    fields = dict(panel.fields)
    adjusted = fields.pop("adj_close", None)
    if adjusted_close != "ignore" and adjusted is None:
        if not optional:
            raise DataError(
                f"{where}: adjusted_close is '{adjusted_close}', but there is no 'adj_close' column; "
                f"map it with feed.params.columns or set adjusted_close: ignore"
            )
        return Panel(panel.timestamps, panel.symbols, fields)
    if adjusted is not None and adjusted_close == "use_close":
        fields = {"close": adjusted}
    elif adjusted is not None and adjusted_close == "scale":
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = adjusted / fields["close"]
            for name in fields.keys() & {"open", "high", "low"}:
                fields[name] = fields[name] * factor
            if "volume" in fields:
                fields["volume"] = fields["volume"] / factor
        fields["close"] = adjusted
    return Panel(
        panel.timestamps,
        panel.symbols,
        {n: v for n, v in fields.items() if not np.isnan(v).all()} | {"close": fields["close"]},
    )


def _find(directory: Path, path: str) -> Sequence[Path]:
    """Return the files a path, pattern or directory stands for, in name order."""
    target = directory / path
    if target.is_file():
        return [target]
    if target.is_dir():
        found = [file for file in target.iterdir() if file.name.endswith(SUFFIXES)]
    elif any(sign in path for sign in "*?["):
        base = Path(target.anchor) if Path(path).is_absolute() else directory
        pattern = str(target.relative_to(base)) if Path(path).is_absolute() else path
        found = [file for file in base.glob(pattern) if file.is_file()]
    else:
        raise DataError(f"feed files: path {path!r}: no such file or directory in {directory}; {_neighbours(target)}")
    if not found:
        raise DataError(
            f"feed files: path {path!r}: nothing in {directory} that matches and ends in {', '.join(SUFFIXES)}"
        )
    return sorted(found)


def _neighbours(target: Path) -> str:
    if not target.parent.is_dir():
        return f"{target.parent} does not exist either; paths are relative to the configuration"
    return choices(target.name, [file.name for file in sorted(target.parent.iterdir())[:50]])


def _shown(file: Path, directory: Path) -> str:
    return str(file.relative_to(directory)) if file.is_relative_to(directory) else str(file)


def _nothing_left(path: str, panel: Panel, request: DataRequest) -> str:
    if not np.isfinite(panel.fields["close"]).any():
        return f"feed files: {path}: no prices at all; expected one line a bar"
    if not any(symbol not in request.references.values() for symbol in panel.symbols):
        return f"feed files: {path}: only references, nothing to trade; list data.symbols or add files"
    first, last = (str(panel.timestamps[row])[:10] for row in (0, -1))
    return (
        f"feed files: {path}: no bars from {request.start} to {request.end}; the data reach from {first} to {last}: "
        f"change data.start or data.end"
    )
