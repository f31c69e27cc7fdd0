"""Delivery of orders: again only where that is safe, and never in doubt."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tradewind.contracts import Outcome, Response
from tradewind.errors import BrokerError
from tradewind.model import TERMINAL_STATES, OrderState, ReasonCode
from tradewind.model.frozen import changed
from tradewind.orders.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tradewind.contracts import Broker, BrokerOrder
    from tradewind.model import OrderIntent

__all__ = ["Courier", "Retries"]

Message = TypeVar("Message")

_OPEN = (Outcome.NOT_SENT, Outcome.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how patiently something is tried again.

    Parameters
    ----------
    attempts
        Tries in all, at least 1.
    first_wait_seconds, longest_wait_seconds
        The wait doubles from the first to the longest; a longer one that the venue asks for is granted.
    jitter
        Part of the wait by which it varies, so that many clients do not come back together.
    longest_wait_for_sells_seconds
        How long buys wait for the fills of the sells that pay for them, where the venue wants them to.
    longest_granted_seconds
        Wait up to which a venue that asks for one is waited for; what is open is given up for now where it wants more.
    """

    attempts: int = 4
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 5.0
    jitter: float = 0.5
    longest_wait_for_sells_seconds: float = 30.0
    longest_granted_seconds: float = 60.0


@dataclass(slots=True)
class Courier:
    """Sends orders and finds out what became of each.

    What certainly was not sent is sent again. What may have been sent is asked for at the venue first, and sent again
    only where the venue, asked, has never had it. What is open when the attempts are used up stays ``NOT_SENT`` or
    ``UNCERTAIN``.

    Parameters
    ----------
    broker
        Where to.
    retries
        How patiently.
    sleep, clock
        Wait some seconds; tell seconds.
    before_sending
        Called each time before orders are handed to the broker; raises where they are not this process's to send.
    """

    broker: Broker
    retries: Retries = field(default_factory=Retries)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    before_sending: Callable[[], None] = lambda: None
    _random: random.Random = field(default_factory=random.Random)
    _throttle: Throttle | None = None

    def connect(self) -> None:
        """Open the connection, patiently.

        Raises
        ------
        BrokerError
            If the venue cannot be reached in all attempts.
        """
        for attempt in range(self.retries.attempts):
            if attempt:
                self.sleep(self._wait_seconds(attempt, ()))
            try:
                self.broker.connect()
            except BrokerError:
                if attempt + 1 == self.retries.attempts:
                    raise
            else:
                return

    def deliver(self, intents: Sequence[OrderIntent], *, again: bool) -> list[Response]:
        """Send orders; ``again`` where an earlier process may have sent them."""
        first = Outcome.UNCERTAIN if again else Outcome.NOT_SENT
        known = {intent.order_id: Response(order_id=intent.order_id, outcome=first) for intent in intents}
        for attempt in range(self.retries.attempts):
            wait = self._wait_seconds(attempt, known.values()) if attempt else 0.0
            if wait > self.retries.longest_granted_seconds:
                break
            if wait:
                self.sleep(wait)
            known.update(self.ask([one.order_id for one in known.values() if one.outcome is Outcome.UNCERTAIN]))
            ready = [intent for intent in intents if known[intent.order_id].outcome is Outcome.NOT_SENT]
            for some in self._paced(ready):
                self.before_sending()
                known.update(_said([intent.order_id for intent in some], self.broker.submit(some)))
            if not any(one.outcome in _OPEN for one in known.values()):
                break
        return [known[intent.order_id] for intent in intents]

    def cancel(self, order_ids: Sequence[str], *, again: bool = False) -> list[Response]:
        """Ask to cancel orders, as often as it takes; ``again`` where an earlier process may have asked."""
        first = Outcome.UNCERTAIN if again else Outcome.NOT_SENT
        known = {order_id: Response(order_id=order_id, outcome=first) for order_id in order_ids}
        for attempt in range(self.retries.attempts):
            wait = self._wait_seconds(attempt, known.values()) if attempt else 0.0
            if wait > self.retries.longest_granted_seconds:
                break
            if wait:
                self.sleep(wait)
            known.update(self._ended([one.order_id for one in known.values() if one.outcome is Outcome.UNCERTAIN]))
            for some in self._paced([one.order_id for one in known.values() if one.outcome in _OPEN]):
                known.update(_said(some, self.broker.cancel(some)))
            if not any(one.outcome in _OPEN for one in known.values()):
                break
        return [known[order_id] for order_id in order_ids]

    def find(self, order_ids: Sequence[str], code: ReasonCode) -> list[Response]:
        """Find out what became of orders and send none; ``code`` says why of those that never arrived."""
        answers = self.ask(order_ids)
        found = [answers.get(name) or Response(order_id=name, outcome=Outcome.UNCERTAIN) for name in order_ids]
        return [changed(one, reason=code.value, code=code) if one.outcome is Outcome.NOT_SENT else one for one in found]

    def ask(self, order_ids: Sequence[str]) -> dict[str, Response]:
        """Ask the venue for doubtful orders: taken, refused, or not sent where it has never had one."""
        answers: dict[str, Response] = {}
        for order_id in order_ids:
            try:
                order = self._look_up(order_id)
            except BrokerError as error:
                return {**answers, order_id: Response(order_id=order_id, outcome=Outcome.UNCERTAIN, reason=str(error))}
            if order is None:
                answers[order_id] = Response(order_id=order_id, outcome=Outcome.NOT_SENT)
            else:
                refused = order.state is OrderState.REJECTED and not order.filled
                answers[order_id] = Response(
                    order_id=order_id,
                    outcome=Outcome.REFUSED if refused else Outcome.TAKEN,
                    reason=order.reason,
                    code=order.code,
                )
        return answers

    def _ended(self, order_ids: Sequence[str]) -> dict[str, Response]:
        """Return those of these orders that work no more: a request to cancel them is done with."""
        answers: dict[str, Response] = {}
        for order_id in order_ids:
            try:
                order = self._look_up(order_id)
            except BrokerError:
                break
            if order is not None and order.state in TERMINAL_STATES:
                answers[order_id] = Response(order_id=order_id, outcome=Outcome.TAKEN)
        return answers

    def _look_up(self, order_id: str) -> BrokerOrder | None:
        for _ in self._paced([order_id]):
            order = self.broker.order(order_id)
        return order

    def _paced(self, messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """Yield as many messages together as the venue takes, each lot when it takes them."""
        most = self.broker.capabilities.messages_per_minute
        if most and self._throttle is None:
            self._throttle = Throttle(most, 60.0, self.clock)
        while messages:
            count = len(messages)
            if self._throttle is not None:
                count, seconds = self._throttle.take(count)
                self.sleep(seconds)
            yield messages[:count]
            messages = messages[count:]

    def _wait_seconds(self, attempt: int, responses: Iterable[Response]) -> float:
        wait = min(self.retries.first_wait_seconds * 2.0 ** (attempt - 1), self.retries.longest_wait_seconds)
        varied = wait * (1.0 + self.retries.jitter * self._random.uniform(-1.0, 1.0))
        return max([varied, *(response.retry_after_seconds for response in responses)])


def _said(order_ids: Sequence[str], responses: Sequence[Response]) -> dict[str, Response]:
    """Return what was said of each order; what nothing was said of may have arrived."""
    said = {response.order_id: response for response in responses}
    nothing = "the broker said nothing of it"
    return {
        order_id: said.get(order_id) or Response(order_id=order_id, outcome=Outcome.UNCERTAIN, reason=nothing)
        for order_id in order_ids
    }
