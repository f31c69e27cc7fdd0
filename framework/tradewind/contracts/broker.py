"""Brokers: where orders go, and the only ones who know what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tradewind.model.execution import OrderState
from tradewind.model.order import OrderType, TimeInForce
from tradewind.model.reason import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tradewind.model.activity import Activity
    from tradewind.model.execution import ExecutionReport
    from tradewind.model.instrument import Instrument
    from tradewind.model.order import OrderIntent
    from tradewind.model.quote import Quote

__all__ = [
    "Account",
    "Broker",
    "BrokerCapabilities",
    "BrokerOrder",
    "Outcome",
    "Replacement",
    "Response",
    "SimulatedBroker",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCapabilities:
    """What a broker can do; an order that asks for more is refused before it is sent.

    Parameters
    ----------
    order_types, times_in_force
        Understood by the venue.
    fractional
        Whether quantities may be fractions of a unit.
    shorts
        Whether short sales are possible.
    replaces
        Whether a working order can be changed in one message; else it is cancelled and sent anew.
    links
        Whether the venue itself links brackets and orders that cancel each other.
    waits_for_sells
        Whether buys must wait for the fills of the sells that pay for them.
    messages_per_minute
        Most messages the venue takes in a minute; 0: no limit.
    order_id_length
        Longest client order id, in characters.
    cash_tolerance
        Difference of the cash, in the account's currency, that needs no explanation: roundings.
    cash_lag_seconds
        How long the venue's cash may lag behind its executions: a difference is one only after that time.
    """

    order_types: Collection[OrderType] = frozenset(OrderType)
    times_in_force: Collection[TimeInForce] = frozenset(TimeInForce)
    fractional: bool = True
    shorts: bool = True
    replaces: bool = True
    links: bool = True
    waits_for_sells: bool = True
    messages_per_minute: int = 0
    order_id_length: int = 48
    cash_tolerance: float = 0.01
    cash_lag_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Money at the venue, in the account's currency."""

    cash: float
    equity: float
    buying_power: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the venue describes it.

    Parameters
    ----------
    order_id, venue_order_id
        Our client order id (empty for an order that is not ours) and the venue's name of it.
    instrument, quantity
        What was ordered, signed.
    filled
        Signed quantity executed so far.
    average_price
        Of what was executed; NaN before a fill.
    state
        Where it stands.
    reason, code
        Why it ended, in the venue's own words, and as far as code may act on it.
    """

    order_id: str
    venue_order_id: str
    instrument: Instrument
    quantity: float
    filled: float
    average_price: float
    state: OrderState
    reason: str = ""
    code: ReasonCode = ReasonCode.NONE


class Outcome(StrEnum):
    """What is known after a message was sent."""

    TAKEN = "taken"
    """The venue has it; reports follow."""
    REFUSED = "refused"
    """The venue said no: it will never work."""
    NOT_SENT = "not_sent"
    """It certainly did not reach the venue: sending it again is safe."""
    UNCERTAIN = "uncertain"
    """It may have reached the venue: only the venue can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is known of one message about one order.

    Parameters
    ----------
    order_id
        Our client order id.
    outcome
        What is known.
    reason, code
        Of a refusal or a failure: the venue's own words, and as far as code may act on it.
    retry_after_seconds
        Wait that the venue asked for; 0: none.
    """

    order_id: str
    outcome: Outcome
    reason: str = ""
    code: ReasonCode = ReasonCode.NONE
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """New terms of a working order, which continues under another id; None keeps the old term.

    ``quantity`` is that of the whole order, what was filled included.
    """

    order_id: str
    new_order_id: str
    quantity: float | None = None
    limit_price: float | None = None
    stop_price: float | None = None


@runtime_checkable
class Broker(Protocol):
    """A port to one account at one venue, called from one thread.

    A call may take until the network answers, and no longer than the broker's own time-out. An asynchronous client
    lives in a thread of its own behind a queue: `poll` empties that queue and does not wait. Client order ids are
    unique for ever: a venue that meets one again takes nothing and says what it knows.

    Queries and `connect` raise `BrokerError` where the venue cannot be reached. What is sent never raises: it returns
    an outcome for each order.
    """

    @property
    def capabilities(self) -> BrokerCapabilities:
        """What it can do."""
        ...

    def connect(self) -> None:
        """Open the connection: before anything else, and again after it was lost."""
        ...

    def close(self) -> None:
        """Close the connection; orders at work stay at the venue."""
        ...

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        """Send orders in this order and say of each what is known."""
        ...

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        """Ask to cancel orders; whether they are cancelled is reported."""
        ...

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        """Ask to change orders at work; whether they are changed is reported."""
        ...

    def poll(self) -> Sequence[ExecutionReport]:
        """Return what the venue has said since the last call and since it was connected."""
        ...

    def account(self) -> Account:
        """Ask for the money."""
        ...

    def positions(self) -> Mapping[Instrument, float]:
        """Ask for the signed quantities held."""
        ...

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Ask for all orders at work, ours or not, however many pages that takes."""
        ...

    def order(self, order_id: str) -> BrokerOrder | None:
        """Ask for one order by our id, at work or ended; None where the venue has never had it."""
        ...

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        """Ask for all executions after the one with this id, oldest first; empty: as far back as the venue reaches."""
        ...

    def activities(self, since: str = "") -> Sequence[Activity]:
        """Ask for what changed the account without an order, after the one with this id, oldest first.

        Empty: as far back as the venue reaches. A venue on which nothing of the kind happens returns nothing.
        """
        ...


@runtime_checkable
class SimulatedBroker(Broker, Protocol):
    """A broker that must be shown the prices it fills at: the exchange, here or in a process of its own."""

    def advance(self, bar: int, quotes: Mapping[Instrument, Quote], years: float) -> float:
        """Process a bar and return what borrowing cost in it; the last bar again changes nothing and says the same.

        Parameters
        ----------
        bar
            Its number.
        quotes
            Prices of the bar.
        years
            Time since the bar before, for the cost of borrowing.
        """
        ...

    def lend(self, credit: float) -> None:
        """Let cash fall to ``-credit``."""
        ...

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position without an order: its data have ended, or it has expired."""
        ...
