"""The order path: from intents to a broker, durable before anything is sent, and the same through any restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.contracts import Outcome, Response
from tradewind.errors import BrokerError
from tradewind.model import ExecutionReport, OrderEvent, ReasonCode, ReportKind
from tradewind.model.wire import report_from, report_to
from tradewind.orders.account import AccountPort
from tradewind.orders.cancelling import Cancellations
from tradewind.orders.delivery import Delivery, Dispatch, closable, plain
from tradewind.orders.late import LateOrders
from tradewind.orders.machine import Act, Order
from tradewind.orders.naming import client_id, named
from tradewind.orders.outside import Outside
from tradewind.orders.receipts import Receipts
from tradewind.orders.reconcile import Differences, Reconciliation, ended_there, opening_cash
from tradewind.orders.room import Room
from tradewind.orders.simulation import Simulation
from tradewind.orders.talks import Talks
from tradewind.orders.waiting import WaitingOrders, sells_with, waits_for_sales

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tradewind.exchange import MarkSource
    from tradewind.exchange.rules import PathPrices
    from tradewind.model import Activity, Instrument, OrderIntent
    from tradewind.orders.account import OwnAccount
    from tradewind.orders.courier import Courier
    from tradewind.orders.talks import Recorded, TalkLog

__all__ = ["OrderPath"]


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
        self._cancellations = Cancellations(courier.clock)
        self._receipts = Receipts(account, self._cancellations)
        self.orders: Mapping[str, Order] = self._receipts.orders
        """Every order of the session by client order id."""
        self.open_orders: Mapping[str, Order] = self._receipts.open_orders
        """Those that have not ended."""
        self.undelivered = self._receipts.undelivered
        """Dead letters: orders that were not delivered, or may not have been, with what is known of each."""
        self.blocked: Sequence[str] = ()
        """What stood against sending anything when it was last looked at."""
        self._courier = courier
        self._tag = tag
        self._talks = Talks(log, recorded, self._go_live, rehearses=rehearses)
        self._rehearses = rehearses
        self._requests = 0
        self._waiting = WaitingOrders(courier.clock, courier.retries.longest_wait_for_sells_seconds)
        self._simulation = Simulation(
            self.broker, self._talks, account, self.open_orders, instruments, self._find_liquidations
        )
        self._receipts.simulation = self._simulation
        self._reconciliation = Reconciliation(
            self.broker, account, self.orders, self.open_orders, self._simulation.liquidated, courier.clock, tag
        )
        self._reconciliation.compared = rehearses
        self._delivery = Delivery(
            courier,
            self._reconciliation,
            self.undelivered,
            account.held,
            # What a broker in this process does is done again by the next one, and must come out the same.
            lambda: not rehearses and forbidden(),
        )
        self.late = LateOrders(self.open_orders, self.undelivered, account.held)
        """Orders that have not arrived at the venue."""
        self._outside = Outside(self._talks, self._reconciliation, account, instruments)
        self._room = Room(self.orders, self.open_orders, account, lambda instrument: self._outside.mark(instrument))

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
        self._simulation.advance(bar, quotes, years)

    def accepts(self) -> bool:
        """Tell whether orders are taken now; the accounts are compared first, a few seconds apart at the closest."""
        self.blocked = self._talks.look("blocked", lambda: [] if self._rehearses else self._delivery.blocked())
        self._outside.hear()
        return not self.blocked

    def closes(self, instrument: Instrument) -> bool:
        """Tell whether a position may be closed now, as of `accepts`: both sides agree on it, whatever else differs."""
        return closable(instrument, self.blocked, self.orders)

    def could_close(self, instruments: Iterable[Instrument]) -> bool:
        """Tell whether a position could be closed between two bars; asks the venue, and notes nothing."""
        if self._rehearses or not (self._talks.live and self._talks.beyond and self._talks.bar >= 0):
            return False
        try:
            blocked = self._delivery.blocked()
        except BrokerError:
            return False
        return any(closable(instrument, blocked, self.orders) for instrument in instruments)

    def submit(self, intents: Sequence[OrderIntent], costs: Sequence[float] = ()) -> None:  # noqa: ARG002 of the port
        """Deliver a batch; what the venue refuses, or cannot do, is rejected with an event."""
        longest = self.broker.capabilities.order_id_length
        sent = [named(intent, self._tag, longest) for intent in intents]
        for here, there in zip(intents, sent, strict=True):
            self._receipts.register(here, there)
        at_work, wanted, held = self.open_orders.values(), self._cancellations.wanted, self.account.held
        free = self._waiting.hold_replacements(sent, at_work, wanted, held)
        # Sales of the same decision, also those that went before by themselves.
        sells = [name for name, order in self.open_orders.items() if sells_with(order, sent)]
        waits = bool(sells) and self.broker.capabilities.waits_for_sells
        buys = [one for one in sent if waits and waits_for_sales(one, held(one.instrument))]
        held_back = {intent.order_id for intent in buys}
        now = [intent for intent in free if intent.order_id not in held_back]
        if now:
            self._send(now)
        # Judged with the room of sales beside them, they may not go without it; for the others cash will do.
        apart = set(sells) - {intent.order_id for intent in sent}
        self._waiting.hold(buys, dict.fromkeys(sells, 0.0), patient=False, apart=apart)

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
        if names:
            self._request_cancel(names)

    def _request_cancel(self, names: list[str]) -> None:
        self._cancellations.want(names)
        self._requests += 1
        request_id = f"cancel-{self._requests}"
        for order_id, outcome, reason, _ in self._talks.request(
            "cancel", lambda again: plain(self._courier.cancel(names, again=again)), names
        ):
            self._receipts.act(order_id, Act.CANCEL_ASKED, request_id)
            if outcome != Outcome.TAKEN:
                self._receive(ExecutionReport(order_id, ReportKind.CANCEL_REJECTED, request_id, reason=reason))

    def drop(self, order_id: str, reason: str) -> None:
        """Give up an order that was certainly not delivered."""
        if self.undelivered[order_id].outcome is Outcome.NOT_SENT:
            del self.undelivered[order_id]
            self._receive(ExecutionReport(order_id, ReportKind.CANCELLED, reason=reason))

    def deliver_again(self, order_id: str) -> None:
        """Try again to deliver an order."""
        self._send([self.orders[order_id].intent], late=True)

    def idle(self) -> Sequence[OrderEvent]:
        """Hear what the venue says between two bars, send what waited for it, and return what has become of orders.

        What the record has of a bar after its end is gone through again.
        """
        happened = False
        repeated: dict[str, Callable[[], None]] = {
            "ask": self._ask,
            "due": self._release,
            "poll": self._listen,
            "activities": self._outside.hear,
            "cancel": lambda: self._request_cancel(self._cancellations.failed(self.open_orders)),
        }
        while (recorded := self._talks.recorded_next()) in repeated:
            repeated[recorded]()
        if not self._talks.live or self._talks.bar < 0:
            return self._receipts.told()
        if self._waiting and (due := self._waiting.due(self.open_orders)):
            happened = True
            self._release(due)
        if heard := self._hear():
            happened = True
            self._listen(lambda: heard)
        if answers := self._delivery.ask_doubtful_again():
            happened = True
            self._ask(answers)
        if failed := self._cancellations.due(self.open_orders):
            happened = True
            self._ask_to_cancel(failed)
        if happened:
            self._talks.commit()
        return self._receipts.told()

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
        self._receipts.events += self._outside.adopt()
        for order_id in self._talks.request("ended", lambda _: ended_there(self.broker, self.open_orders)):
            self._receive(ExecutionReport(order_id, ReportKind.CANCELLED, reason="adopted"))

    def catch_up(self) -> Sequence[OrderEvent]:
        """Hear all that the venue has to say, and return what has become of orders."""
        self._listen(self._hear_all)
        self._outside.hear()
        return self._receipts.told()

    def take_over(self, intents: Sequence[OrderIntent]) -> Sequence[OrderEvent]:
        """Own orders that a kill switch has sent in the session's name, or was about to; return what became of them."""
        longest = self.broker.capabilities.order_id_length
        for intent in intents:
            sent = named(intent, self._tag, longest)
            self._receipts.register(intent, sent)
            self._receipts.act(sent.order_id, Act.SENT)
            self._receipts.act(sent.order_id, Act.UNCERTAIN)
            self.undelivered[sent.order_id] = Response(order_id=sent.order_id, outcome=Outcome.UNCERTAIN)
            self.account.ordered(intent.instrument)
        self._ask()
        last = {intent.instrument: intent.order_id for intent in intents}
        for intent in intents:
            name = client_id(self._tag, intent.order_id, longest)
            if name in self.undelivered and last[intent.instrument] != intent.order_id:
                self.drop(name, "never arrived")
        return self.catch_up()

    def deliver_late(self, *, closings: bool) -> None:
        """Deliver late orders again, under their own names: one may still be under way. Drop what closes no more.

        Stops and limits are what their sleeves want by now, and may be more than all sleeves together hold.
        """
        late = self.late.closings() if closings else self.late.protective(before=self._talks.bar)
        going: dict[object, OrderIntent] = {}
        for intent in late:
            if closings and not self.late.closes(intent):
                self.drop(intent.order_id, "not sent")
            else:
                # Of several closings of a position one goes at a time: the next call drops or sends the others.
                going.setdefault(intent.instrument if closings else intent.order_id, intent)
        if going:
            self._send(list(going.values()), late=True)

    def activities(self) -> Sequence[Activity]:
        """Return what has changed the account without an order since the last call."""
        return self._outside.take()

    def poll(self) -> Sequence[OrderEvent]:
        """Return what has become of orders since the last call."""
        self._listen()
        if self._waiting:
            self._release()
        return self._receipts.told()

    def lend(self, credit: float) -> None:
        """Let buys take cash down to ``-credit``, at a simulated broker; a real one knows its own credit."""
        self._simulation.lend(credit)

    def liquidate(self, instrument: Instrument, price: float, bar: int, reason: str) -> None:
        """Close a position at a simulated broker without an order."""
        self._simulation.liquidate(instrument, price, bar, reason)

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
        self._ask()
        self._ask_to_cancel(self._cancellations.failed(self.open_orders))
        for execution in self._talks.look("agree", lambda: self._agree(due=compare)):
            self._reconciliation.agreed_execution = execution
        self._outside.hear()
        self._talks.end_bar()

    def _listen(self, hear: Callable[[], list[dict[str, object]]] | None = None) -> None:
        for fields in self._talks.look("poll", hear or self._hear):
            self._receive(report_from(fields))

    def _release(self, due: list[str] | None = None) -> None:
        """Send the buys whose sells have made room for them; give up the others, and what was overtaken."""
        order_ids = self._talks.look("due", lambda: self._waiting.due(self.open_orders) if due is None else due)
        if order_ids:
            overtaken = self._waiting.overtaken(self.orders) & set(order_ids)
            overtaken |= self._waiting.unpaid(order_ids, self._room, overtaken)
            self._waiting.remove(order_ids)
            for order_id in [name for name in order_ids if name in overtaken]:
                code = ReasonCode.OVERTAKEN
                self._receive(ExecutionReport(order_id, ReportKind.REJECTED, reason=code.value, code=code))
            free = [self.orders[order_id].intent for order_id in order_ids if order_id not in overtaken]
            if free:
                self._send(free)

    def _send(self, intents: Sequence[OrderIntent], *, late: bool = False) -> None:
        """Deliver orders; ``late`` ones were tried before."""
        order_ids, deliver = [intent.order_id for intent in intents], self._delivery.deliver
        self._settle(self._talks.request("submit", lambda again: deliver(intents, again=again or late), order_ids))

    def _ask(self, answers: Sequence[Dispatch] | None = None) -> None:
        """Ask the venue for the orders in doubt, or take in what it has answered."""
        self._settle(self._talks.look("ask", self._delivery.ask_doubtful if answers is None else lambda: answers))

    def _go_live(self) -> None:
        """Connect, and ask for everything that was missed since the record ended."""
        self._courier.connect()
        self._simulation.connected()
        if not self._rehearses:
            self._reconciliation.ask()

    def _agree(self, *, due: bool) -> list[str]:
        """Compare the accounts where that is due; return the last execution they agree on, where that is new."""
        if self._rehearses or not (due or self.differences):
            return []
        self._reconciliation.compare()
        new = self._receipts.last_execution != self._reconciliation.agreed_execution and not self.differences
        return [self._receipts.last_execution] if new else []

    def _find_liquidations(self) -> None:
        if not self._rehearses:
            self._reconciliation.ask()

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
            elif outcome == Outcome.NOT_SENT and order_id in self._cancellations.wanted:
                self.drop(order_id, "cancelled")

    def _follow(self, order_id: str, outcome: Outcome, known: Response | None) -> None:
        """Move an order's state to what is known of its delivery."""
        if outcome is Outcome.NOT_SENT:
            if known is not None and known.outcome is Outcome.UNCERTAIN:
                self._receipts.act(order_id, Act.ABSENT)
            return
        if known is None or known.outcome is Outcome.NOT_SENT:
            self._receipts.act(order_id, Act.SENT)
        if outcome is Outcome.UNCERTAIN:
            self._receipts.act(order_id, Act.UNCERTAIN)
        elif outcome is Outcome.TAKEN and known is not None and known.outcome is Outcome.UNCERTAIN:
            # The venue's own report may have been lost, and who waits for it would never cancel the order.
            self._receive(ExecutionReport(order_id, ReportKind.ACCEPTED))

    def _receive(self, report: ExecutionReport) -> None:
        self._receipts.receive(report, self._talks.bar)

    def _client_id(self, order_id: str) -> str:
        return client_id(self._tag, order_id, self.broker.capabilities.order_id_length)
