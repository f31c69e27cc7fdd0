"""Why orders are refused, in words that code may act on."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ReasonCode"]


class ReasonCode(StrEnum):
    """Why an order was refused or ended; the text beside it is the venue's own and steers nothing."""

    NONE = ""
    """Nothing was refused."""
    INSUFFICIENT_FUNDS = "insufficient_funds"
    """Cash or margin do not suffice."""
    NOT_SHORTABLE = "not_shortable"
    """The account may not sell short, or there are no shares to borrow."""
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    """The venue does not trade it, or not for this account."""
    HALTED = "halted"
    """Trading in the instrument is suspended."""
    MARKET_CLOSED = "market_closed"
    """The venue takes such an order at other hours."""
    RATE_LIMIT = "rate_limit"
    """Too many messages."""
    DUPLICATE = "duplicate"
    """The order id was used before."""
    UNSUPPORTED = "unsupported"
    """The broker cannot do it; it was not asked."""
    UNEXPLAINED = "unexplained"
    """The venue's account is not what our fills say, or an order is in doubt; the venue was not asked."""
    OVERTAKEN = "overtaken"
    """The order that was to be replaced has filled further; the venue was not asked."""
    OPERATOR = "operator"
    """An operator's command that allows less is to be heard first; the venue was not asked."""
    INVALID = "invalid"
    """The terms contradict each other or the venue's rules: price, lot, tick, time in force."""
    OTHER = "other"
    """Whatever else the venue says."""
