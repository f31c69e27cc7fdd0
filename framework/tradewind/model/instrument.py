"""What is traded, or only quoted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AssetClass", "ExerciseStyle", "Instrument", "OptionRight"]


class AssetClass(StrEnum):
    """The kind of an instrument."""

    EQUITY = "equity"
    ETF = "etf"
    FUTURE = "future"
    OPTION = "option"
    INDEX = "index"


class OptionRight(StrEnum):
    """What the holder of an option may do."""

    CALL = "call"
    PUT = "put"


class ExerciseStyle(StrEnum):
    """When an option may be exercised."""

    AMERICAN = "american"
    EUROPEAN = "european"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A tradable contract, or an index that is quoted only.

    An instrument is a key: two instruments with equal fields are the same contract. It may have no feed of its own,
    appear during a run and expire (an option leg).

    Parameters
    ----------
    symbol
        Ticker, unique within a run.
    asset_class
        Kind of instrument. An ``INDEX`` is a reference (benchmark, VIX) and is never traded.
    currency
        ISO 4217 code of prices and cash flows.
    multiplier
        Cash value of one point of price for one unit (100 for a US equity option).
    tick_size
        Smallest price step in ``currency``; 0 where prices are adjusted and ticks have no meaning.
    lot_size
        Smallest quantity step; 0 means fractional quantities.
    calendar
        Exchange calendar name (ISO 10383 MIC, as in exchange_calendars).
    sector
        GICS sector or the user's own grouping; empty where unknown.
    underlying, expiry, strike, right, style
        Option terms; all set for an option, none otherwise. ``expiry`` alone is set for a future.
    """

    symbol: str
    asset_class: AssetClass = AssetClass.EQUITY
    currency: str = "USD"
    multiplier: float = 1.0
    tick_size: float = 0.01
    lot_size: float = 1.0
    calendar: str = "XNYS"
    sector: str = ""
    underlying: str | None = None
    expiry: dt.date | None = None
    strike: float | None = None
    right: OptionRight | None = None
    style: ExerciseStyle | None = None

    def __post_init__(self) -> None:
        terms = (self.underlying, self.expiry, self.strike, self.right, self.style)
        if self.asset_class is AssetClass.OPTION and any(term is None for term in terms):
            raise ValueError(
                f"Instrument {self.symbol!r}: an option needs underlying, expiry, strike, right and style; "
                f"received {terms}"
            )
        if self.asset_class not in (AssetClass.OPTION, AssetClass.FUTURE) and any(t is not None for t in terms):
            raise ValueError(f"Instrument {self.symbol!r}: {self.asset_class} takes no option terms, received {terms}")
        if not self.symbol or not self.multiplier > 0 or self.tick_size < 0 or self.lot_size < 0:
            raise ValueError(
                f"Instrument {self.symbol!r}: needs a symbol, multiplier > 0, tick_size >= 0 and lot_size >= 0; "
                f"received multiplier={self.multiplier}, tick_size={self.tick_size}, lot_size={self.lot_size}"
            )

    def __hash__(self) -> int:
        # Instruments are keys on the hot path: hashing the symbol alone is exact enough, equality decides.
        return hash(self.symbol)

    @property
    def is_reference(self) -> bool:
        """Whether it is quoted only and cannot be traded."""
        return self.asset_class is AssetClass.INDEX
