"""What happens to an account without an order: dividends, interest, fees, splits, assignments, corrections."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tradewind.model.instrument import Instrument

__all__ = ["Activity", "ActivityKind"]


class ActivityKind(StrEnum):
    """Kinds of account activities."""

    DIVIDEND = "dividend"
    INTEREST = "interest"
    FEE = "fee"
    TRANSFER = "transfer"
    """Money or positions paid in or out."""
    SPLIT = "split"
    ASSIGNMENT = "assignment"
    EXERCISE = "exercise"
    EXPIRY = "expiry"
    CORRECTION = "correction"
    """An execution that the venue has taken back or changed."""
    OTHER = "other"


class Activity(NamedTuple):
    """One change of an account that no order made.

    Parameters
    ----------
    activity_id
        Its identity at the venue: it is booked once.
    kind
        What it is.
    cash
        Change of the cash in the account's currency, signed, with what was paid for a change of position.
    instrument
        What it concerns; None where it is the account as a whole.
    quantity
        Signed change of the position.
    price
        At which the position changes, per unit; 0 for the shares of a split.
    text
        The venue's own words.
    venue_time
        When the venue says it happened, ISO 8601 with an offset; empty where it does not say.
    """

    activity_id: str
    kind: ActivityKind
    cash: float = 0.0
    instrument: Instrument | None = None
    quantity: float = 0.0
    price: float = 0.0
    text: str = ""
    venue_time: str = ""
