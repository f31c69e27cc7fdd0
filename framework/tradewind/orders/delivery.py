"""What is sent, and what is not: nothing leaves while the accounts differ or an order is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.contracts import Outcome, Response
from tradewind.model import ReasonCode
from tradewind.orders.waiting import unsupported
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from tradewind.model import Instrument, OrderIntent
    from tradewind.orders.courier import Courier
    from tradewind.orders.reconcile import Reconciliation

__all__ = ["Delivery", "Dispatch", "closable", "plain"]

_SECONDS_BETWEEN_QUESTIONS = 5.0

Dispatch = tuple[str, str, str, str]
"""A response as the journal holds it: order id, outcome, reason, code."""


def plain(responses: Sequence[Response]) -> list[Dispatch]:
    """Return responses as the journal holds them."""
    return [(one.order_id, one.outcome.value, one.reason, one.code.value) for one in responses]


def closable(instrument: Instrument, blocked: Sequence[str], orders: Container[str]) -> bool:
    """Tell whether a position may be closed though something stands against orders: not an order, and not itself."""
    in_question = any(one.startswith("order ") or one in orders for one in blocked)
    return not in_question and instrument.symbol not in blocked


class Delivery:
    """Sends batches through a courier, while nothing stands against it.

    Parameters
    ----------
    courier
        Who delivers.
    reconciliation
        Knows whether the accounts agree.
    undelivered
        Orders that were not delivered, or may not have been.
    held
        Signed quantity of an instrument that is held.
    forbidden
        Whether nothing may be sent: an operator is to be heard first.
    """

    def __init__(
        self,
        courier: Courier,
        reconciliation: Reconciliation,
        undelivered: Mapping[str, Response],
        held: Callable[[Instrument], float],
        forbidden: Callable[[], bool] = lambda: False,
    ) -> None:
        self._courier = courier
        self._reconciliation = reconciliation
        self._undelivered = undelivered
        self._held = held
        self._forbidden = forbidden
        self._asked_at = float("-inf")

    def deliver(self, intents: Sequence[OrderIntent], *, again: bool) -> list[Dispatch]:
        """Send what the broker can do; ``again`` where an earlier process may have sent it."""
        reconciliation = self._reconciliation
        if not reconciliation.compared or reconciliation.differences:
            reconciliation.compare()
        names = [intent.order_id for intent in intents]
        blocked = ReasonCode.NONE
        if self._forbidden():
            blocked = ReasonCode.OPERATOR
        elif reconciliation.differences or not self._doubtful() <= set(names):
            blocked = ReasonCode.UNEXPLAINED
        free = [one for one in intents if not blocked or self._closes(one, blocked)]
        held_back = [one for one in intents if blocked and not self._closes(one, blocked)]
        if again:
            # An earlier process may have sent them: what became of them is found out, and nothing else.
            told = self._courier.find([one.order_id for one in held_back], blocked)
        else:
            told = [refusal for one in held_back if (refusal := self._refusal(one, blocked)) is not None]
        refused = {intent.order_id: self._refusal(intent, ReasonCode.NONE) for intent in free}
        deliverable = [intent for intent in free if refused[intent.order_id] is None]
        sent = self._courier.deliver(deliverable, again=again) if deliverable else []
        answers = {one.order_id: one for one in (*told, *sent, *(one for one in refused.values() if one is not None))}
        return plain([answers[name] for name in names])

    def blocked(self) -> list[str]:
        """Return what nothing may be sent for; nothing where all is well. Compares the accounts where that is due."""
        if self._reconciliation.differences or self._reconciliation.due():
            self._reconciliation.compare()
        return [*sorted(self._reconciliation.differences), *sorted(self._doubtful())]

    def ask_doubtful(self) -> list[Dispatch]:
        """Ask the venue for the orders in doubt; return what is no longer."""
        self._asked_at = self._courier.clock()
        answers = self._courier.ask(sorted(self._doubtful())).values()
        return plain([answer for answer in answers if answer.outcome is not Outcome.UNCERTAIN])

    def ask_doubtful_again(self) -> list[Dispatch]:
        """Ask for them as `ask_doubtful` does, some seconds apart at the closest."""
        due = self._courier.clock() - self._asked_at >= _SECONDS_BETWEEN_QUESTIONS
        return self.ask_doubtful() if due and self._doubtful() else []

    def _closes(self, intent: OrderIntent, blocked: ReasonCode) -> bool:
        """Whether an order may be sent though accounts differ: it closes a position on which both sides agree."""
        return (
            blocked is ReasonCode.UNEXPLAINED
            and intent.reason == FLATTEN
            and not self._doubtful()
            and self._reconciliation.agrees_on(intent.instrument)
        )

    def _doubtful(self) -> set[str]:
        return {name for name, known in self._undelivered.items() if known.outcome is Outcome.UNCERTAIN}

    def _refusal(self, intent: OrderIntent, blocked: ReasonCode) -> Response | None:
        """Return why an order is not sent; None where it is."""
        reason = unsupported(intent, self._courier.broker.capabilities, self._held(intent.instrument))
        code = ReasonCode.UNSUPPORTED
        if not reason:
            code, reason = blocked, blocked.value
        if not reason:
            return None
        return Response(order_id=intent.order_id, outcome=Outcome.REFUSED, reason=reason, code=code)
