"""What the exchange is told: quotes of a bar, and the rules it fills by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tradewind.errors import ConfigError, DataError
from tradewind.model import Quote, ReasonCode

if TYPE_CHECKING:
    from tradewind.model import Instrument
    from tradewind.model.typing import FloatArray

__all__ = ["ExchangeRules", "PathPrices", "Quote", "QuoteSource", "code_of", "usable_quote"]

_INF = math.inf
_CODES = {"margin": ReasonCode.INSUFFICIENT_FUNDS, "short": ReasonCode.NOT_SHORTABLE}


def code_of(refusal: str) -> ReasonCode:
    """Return the code of one of the exchange's own refusals."""
    return _CODES.get(refusal, ReasonCode.INVALID)


class PathPrices(Protocol):
    """Prices of the bars to come, for the question when something at work might happen."""

    def __call__(self, instrument: Instrument, name: str, start: int, stop: int) -> FloatArray | None:
        """Return an instrument's prices (``high``, ``low`` ...) at some bars; None where they are not known."""
        ...


class QuoteSource(Protocol):
    """Where the exchange finds the prices of the current bar.

    The exchange asks it while a bar is processed and again when orders are submitted on that bar's close; it answers
    for the bar last processed.
    """

    def quote(self, instrument: Instrument) -> Quote | None:
        """Return the quote of the current bar; None where there is none."""
        ...


class MarkSource(QuoteSource, Protocol):
    """A source that also remembers last prices."""

    def mark(self, instrument: Instrument) -> float:
        """Return the last known price; NaN where there never was one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRules:
    """How the exchange fills. The defaults are those of Backtrader's broker.

    Parameters
    ----------
    volume_limit
        Largest part of a bar's volume that one order may take, 0 to 1; 0: no limit. A part is rounded down to whole
        lots of the instrument, where it has lots. Backtrader: ``fillers.FixedBarPerc(perc=100 * volume_limit)``.
    allow_short
        Whether an order may open or extend a short position; if not, it is rejected with reason ``short``.
    short_margin
        Cash, beyond what buying back all short positions would take, that must be there when an order opens or
        extends a short position, as a fraction of the value of all short positions; 0: no check.
    borrow_rate_per_year
        Cost of borrowing shares, a fraction of the value of short equities and ETFs a year.
    check_cash
        Whether an order is refused at submission when the cash would not suffice at the price known then (the close,
        or the order's own stop or limit price). Without it cash is checked at the fill only. In Backtrader
        ``checksubmit``.
    percent_commission
        Commission as a fraction of the traded value, on top of the cost plugin's.
    cheat_on_close
        Fill market orders at the close of the bar they were decided on; an impossible trade. Backtrader: ``coc``.
    slip_percent, slip_fixed
        Slippage as a fraction of the price (0.01 is 1 %) or in price units; the fraction wins.
    slip_open
        Whether prices taken from the open slip too. In Backtrader, as here, market orders slip only then.
    slip_limit, slip_match
        Whether limit orders, or all orders, whose slipped price leaves the bar's range are filled at its border; if
        not, they wait.
    slip_out
        Whether a slipped price may leave the bar's range.
    """

    volume_limit: float = 0.0
    allow_short: bool = True
    short_margin: float = 0.0
    borrow_rate_per_year: float = 0.0
    check_cash: bool = True
    percent_commission: float = 0.0
    cheat_on_close: bool = False
    slip_percent: float = 0.0
    slip_fixed: float = 0.0
    slip_open: bool = False
    slip_limit: bool = True
    slip_match: bool = True
    slip_out: bool = False

    plain: bool = field(init=False)
    """Market orders fill whole at the open."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", not (self.volume_limit or self.cheat_on_close or self.slip_open))
        highest = {"volume_limit": 1.0, "percent_commission": 1.0, "slip_percent": 1.0}
        for name in (*highest, "short_margin", "borrow_rate_per_year", "slip_fixed"):
            value = getattr(self, name)
            limit = highest.get(name, math.inf)
            if not (math.isfinite(value) and 0.0 <= value <= limit):
                known = "at least 0" if limit == math.inf else f"between 0 and {limit:g}"
                raise ConfigError(f"exchange rules: {name} must be {known}; received {value}. Write 1 % as 0.01")


def usable_quote(quotes: QuoteSource, instrument: Instrument) -> Quote | None:
    """Return a quote that can be traded on; None where the instrument is halted or a price is not positive and finite.

    Raises
    ------
    DataError
        If some of the four prices are NaN and others are not.
    """
    quote = quotes.quote(instrument)
    if quote is None:
        return None
    opening, high, low, close, _ = quote
    if 0.0 < opening < _INF and 0.0 < high < _INF and 0.0 < low < _INF and 0.0 < close < _INF:
        return quote
    prices = (opening, high, low, close)
    missing = [name for name, price in zip(Quote._fields, prices, strict=False) if math.isnan(price)]
    if 0 < len(missing) < len(prices):
        raise DataError(
            f"quote of {instrument.symbol}: {', '.join(missing)} missing where other prices are there; received "
            f"{quote}. A halted bar has no price at all: make the feed deliver all four or none"
        )
    return None
