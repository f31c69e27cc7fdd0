"""Exchanges with one fault each."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tradewind.contracts import Account, BrokerCapabilities, BrokerOrder, Outcome, Replacement, Response
from tradewind.errors import BrokerError
from tradewind.exchange import ExchangeBroker
from tradewind.model import ExecutionReport, Instrument, OrderIntent, OrderState, OrderType, ReasonCode, ReportKind

__all__ = ["EXCHANGES"]


class OneAnswer(ExchangeBroker):
    """Answers a batch once."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit(intents)[:1]


class OwnIds(ExchangeBroker):
    """Uses an id of its own, so that the same order can be sent twice."""

    sent = 0

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        renamed = []
        for intent in intents:
            self.sent += 1
            known = super().order(intent.order_id) is not None
            name = f"{intent.order_id}.{self.sent}" if known else intent.order_id
            renamed.append(dataclasses.replace(intent, order_id=name))
        answers = super().submit(renamed)
        return [dataclasses.replace(one, order_id=it.order_id) for one, it in zip(answers, intents, strict=True)]


class Unsigned(ExchangeBroker):
    """Shows positions without their sign."""

    def positions(self) -> Mapping[Instrument, float]:
        return {one: abs(quantity) for one, quantity in super().positions().items()}


class CutIds(ExchangeBroker):
    """Cuts ids to what its venue takes."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit([dataclasses.replace(one, order_id=one.order_id[:48]) for one in intents])


class WrongCode(ExchangeBroker):
    """Has one code for all refusals."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return [
            dataclasses.replace(one, code=ReasonCode.OTHER if one.code else one.code) for one in super().submit(intents)
        ]


class Optimist(ExchangeBroker):
    """Takes every order and keeps the refusal to itself."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        answers = super().submit(intents)
        return [Response(order_id=one.order_id, outcome=Outcome.TAKEN) for one in answers]

    def poll(self) -> Sequence[ExecutionReport]:
        return [one for one in super().poll() if one.kind is not ReportKind.REJECTED]


class WholeShares(ExchangeBroker):
    """Rounds quantities."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit([dataclasses.replace(one, quantity=float(round(one.quantity))) for one in intents])


class AllMarket(ExchangeBroker):
    """Sends every order at the market."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit([dataclasses.replace(one, order_type=OrderType.MARKET) for one in intents])


class Rounded(ExchangeBroker):
    """Rounds limits to whole units of money."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit(
            [
                one if one.limit_price is None else dataclasses.replace(one, limit_price=float(round(one.limit_price)))
                for one in intents
            ]
        )


class Percent(ExchangeBroker):
    """Sends a fraction where percent are wanted."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit(
            [
                one if one.trail_fraction is None else dataclasses.replace(one, trail_fraction=one.trail_fraction / 100)
                for one in intents
            ]
        )


class Forever(ExchangeBroker):
    """Sends all orders as good till cancelled."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        gtc = BrokerCapabilities().times_in_force
        lasting = next(one for one in gtc if one.value == "gtc")
        return super().submit([dataclasses.replace(one, time_in_force=lasting) for one in intents])


class Unlinked(ExchangeBroker):
    """Says that it links orders and sends each by itself."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return super().submit([dataclasses.replace(one, parent_id="", oca_group="") for one in intents])


class TotalFill(ExchangeBroker):
    """Reports what is filled in all as the size of each execution."""

    def poll(self) -> Sequence[ExecutionReport]:
        reports = []
        for one in super().poll():
            order = self.order(one.order_id)
            if one.fill is not None and order is not None:
                one = one._replace(fill=one.fill._replace(quantity=order.filled))
            reports.append(one)
        return reports


class LastPrice(ExchangeBroker):
    """Shows the last price as the average."""

    def order(self, order_id: str) -> BrokerOrder | None:
        order = super().order(order_id)
        prices = [one.fill.price for one in self.executions() if one.fill and one.order_id == order_id]
        return dataclasses.replace(order, average_price=prices[-1]) if order and prices else order


class ZeroAverage(ExchangeBroker):
    """Shows an average of 0 before a fill."""

    def order(self, order_id: str) -> BrokerOrder | None:
        order = super().order(order_id)
        if order is None or not math.isnan(order.average_price):
            return order
        return dataclasses.replace(order, average_price=0.0)


class OneIdentity(ExchangeBroker):
    """Names an execution by its order."""

    def poll(self) -> Sequence[ExecutionReport]:
        return [one._replace(execution_id=one.order_id if one.fill else "") for one in super().poll()]


class FlatPositions(ExchangeBroker):
    """Lists what was sold with 0 units."""

    def positions(self) -> Mapping[Instrument, float]:
        traded = {one.fill.instrument: 0.0 for one in self.executions() if one.fill}
        return {**traded, **super().positions()}


class CancelsAll(ExchangeBroker):
    """Cancels everything where nothing is named."""

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        super().cancel(order_ids or [one.order_id for one in self.open_orders()])
        return (
            super().cancel([])
            if not order_ids
            else [Response(order_id=one, outcome=Outcome.TAKEN) for one in order_ids]
        )


class Deaf(ExchangeBroker):
    """Takes cancellations and does not pass them on."""

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        return [Response(order_id=one, outcome=Outcome.TAKEN) for one in order_ids]


class BySymbol(ExchangeBroker):
    """Cancels all orders of an instrument."""

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        known = [order for order in map(self.order, order_ids) if order]
        others = [one.order_id for one in self.open_orders() if one.instrument in [order.instrument for order in known]]
        answers = super().cancel(order_ids)
        super().cancel([one for one in others if one not in order_ids])
        return answers


class Additional(ExchangeBroker):
    """Takes the quantity of a replacement for what is still to fill."""

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        changed = []
        for one in replacements:
            order = self.order(one.order_id)
            more = order.filled if order else 0.0
            changed.append(dataclasses.replace(one, quantity=one.quantity + more) if one.quantity else one)
        return super().replace(changed)


class ShrugsReplace(ExchangeBroker):
    """Says that every change was made."""

    def replace(self, replacements: Sequence[Replacement]) -> Sequence[Response]:
        super().replace(replacements)
        return [Response(order_id=one.order_id, outcome=Outcome.TAKEN) for one in replacements]


class Echo(ExchangeBroker):
    """Reports everything twice."""

    def poll(self) -> Sequence[ExecutionReport]:
        reports = list(super().poll())
        self._reports = getattr(self, "again", [])
        self.again = [] if self._reports else reports
        return reports


class Waiting(ExchangeBroker):
    """Waits in poll for something to happen."""

    def poll(self) -> Sequence[ExecutionReport]:
        time.sleep(0.03)
        return super().poll()


class OnePage(ExchangeBroker):
    """Reads the first page of open orders."""

    def open_orders(self) -> Sequence[BrokerOrder]:
        return list(super().open_orders())[:50]


class Inclusive(ExchangeBroker):
    """Lists the execution that was named once more."""

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        listed = super().executions()
        names = [one.execution_id for one in listed]
        return listed[names.index(since) :] if since else listed


class Swallowing(ExchangeBroker):
    """Drops the reports when it is asked something."""

    def account(self) -> Account:
        self._reports = []
        return super().account()


class Raising(ExchangeBroker):
    """Raises where an order is not known."""

    def order(self, order_id: str) -> BrokerOrder | None:
        order = super().order(order_id)
        if order is None:
            raise BrokerError(f"404 {order_id}")
        return order


class Forgetting(ExchangeBroker):
    """Knows of ended orders only what this connection has seen."""

    def connect(self) -> None:
        super().connect()
        over = [name for name, one in self._orders.items() if one.state is OrderState.FILLED]
        for name in over:
            del self._orders[name]


class Anew(ExchangeBroker):
    """Numbers executions anew on each connection."""

    connections = 0

    def connect(self) -> None:
        super().connect()
        self.connections += 1

    def executions(self, since: str = "") -> Sequence[ExecutionReport]:
        listed = super().executions(since.rpartition("/")[2])
        return [one._replace(execution_id=f"{self.connections}/{one.execution_id}") for one in listed]


class CancelsOnClose(ExchangeBroker):
    """Cancels what is at work when the connection ends."""

    def close(self) -> None:
        self.cancel([one.order_id for one in self.open_orders()])


class OldNews(ExchangeBroker):
    """Reports all executions again after each connection."""

    def connect(self) -> None:
        super().connect()
        self._reports = list(self.executions())


class FreeOfCharge(ExchangeBroker):
    """Leaves the costs out of the fills."""

    def poll(self) -> Sequence[ExecutionReport]:
        return [one._replace(fill=one.fill._replace(commission=0.0)) if one.fill else one for one in super().poll()]


class StalePrices(ExchangeBroker):
    """Values positions at what they were bought for."""

    def account(self) -> Account:
        account = super().account()
        paid = sum(one.fill.quantity * one.fill.price for one in self.executions() if one.fill)
        return dataclasses.replace(account, equity=account.cash + paid)


class Text(ExchangeBroker):
    """Leaves numbers as the text that came over the wire."""

    def account(self) -> Any:
        account = super().account()
        return dataclasses.replace(account, cash=math.nan)


EXCHANGES: tuple[tuple[type[ExchangeBroker], str, str], ...] = (
    (OneAnswer, "b003", r"the answers do not match the batch"),
    (OwnIds, "b008", r"not one order is at work|filled more than once"),
    (OwnIds, "b009", r"the order has filled twice; received 20"),
    (WrongCode, "b014", r"the order is not refused for lack of money; received other"),
    (Optimist, "b014", r"not refused for lack of money; received None"),
    (Optimist, "b023", r"no answer has words and a code"),
    (Unsigned, "b018", r"not -10 units are held; received 10"),
    (WholeShares, "b019", r"not 1\.25 units are filled"),
    (CutIds, "b021", r"(refused nor known by its whole id|known by a part of the id)"),
    (TotalFill, "b032", r"the executions are not 4 and 6; received \[10\.0, 10\.0\]"),
    (LastPrice, "b034", r"the average is 10\d"),
    (OneIdentity, "b035", r"not two ids; received"),
    (ZeroAverage, "b040", r"an order without a fill has a price"),
    (FlatPositions, "b046", r"positions of 0 are listed"),
    (Deaf, "b050", r"the end is not reported as CANCELLED"),
    (Deaf, "b051", r"it has traded; received 10\.0\. After CANCELLED"),
    (Deaf, "b052", r"it is not refused"),
    (BySymbol, "b057", r"not the other order alone is at work; received \[\]"),
    (CancelsAll, "b059", r"the order is not at work; received \[\]"),
    (ShrugsReplace, "b071", r"it is not refused; .*4 of 10 are filled"),
    (Additional, "b070", r"not 6 units are held; received 10"),
    (ShrugsReplace, "b075", r"it is not refused; .* would lose an order"),
    (AllMarket, "b080", r"it does not wait"),
    (Rounded, "b084", r"it does not wait at a tick above"),
    (AllMarket, "b085", r"it does not wait at 105"),
    (Percent, "b094", r"it sells within 10 %"),
    (Forever, "b101", r"is not cancelled or expired"),
    (Forever, "b105", r"is not cancelled or expired or rejected"),
    (Unlinked, "b110", r"something has traded"),
    (Unlinked, "b116", r"is not cancelled"),
    (Echo, "b120", r"some came again"),
    (Waiting, "b122", r"100 polls without news took long, in seconds; received \d"),
    (Swallowing, "b127", r"the execution is not reported"),
    (Text, "b130", r"they are not finite"),
    (StalePrices, "b132", r"10 units are worth 1100"),
    (Raising, "b133", r"a call has raised; received BrokerError\('404 .* returns None"),
    (OnePage, "b134", r"70 of 120 orders are missing"),
    (Inclusive, "b137", r"after e-1 should come \['e-2', 'e-3', 'e-4'\]; received \['e-1'"),
    (OneIdentity, "b139", r"reported were"),
    (CancelsOnClose, "b147", r"the order is not at work; received \[\]"),
    (Forgetting, "b152", r"the venue does not know order"),
    (Anew, "b150", r"the ids were \['1/e-1', '1/e-2'\]; received \['2/e-1'"),
    (OldNews, "b153", r"reports came again"),
    (FreeOfCharge, "b165", r"the cash has changed by -100\d.*by the fills"),
    (FreeOfCharge, "b172", r"the cash is .* by the fills; received"),
)
"""The faulty exchange, the case that must catch it, and what that must say."""
