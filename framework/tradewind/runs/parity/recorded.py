"""A session read back from its durable journal: plan, bars, decisions, and what came from outside."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from tradewind.config.plan import Plan
from tradewind.errors import ConfigError, DataError, UserError
from tradewind.journal import DECISION_KINDS, Record, row_from
from tradewind.model import Bars, Fill, ReasonCode
from tradewind.model.wire import activity_from, instrument_from
from tradewind.orders.account import OwnAccount
from tradewind.runs.operators import STANDINGS
from tradewind.runs.parity.traded import TradedOrder, traded_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind.journal.store import JournalStore, SessionInfo
    from tradewind.model import Activity, Instrument, Row
    from tradewind.model.typing import FloatArray

__all__ = ["Adoption", "Outside", "RecordedSession", "read_session"]

_UNPLANNED = frozenset((*STANDINGS, "flatten", "resume"))
"""Commands of an operator after which the session decides what its plan alone does not."""
_ASKED = _UNPLANNED | {"adopt", "drop", "replay"}
"""Commands that operators give; what else stands beside them in the record is the session's own."""

Adoption = tuple["Instrument", float, float]
"""Instrument, signed quantity and price of a position that was taken over."""


@dataclass(slots=True)
class Outside:
    """What the venue did to the account without an order of the session.

    Parameters
    ----------
    opening_cash
        Cash the session began with.
    borrowed
        Cost of borrowing shares by bar.
    adopted
        Positions taken over by bar.
    cash
        Change of the cash that was taken over by bar.
    activities
        What happened to the account by bar: dividends, fees, splits ...
    blocked
        Bars on which no order was sent, as the venue had something otherwise.
    """

    opening_cash: float
    borrowed: dict[int, float] = field(default_factory=dict)
    adopted: dict[int, list[Adoption]] = field(default_factory=dict)
    cash: dict[int, float] = field(default_factory=dict)
    activities: dict[int, list[Activity]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecordedSession:
    """What a journal says of a session, up to its last complete bar.

    Parameters
    ----------
    info, plan
        The session and its configuration.
    rows
        Complete bars.
    decisions
        Entries that are decisions, or what became of them.
    talks
        Everything but the rows, in order.
    orders
        What became of each order.
    undelivered
        Orders that never reached the venue.
    cancelled
        Orders whose cancellation the session asked for.
    """

    info: SessionInfo
    plan: Plan
    rows: tuple[Row, ...]
    decisions: tuple[Record, ...]
    talks: tuple[Record, ...]
    orders: Mapping[str, TradedOrder]
    undelivered: frozenset[str]
    cancelled: frozenset[str]

    @property
    def finished(self) -> bool:
        """Whether the stream had ended."""
        return self.info.status == "finished"

    @property
    def backtrader(self) -> bool:
        """Whether it ran a `bt.Strategy`, whose orders stay with Backtrader's broker."""
        return any(sleeve.strategy.backtrader for sleeve in self.plan.sleeves)

    @property
    def commands(self) -> tuple[tuple[int, str], ...]:
        """Bar and command of what operators asked, in order."""
        return tuple((record.bar, one) for record in self.talks for one in _commands(record) if one in _ASKED)

    @property
    def undisturbed(self) -> tuple[int, tuple[Record, ...]] | None:
        """Bar of the first command after which the session is not its plan's alone, and the decisions before it."""
        for place, record in enumerate(self.talks):
            if not _UNPLANNED.isdisjoint(_commands(record)):
                return record.bar, tuple(one for one in self.talks[:place] if one.kind in DECISION_KINDS)
        return None

    def bars(self, template: Bars) -> Bars:
        """Return the recorded bars; the template says which instruments the columns are.

        Raises
        ------
        DataError
            If the template has other columns or references than were recorded.
        """
        first = self.rows[0]
        width, roles = len(first.fields["close"]), sorted(first.references)
        if width != len(template.instruments) or roles != sorted(template.references):
            raise DataError(
                f"session {self.info.id} recorded {width} symbols and the references {roles}; its feed now delivers "
                f"{len(template.instruments)} and {sorted(template.references)}. Restore the feed's symbols"
            )
        times = np.array([row.timestamp for row in self.rows], dtype="datetime64[ns]")
        ends = np.full(width, len(self.rows))
        for bar, row in enumerate(self.rows):
            ends[list(row.ended)] = bar
        return dataclasses.replace(
            template,
            timestamps=times,
            fields=_columns([row.fields for row in self.rows]),
            references={
                role: dataclasses.replace(
                    series, timestamps=times, fields=_columns([row.references[role] for row in self.rows]), ends=None
                )
                for role, series in template.references.items()
            },
            ends=ends,
        )

    def account(self, instruments: Sequence[Instrument]) -> tuple[OwnAccount, Outside]:
        """Go through the session's money once more: the account as its fills made it, and what came from outside."""
        named = {one.symbol: one for one in instruments} | _instruments_of(self.talks)
        account = OwnAccount(self.plan.account.cash)
        outside = Outside(account.cash)
        own = client_ids(self.info.header["tag"], self.orders)

        def instrument_of(sent: str) -> Instrument:
            return named[self.orders[own(sent)].symbol]

        for record in self.talks:
            if record.kind == "answer":
                _heard(account, outside, record, instrument_of)
            elif record.kind == "fill":
                told = json.loads(record.payload)
                if not told["id"].startswith("adopt-"):
                    costs = told["costs"]
                    fill = Fill(told["id"], record.bar, named[told["symbol"]], told["quantity"], told["price"], *costs)
                    account.apply(fill, without_order=told["id"] not in self.orders)
        return account, outside


def read_session(store: JournalStore, info: SessionInfo) -> RecordedSession:
    """Read a session up to its last complete bar.

    Raises
    ------
    UserError
        If no bar is complete.
    ConfigError
        If its configuration cannot be read by this version.
    JournalError
        If it is not as it was written.
    """
    store.require_good(info.id)
    try:
        plan = Plan.model_validate(info.header["config"])
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"session {info.id}: {'.'.join(map(str, first['loc']))}: {first['msg']}; this version reads another "
            f"configuration"
        ) from error
    rows: list[Row] = []
    talks: list[Record] = []
    last = -1
    for entry in store.entries(info.id):
        if entry.kind == "row":
            rows.append(row_from(json.loads(entry.payload)))
        else:
            talks.append(Record(entry.bar, entry.kind, entry.payload))
            last = max(last, entry.bar if entry.kind == "bar_end" else -1)
    if any(sleeve.strategy.backtrader for sleeve in plan.sleeves):
        # Its bars have no end of their own in the journal; the last row of a session that goes on may be half done.
        last = len(rows) - (1 if info.status == "finished" else 2)
    if last < 0:
        raise UserError(f"session {info.id} of {info.name!r} has no complete bar yet; wait for one")
    talks = [record for record in talks if record.bar <= last]
    decisions = tuple(record for record in talks if record.kind in DECISION_KINDS)
    orders = traded_orders(decisions)
    undelivered, cancelled = _deliveries(talks, client_ids(info.header["tag"], orders))
    return RecordedSession(
        info=info,
        plan=plan,
        rows=tuple(rows[: last + 1]),
        decisions=decisions,
        talks=tuple(talks),
        orders=orders,
        undelivered=frozenset(name for name in undelivered if name in orders and not orders[name].trades),
        cancelled=cancelled,
    )


def client_ids(tag: str, orders: Mapping[str, TradedOrder]) -> Callable[[str], str]:
    """Return what tells the id of a decision from the id that its venue knows; an unknown one stays what it is."""
    full = {f"{tag}-{name}": name for name in orders}
    digests = {hashlib.sha256(name.encode()).hexdigest()[:16]: own for name, own in full.items()}
    return lambda name: full.get(name) or digests.get(name[-16:]) or name


def _commands(record: Record) -> list[str]:
    """Return what operators asked in an entry."""
    told = json.loads(record.payload) if record.kind == "answer" else {}
    return [one["command"] for one in told["answer"]] if told.get("operation") == "operator" else []


def _columns(rows: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.array([fields[name] for fields in rows], dtype=np.float64) for name in rows[0]}


def _deliveries(talks: Sequence[Record], own: Callable[[str], str]) -> tuple[set[str], frozenset[str]]:
    """Return the orders that were not delivered in the end, and those whose cancellation was asked for."""
    outcomes: dict[str, str] = {}
    cancelled: set[str] = set()
    for record in talks:
        if record.kind == "call":
            told = json.loads(record.payload)
            if told["operation"] == "cancel":
                cancelled.update(own(name) for name in told["ids"])
        elif record.kind == "answer":
            told = json.loads(record.payload)
            if told["operation"] in ("submit", "ask"):
                outcomes.update((own(name), outcome) for name, outcome, *_ in told["answer"])
    return {name for name, outcome in outcomes.items() if outcome in ("not_sent", "uncertain")}, frozenset(cancelled)


def _instruments_of(talks: Sequence[Record]) -> dict[str, Instrument]:
    """Return the instruments that a venue has named in its reports of executions."""
    found: dict[str, Instrument] = {}
    for record in talks:
        if record.kind == "answer":
            told = json.loads(record.payload)
            if told["operation"] == "poll":
                for report in told["answer"]:
                    if "fill" in report:
                        instrument = instrument_from(report["fill"]["instrument"])
                        found[instrument.symbol] = instrument
    return found


def _heard(account: OwnAccount, outside: Outside, record: Record, instrument_of: Callable[[str], Instrument]) -> None:
    """Book what a venue's answer says of the account."""
    told = json.loads(record.payload)
    answer: Any = told["answer"]
    match told["operation"]:
        case "open":
            account.cash = outside.opening_cash = answer
        case "advance" if answer:
            account.borrow(answer)
            outside.borrowed[record.bar] = outside.borrowed.get(record.bar, 0.0) + answer
        case "submit":
            for name, outcome, _, code in answer:
                if outcome != "refused" or code == ReasonCode.INSUFFICIENT_FUNDS:
                    account.ordered(instrument_of(name))
        case "adopt":
            for fields, quantity, price in answer:
                instrument = instrument_from(fields)
                account.adopt(instrument, quantity, price)
                outside.adopted.setdefault(record.bar, []).append((instrument, quantity, price))
        case "activities":
            for fields in answer:
                activity = activity_from(fields)
                account.receive(activity)
                outside.activities.setdefault(record.bar, []).append(activity)
        case "blocked":
            outside.blocked.add(record.bar)
        case "cash":
            outside.cash[record.bar] = outside.cash.get(record.bar, 0.0) + answer - account.cash
            account.cash = answer
