"""What is known of the instruments beside their prices: sector and asset class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from tradewind.errors import DataError, choices
from tradewind.model import AssetClass, Instrument

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["InstrumentTable"]

CLASSES = (AssetClass.EQUITY, AssetClass.ETF, AssetClass.FUTURE)


@dataclass(frozen=True, slots=True)
class InstrumentTable:
    """Sector and asset class by symbol; a symbol that is not listed keeps what it has."""

    sectors: Mapping[str, str] = field(default_factory=dict)
    asset_classes: Mapping[str, AssetClass] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path, path: str | None) -> InstrumentTable:
        """Read a CSV of symbol, sector and optionally asset_class; None: an empty table.

        Raises
        ------
        DataError
            If it is missing or broken, lacks a column, lists a symbol twice or has an unknown asset class.
        """
        if path is None:
            return cls()
        where = f"feed files: sectors {path}"
        try:
            frame = pd.read_csv(directory / path, dtype=str, keep_default_na=False, index_col=False)
        except (OSError, ValueError) as error:
            raise DataError(f"{where}: cannot be read: {error}; expected a CSV of symbol,sector") from error
        for column in ("symbol", "sector"):
            if column not in frame:
                raise DataError(f"{where}: no {column!r} column; {choices(column, [str(c) for c in frame.columns])}")
        twice = frame["symbol"][frame["symbol"].duplicated()]
        if len(twice):
            raise DataError(f"{where}: symbol {twice.iloc[0]!r} is listed twice; keep one line")
        classes = dict(zip(frame["symbol"], frame["asset_class"], strict=True)) if "asset_class" in frame else {}
        return cls(
            sectors=dict(zip(frame["symbol"], frame["sector"], strict=True)),
            asset_classes={s: _asset_class(name, s, where) for s, name in classes.items() if name},
        )

    def complete(self, instrument: Instrument) -> Instrument:
        """Return the instrument with what the table has on it."""
        return replace(
            instrument,
            sector=self.sectors.get(instrument.symbol, instrument.sector),
            asset_class=self.asset_classes.get(instrument.symbol, instrument.asset_class),
        )


def _asset_class(name: str, symbol: str, where: str) -> AssetClass:
    if name not in CLASSES:
        raise DataError(f"{where}: symbol {symbol!r}: unknown asset_class {name!r}; {choices(name, CLASSES)}")
    return AssetClass(name)
