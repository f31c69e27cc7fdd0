"""The order path: from intents to a broker, durable before anything is sent, and the same through any restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.contracts import Outcome, Response, SimulatedBroker
from tradewind.model import ExecutionReport, OrderEvent, OrderEventKind, ReasonCode, ReportKind
from tradewind.model.wire import report_from, report_to
from tradewind.orders.account import AccountPort
from tradewind.orders.board import Board
from tradewind.orders.cancelling import Cancellations
from tradewind.orders.delivery import Delivery, Dispatch, plain
from tradewind.orders.machine import Act, Order, act, applied
from tradewind.orders.naming import client_id, named
from tradewind.orders.outside import Outside
from tradewind.orders.reconcile import Differences, Reconciliation, ended_there, opening_cash
from tradewind.orders.talks import Talks
from tradewind.orders.waiting import WaitingOrders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.exchange import MarkSource
    from tradewind.exchange.rules import PathPrices
    from tradewind.model import Activity, Instrument, OrderIntent
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.courier import Courier
    from tradewind.orders.talks import Recorded, TalkLog

__all__ = ["OrderPath"]

_EVENTS = {
    ReportKind.ACCEPTED: OrderEventKind.ACCEPTED,
    ReportKind.REJECTED: OrderEventKind.REJECTED,
    ReportKind.CANCELLED: OrderEventKind.CANCELLED,
    ReportKind.EXPIRED: OrderEventKind.EXPIRED,
    ReportKind.REPLACED: OrderEventKind.REPLACED,
}


class OrderPath(AccountPort):
    """An `tradewind.exchange.ExecutionPort` over a broker.

    A batch is sent after the journal has it, with ids that never change. On a restart the session is run again over the
    recorded bars: what is recorded is answered from the record and sent to nobody, until the record ends; from there on
    the broker is asked what it knows before anything is sent that may have been sent.

    Nothing new is sent while the account at the venue differs from ours without an explanation, or an order is in
    doubt: intents are then rejected with the reason ``unexplained``.

    Parameters
    ----------
    courier
        Who delivers orders, and to which broker.
    log
        The journal.
    account
        Own account.
    instruments
        Whose quotes a simulated broker is shown.
    tag
        Prefix of client order ids, unique for the session at its venue.
    recorded
        Talks of earlier processes of this session.
    rehearses
        Whether the broker lives in this process, so that a restart has it do everything again.
    forbidden
        Whether nothing may be sent because an operator is to be heard first.
    """

    def __init__(
        self,
        *,
        courier: Courier,
        log: TalkLog,
        account: OwnAccount,
        instruments: Sequence[Instrument],
        tag: str,
        recorded: Recorded,
        rehearses: bool = False,
        forbidden: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(account)
        self.broker = courier.broker
        self.orders: dict[str, Order] = {}
        """Every order of the session by client order id."""
        self.open_orders: dict[str, Order] = {}
        """Those that have not ended."""
        self.undelivered: dict[str, Response] = {}
        """Dead letters: orders that were not delivered, or may not have been, with what is known of each."""
        self.blocked: Sequence[str] = ()
        """What stood against sending anything when it was last looked at."""
        self._courier = courier
        self._instruments = tuple(instruments)
        self._tag = tag
        self._talks = Talks(log, recorded, self._go_live, rehearses=rehearses)
        self._simulated = self.broker if isinstance(self.broker, SimulatedBroker) else None
        self._rehearses = rehearses
        self._credit = 0.0
        self._requests = 0
        self._waiting = WaitingOrders(courier.clock, courier.retries.longest_wait_for_sells_seconds)
        self._events: list[OrderEvent] = []
        self._own: dict[str, str] = {}
        self._last_execution = ""
        self._liquidated: set[str] = set()
        self._reconciliation = Reconciliation(
            self.broker, account, self.orders, self.open_orders, self._liquidated, courier.clock
        )
        self._reconciliation.compared = rehearses
        self._delivery = Delivery(courier, self._reconciliation, self.undelivered, account.held, forbidden)
        self._outside = Outside(self._talks, self._reconciliation, account, instruments)
        self._cancellations = Cancellations(courier.clock)

    @property
    def live(self) -> bool:
        """Whether the record has ended and the broker is talked to."""
        return self._talks.live

    @property
    def differences(self) -> Differences:
        """What the venue has otherwise than our fills say; nothing is sent while there is any."""
        return self._reconciliation.differences

    def process(self, bar: int, quotes: MarkSource, *, years: float = 0.0) -> None:
        """Let a bar happen: a simulated broker is shown its prices, a real one acts by itself."""
        self._talks.begin(bar)
        self._outside.mark = quotes.mark
        if bar == 0 and not self._rehearses:
            self.account.cash = self._talks.request("open", lambda _: opening_cash(self.broker))
        if self._simulated is None:
            return
        venue = self._simulated
        borrowed: float = self._talks.request("advance", lambda _: venue.advance(bar, self._board(quotes), years))
        if borrowed:
            self.account.borrow(borrowed)

    def accepts(self) -> bool:
        """Tell whether orders are taken now; the accounts are compared first, a few seconds apart at the closest."""
        self.blocked = self._talks.look("blocked", lambda: [] if self._rehearses else self._delivery.blocked())
        self._outside.hear()
        return not self.blocked

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:  # noqa: ARG002 of the port
        """Deliver a batch; what the venue refuses, or cannot do, is rejected with an event."""
        longest = self.broker.capabilities.order_id_length
        sent = [named(intent, self._tag, longest) for intent in intents]
        self._own.update({there.order_id: here.order_id for here, there in zip(intents, sent, strict=True)})
        for intent in sent:
            self.orders[intent.order_id] = self.open_orders[intent.order_id] = Order(intent=intent)
        free = self._waiting.hold_replacements(sent, self.open_orders.values(), self._cancellations.wanted)
        sells = [intent for intent in sent if intent.quantity < 0.0]
        waits = bool(sells) and self.broker.capabilities.waits_for_sells
        now = [intent for intent in free if intent.quantity < 0.0] if waits else free
        if now:
            self._send(now)
        if waits:
            buys = [intent for intent in free if intent.quantity > 0.0]
            self._waiting.hold(buys, {one.order_id: 0.0 for one in sells}, patient=False)

    def cancel_orders(self, order_ids: Sequence[str]) -> None:
        """Ask to cancel what of these orders is at work; what was never delivered is dropped at once."""
        names = [self._client_id(order_id) for order_id in order_ids]
        for name in names:
            if name in self.undelivered:
                self.drop(name, "cancelled")
            elif name in self._waiting:
                self._waiting.remove([name])
                self._receive(ExecutionReport(name, ReportKind.CANCELLED, reason="cancelled"))
        self._ask_to_cancel([name for name in names if name in self.open_orders])

    def _ask_to_cancel(self, names: list[str]) -> None:
        if not names:
            return
        self._cancellations.want(names)
        self._requests += 1
        request_id = f"cancel-{self._requests}"
        for order_id, outcome, reason, _ in self._talks.request(
            "cancel", lambda again: plain(self._courier.cancel(names, again=again)), names
        ):
            self._act(order_id, Act.CANCEL_ASKED, request_id)
            if outcome in (Outcome.REFUSED, Outcome.NOT_SENT):
                self._receive(ExecutionReport(order_id, ReportKind.CANCEL_REJECTED, request_id, reason=reason))

    def drop(self, order_id: str, reason: str) -> None:
        """Give up an order that was certainly not delivered."""
        if self.undelivered[order_id].outcome is Outcome.NOT_SENT:
            del self.undelivered[order_id]
            self._receive(ExecutionReport(order_id, ReportKind.CANCELLED, reason=reason))

    def deliver_again(self, order_id: str) -> None:
        """Try again to deliver an order."""
        intent = self.orders[order_id].intent
        self._settle(self._talks.request("submit", lambda _: self._delivery.deliver([intent], again=True), [order_id]))

    def idle(self) -> Sequence[OrderEvent]:
        """Hear what the venue says between two bars, send what waited for it, and return what has become of orders.

        What the record has of a bar after its end is gone through again.
        """
        happened = False
        while (recorded := self._talks.recorded_next()) in ("due", "poll", "activities", "cancel"):
            if recorded == "due":
                self._release()
            elif recorded == "poll":
                self._listen()
            elif recorded == "cancel":
                self._ask_to_cancel(self._cancellations.failed(self.open_orders))
            else:
                self._outside.hear()
        if not self._talks.live or self._talks.bar < 0:
            return self._told()
        if self._waiting and (due := self._waiting.due(self.open_orders)):
            happened = True
            self._release(due)
        if heard := self._hear():
            happened = True
            self._listen(lambda: heard)
        if failed := self._cancellations.due(self.open_orders):
            happened = True
            self._ask_to_cancel(failed)
        if happened:
            self._talks.commit()
        return self._told()

    def heed(self, pending: Callable[[], Sequence[Mapping[str, Any]]], *, between_bars: bool) -> Sequence[Any]:
        """Return what operators ask now; on a restart, what they asked at this very point.

        Parameters
        ----------
        pending
            Says what they ask, as plain JSON types.
        between_bars
            Whether nothing is to be noted where they ask nothing.
        """
        if between_bars and self._talks.recorded_next() != "operator":
            asked = pending() if self._talks.live and self._talks.beyond and self._talks.bar >= 0 else ()
            return self._talks.news("operator", lambda: asked) if asked else ()
        return self._talks.news("operator", pending)

    def commit(self) -> None:
        """Make durable what has been said and heard."""
        self._talks.commit()

    def wake(self) -> None:
        """Talk to the broker from now on: what is recorded has been gone through."""
        self._talks.wake()

    def adopt(self) -> None:
        """Take over what the venue has otherwise: positions at their last prices, and its cash.

        A position without a price stays a difference.
        """
        self._listen(self._hear_all)
        self._outside.hear()
        self._events += self._outside.adopt()
        for order_id in self._talks.request("ended", lambda _: ended_there(self.broker, self.open_orders)):
            self._receive(ExecutionReport(order_id, ReportKind.CANCELLED, reason="adopted"))

    def activities(self) -> Sequence[Activity]:
        """Return what has changed the account without an order since the last call."""
        return self._outside.take()

    def poll(self) -> Sequence[OrderEvent]:
        """Return what has become of orders since the last call."""
        self._listen()
        if self._waiting:
            self._release()
        return self._told()

    def _told(self) -> Sequence[OrderEvent]:
        events, self._events = self._events, []
        return events

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``, at a simulated broker; a real one knows its own credit."""
        self._credit = credit
        if self._talks.live and self._simulated is not None:
            self._simulated.lend(credit)

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position at a simulated broker without an order."""
        venue = self._simulated
        if venue is not None:
            name = f"end-{bar}-{instrument.symbol}"
            self._liquidated.add(name)

            def perform(again: bool) -> None:
                venue.liquidate(instrument, price, bar, reason)
                if again and not self._rehearses:
                    # A process that died in between has left the execution with the venue alone.
                    self._reconciliation.ask()

            self._talks.request("liquidate", perform, [name])

    def remaining(self, order_id: str) -> float:
        """Return the signed quantity of an order that is still to fill; 0 where it is not at work."""
        order = self.open_orders.get(self._client_id(order_id))
        return 0.0 if order is None else order.remaining

    def next_event(self, bar: int, stop: int, prices: PathPrices) -> int:  # noqa: ARG002 of the port
        """Return the next bar: a stream is visited bar by bar."""
        return bar + 1

    def end_bar(self, *, compare: bool) -> None:
        """Complete the bar: ask for orders in doubt, compare the accounts where that is due, make the bar durable.

        Raises
        ------
        JournalError
            If the bar cannot be made durable.
        BrokerError
            If the venue cannot be asked.
        """
        self._settle(self._talks.look("ask", self._delivery.ask_doubtful))
        self._ask_to_cancel(self._cancellations.failed(self.open_orders))
        for execution in self._talks.look("agree", lambda: self._agree(due=compare)):
            self._reconciliation.agreed_execution = execution
        self._outside.hear()
        self._talks.end_bar()

    def _listen(self, hear: Callable[[], list[dict[str, object]]] | None = None) -> None:
        for fields in self._talks.look("poll", hear or self._hear):
            self._receive(report_from(fields))

    def _release(self, due: list[str] | None = None) -> None:
        """Send the buys whose sells are done, or have taken too long."""
        order_ids = self._talks.look("due", lambda: self._waiting.due(self.open_orders) if due is None else due)
        if order_ids:
            overtaken = self._waiting.overtaken(self.orders) & set(order_ids)
            self._waiting.remove(order_ids)
            for order_id in overtaken:
                code = ReasonCode.OVERTAKEN
                self._receive(ExecutionReport(order_id, ReportKind.REJECTED, reason=code.value, code=code))
            free = [self.orders[order_id].intent for order_id in order_ids if order_id not in overtaken]
            if free:
                self._send(free)

    def _send(self, intents: Sequence[OrderIntent]) -> None:
        order_ids = [intent.order_id for intent in intents]
        self._settle(
            self._talks.request("submit", lambda again: self._delivery.deliver(intents, again=again), order_ids)
        )

    def _go_live(self) -> None:
        """Connect, and ask for everything that was missed since the record ended."""
        self._courier.connect()
        if self._simulated is not None:
            self._simulated.lend(self._credit)
        if not self._rehearses:
            self._reconciliation.ask()

    def _agree(self, *, due: bool) -> list[str]:
        """Compare the accounts where that is due; return the last execution they agree on, where that is new."""
        if self._rehearses or not (due or self.differences):
            return []
        self._reconciliation.compare()
        new = self._last_execution != self._reconciliation.agreed_execution and not self.differences
        return [self._last_execution] if new else []

    def _hear_all(self) -> list[dict[str, object]]:
        self._reconciliation.ask()
        return self._hear()

    def _hear(self) -> list[dict[str, object]]:
        return [report_to(report) for report in (*self._reconciliation.take(), *self.broker.poll())]

    def _settle(self, answers: Sequence[Dispatch]) -> None:
        """Take in the outcomes of a delivery."""
        for order_id, outcome, reason, code in answers:
            known = self.undelivered.pop(order_id, None)
            if outcome != Outcome.REFUSED or code == ReasonCode.INSUFFICIENT_FUNDS:
                self.account.ordered(self.orders[order_id].intent.instrument)
            if outcome in (Outcome.NOT_SENT, Outcome.UNCERTAIN):
                self.undelivered[order_id] = Response(order_id=order_id, outcome=Outcome(outcome), reason=reason)
            self._follow(order_id, Outcome(outcome), known)
            if outcome == Outcome.REFUSED:
                self._receive(ExecutionReport(order_id, ReportKind.REJECTED, reason=reason, code=ReasonCode(code)))

    def _follow(self, order_id: str, outcome: Outcome, known: Response | None) -> None:
        """Move an order's state to what is known of its delivery."""
        if outcome is Outcome.NOT_SENT:
            if known is not None and known.outcome is Outcome.UNCERTAIN:
                self._act(order_id, Act.ABSENT)
            return
        if known is None or known.outcome is Outcome.NOT_SENT:
            self._act(order_id, Act.SENT)
        if outcome is Outcome.UNCERTAIN:
            self._act(order_id, Act.UNCERTAIN)

    def _act(self, order_id: str, what: Act, request_id: str = "") -> None:
        if order_id in self.open_orders:
            self.orders[order_id] = self.open_orders[order_id] = act(self.open_orders[order_id], what, request_id)

    def _receive(self, report: ExecutionReport) -> None:
        """Fold a report into its order, the account and the events to come."""
        if report.fill is not None:
            self._last_execution = report.execution_id
        before = self.orders.get(report.order_id)
        if before is None:
            self._receive_without_order(report)
            return
        after = self.orders[report.order_id] = applied(before, report)
        if report.kind is not ReportKind.CANCEL_REJECTED:
            self.undelivered.pop(report.order_id, None)
        if after.ended:
            self.open_orders.pop(report.order_id, None)
            self._cancellations.ended(report.order_id)
        else:
            self.open_orders[report.order_id] = after
        name, bar = self._own[report.order_id], self._talks.bar
        if report.fill is not None:
            if report.execution_id not in before.executions:
                # Only a simulation knows our bars; and no venue knows our sectors, lots and calendars.
                filled_on = report.fill.bar if self._simulated is not None else bar
                fill = report.fill._replace(order_id=name, bar=filled_on, instrument=before.intent.instrument)
                self.account.apply(fill)
                self._events.append(OrderEvent(name, fill.bar, OrderEventKind.FILL, "", fill))
        elif after.standing is not before.standing and report.kind in _EVENTS:
            self._events.append(OrderEvent(name, bar, _EVENTS[report.kind], report.reason, None, report.code))

    def _receive_without_order(self, report: ExecutionReport) -> None:
        """Book the end of an instrument's data; whatever else is not ours shows as a difference."""
        if report.fill is None or report.order_id not in self._liquidated:
            return
        self._liquidated.discard(report.order_id)
        self.account.apply(report.fill, without_order=True)
        event = OrderEvent(report.order_id, self._talks.bar, OrderEventKind.FILL, report.reason, report.fill)
        self._events.append(event)

    def _client_id(self, order_id: str) -> str:
        return client_id(self._tag, order_id, self.broker.capabilities.order_id_length)

    def _board(self, quotes: MarkSource) -> Board:
        waiting = [order.intent.instrument for order in self.open_orders.values()]
        return Board(quotes, dict.fromkeys((*self._instruments, *self.account.quantities(), *waiting)))
