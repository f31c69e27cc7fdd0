"""The order state machine against an oracle that knows no table, no order of events, and only whole numbers."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tradewind.errors import BrokerError
from tradewind.model import Fill, Instrument, OrderIntent
from tradewind.model.execution import TERMINAL_STATES, ExecutionReport, OrderState, ReportKind
from tradewind.orders.machine import TRANSITIONS, Act, Anomaly, Order, act, apply, carry, next_state

A = Instrument(symbol="A")
UNIT = 0.1
"""Quantities are tenths, which binary floats cannot hold: sums of them need care."""
ENDS = (ReportKind.REPLACED, ReportKind.CANCELLED, ReportKind.EXPIRED, ReportKind.REJECTED)


def order_of(tenths: int) -> Order:
    return Order(intent=OrderIntent(order_id="o", bar=0, instrument=A, quantity=tenths * UNIT))


def told(kind: ReportKind, reason: str = "", execution_id: str = "") -> ExecutionReport:
    return ExecutionReport("o", kind, execution_id=execution_id, reason=reason)


def trade(execution_id: str, tenths: int, price: float = 100.0) -> ExecutionReport:
    fill = Fill("o", 0, A, tenths * UNIT, price)
    return ExecutionReport("o", ReportKind.TRADE, execution_id=execution_id, fill=fill)


def fold(order: Order, reports: list[ExecutionReport]) -> Order:
    for report in reports:
        order = apply(order, report)
    return order


@dataclass(frozen=True)
class Truth:
    """What must be known of an order after a bag of reports."""

    state: OrderState
    tenths: int
    value: float
    anomalies: frozenset[Anomaly]


def oracle(ordered: int, sending: OrderState, asked: set[str], reports: list[ExecutionReport]) -> Truth:
    """Say what a bag of reports means, in whatever order they came.

    ``sending`` is what we know from our own acts alone.
    """
    distinct: dict[str, set[tuple[int, float]]] = {}
    for report in reports:
        if report.fill is not None:
            content = (round(report.fill.quantity / UNIT), report.fill.price)
            distinct.setdefault(report.execution_id, set()).add(content)
    side = 1 if ordered > 0 else -1
    counted = [sorted((tenths * side, price) for tenths, price in contents)[-1] for contents in distinct.values()]
    kinds = {report.kind for report in reports}
    refused = {report.execution_id for report in reports if report.kind is ReportKind.CANCEL_REJECTED}
    anomalies = set()
    if any(tenths < 0 for tenths, _ in counted):
        anomalies.add(Anomaly.WRONG_SIDE)
    if sum(tenths for tenths, _ in counted) > abs(ordered):
        anomalies.add(Anomaly.OVERFILLED)
    if any(len(contents) > 1 for contents in distinct.values()):
        anomalies.add(Anomaly.CONTRADICTED)
    if sum(max(tenths, 0) for tenths, _ in counted) >= abs(ordered):
        state = OrderState.FILLED
    elif ended := [kind for kind in ENDS if kind in kinds]:
        state = OrderState(ended[0].value)
    else:
        working = OrderState.PARTIALLY_FILLED if counted else OrderState.ACCEPTED
        state = working if counted or ReportKind.ACCEPTED in kinds else sending
        if asked - refused and state not in (OrderState.INTENDED, OrderState.UNKNOWN):
            state = OrderState.CANCEL_PENDING
    return Truth(
        state,
        side * sum(tenths for tenths, _ in counted),
        side * math.fsum(tenths * UNIT * price for tenths, price in counted),
        frozenset(anomalies),
    )


def check(order: Order, truth: Truth) -> None:
    assert order.state is truth.state
    assert order.filled == pytest.approx(truth.tenths * UNIT, abs=1e-12)
    assert order.anomalies == truth.anomalies
    if truth.tenths:
        assert order.average_price * order.filled == pytest.approx(truth.value, abs=1e-9)
    else:
        assert math.isnan(order.average_price)
    assert order.ended == (truth.state in TERMINAL_STATES)


def venue_history(rng: random.Random, ordered: int, asked: list[str]) -> list[ExecutionReport]:
    """Make up what an orderly venue, and now and then a mad one, would say of an order, in the order it happened."""
    reports: list[ExecutionReport] = []
    if rng.random() < 0.9:
        reports.append(told(ReportKind.ACCEPTED))
    left, number, side = abs(ordered), 0, 1 if ordered > 0 else -1
    while left > 0 and rng.random() < 0.7:
        number += 1
        tenths = left if rng.random() < 0.3 else rng.randint(1, left)
        left -= tenths
        reports.append(trade(f"e{number}", side * tenths, rng.choice([99.5, 100.0, 100.1])))
    reports += [told(ReportKind.CANCEL_REJECTED, execution_id=name) for name in asked if rng.random() < 0.5]
    if left and rng.random() < 0.6:
        reports.append(told(rng.choice(ENDS), reason=rng.choice(["", "by request", "too late"])))
    if rng.random() < 0.1:
        extra = rng.choice([trade("x", side), trade("x", -side), trade("e1", 2 * side, 101.0), told(rng.choice(ENDS))])
        reports.append(extra)
    return reports


def disturb(rng: random.Random, reports: list[ExecutionReport]) -> list[ExecutionReport]:
    """Drop, repeat, replay and shuffle."""
    kept = [report for report in reports if rng.random() < 0.9]
    kept += [report for report in kept if rng.random() < 0.2]
    if rng.random() < 0.1:
        kept += kept
    if rng.random() < 0.7:
        rng.shuffle(kept)
    return kept


def play(seed: int) -> None:
    """Put one random history, with our own acts somewhere among the reports, through the machine and the oracle."""
    rng = random.Random(seed)
    ordered = rng.choice([1, 3, 10, 57]) * rng.choice([1, -1])
    asked = [f"c{number}" for number in range(rng.choice([0, 0, 1, 2]))]
    reports = disturb(rng, venue_history(rng, ordered, asked))
    sending, acts = rng.choice(
        [
            (OrderState.SUBMITTED, []),
            (OrderState.UNKNOWN, [Act.UNCERTAIN]),
            (OrderState.INTENDED, [Act.NOT_SENT]),
            (OrderState.INTENDED, [Act.UNCERTAIN, Act.ABSENT]),
        ]
    )
    steps: list[ExecutionReport | tuple[Act, str]] = list(reports)
    position = 0
    for one in [*((what, "") for what in acts), *((Act.CANCEL_ASKED, name) for name in asked)]:
        position = rng.randint(position, len(steps))
        steps.insert(position, one)
        position += 1
    order = act(order_of(ordered), Act.SENT)
    for step in steps:
        order = apply(order, step) if isinstance(step, ExecutionReport) else act(order, *step)
    check(order, oracle(ordered, sending, set(asked), reports))
    rng.shuffle(reports)
    assert fold(order, reports) == order


@pytest.mark.parametrize("block", range(8))
def test_random_histories_end_where_the_oracle_says(block: int) -> None:
    for seed in range(block * 500, (block + 1) * 500):
        play(seed)


@pytest.mark.soak
def test_a_hundred_thousand_random_histories_end_where_the_oracle_says() -> None:
    for seed in range(1_000_000, 1_100_000):
        play(seed)


class LifeOfAnOrder(RuleBasedStateMachine):
    """Acts of ours in their order, reports of a venue in any."""

    @initialize(ordered=st.sampled_from([1, 3, 10, -10]))
    def decide(self, ordered: int) -> None:
        self.ordered = ordered
        self.order = order_of(ordered)
        self.sending = OrderState.INTENDED
        self.asked: set[str] = set()
        self.reports: list[ExecutionReport] = []

    def learn(self, report: ExecutionReport) -> None:
        self.order = apply(self.order, report)
        self.reports.append(report)

    @precondition(lambda self: self.order.standing is OrderState.INTENDED)
    @rule()
    def send(self) -> None:
        self.order = act(self.order, Act.SENT)
        self.sending = OrderState.SUBMITTED

    @rule(what=st.sampled_from([Act.NOT_SENT, Act.UNCERTAIN]))
    def hear_of_the_wire(self, what: Act) -> None:
        self.order = act(self.order, what)
        if self.sending is OrderState.SUBMITTED:
            self.sending = OrderState.INTENDED if what is Act.NOT_SENT else OrderState.UNKNOWN

    @rule()
    def find_it_absent(self) -> None:
        self.order = act(self.order, Act.ABSENT)
        self.sending = OrderState.INTENDED

    @rule(name=st.sampled_from("cd"))
    def ask_to_cancel(self, name: str) -> None:
        self.order = act(self.order, Act.CANCEL_ASKED, name)
        self.asked.add(name)

    @rule(name=st.sampled_from("cd"))
    def refuse_to_cancel(self, name: str) -> None:
        self.learn(told(ReportKind.CANCEL_REJECTED, execution_id=name))

    @rule(kind=st.sampled_from([ReportKind.ACCEPTED, *ENDS]))
    def report(self, kind: ReportKind) -> None:
        self.learn(told(kind))

    @rule(name=st.sampled_from("efgh"), tenths=st.integers(1, 10), wrong=st.integers(0, 9))
    def execute(self, name: str, tenths: int, wrong: int) -> None:
        side = 1 if self.ordered > 0 else -1
        self.learn(trade(name, tenths * (-side if wrong == 0 else side)))

    @precondition(lambda self: self.reports)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        before = self.order
        assert apply(before, data.draw(st.sampled_from(self.reports))) == before

    @invariant()
    def it_is_what_the_oracle_says(self) -> None:
        check(self.order, oracle(self.ordered, self.sending, self.asked, self.reports))

    @invariant()
    def it_never_works_for_more_than_was_ordered(self) -> None:
        assert 0.0 <= self.order.remaining * math.copysign(1.0, self.ordered) <= abs(self.ordered) * UNIT


TestLifeOfAnOrder = LifeOfAnOrder.TestCase
TestLifeOfAnOrder.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


def test_any_order_of_up_to_four_reports_gives_one_order() -> None:
    vocabulary = [
        *(told(kind, kind.value) for kind in (ReportKind.ACCEPTED, *ENDS)),
        told(ReportKind.CANCELLED, "another reason"),
        trade("e", 4),
        trade("e", 3, 101.0),
        trade("f", 6),
        trade("g", -2),
        told(ReportKind.CANCEL_REJECTED, execution_id="c"),
    ]
    start = act(act(order_of(10), Act.SENT), Act.CANCEL_ASKED, "c")
    for chosen in itertools.combinations(vocabulary, 4):
        ends = [fold(start, list(permuted)) for permuted in itertools.permutations(chosen)]
        assert all(end == ends[0] for end in ends), chosen


def test_the_table_answers_for_every_state_and_event() -> None:
    events = {event for _, event in TRANSITIONS}
    states = set(OrderState) - {OrderState.CANCEL_PENDING}
    forbidden = {(state, event) for state in states for event in events} - set(TRANSITIONS)
    assert {state for state, _ in TRANSITIONS} == states
    assert {event for _, event in forbidden} == {"sent", "dropped"}
    assert forbidden >= {(state, "sent") for state in states - {OrderState.INTENDED}}
    assert {kind.value for kind in ReportKind} - {"trade", "cancel_rejected"} <= events


def test_an_acceptance_after_the_fill_is_ignored_by_rule() -> None:
    assert TRANSITIONS[OrderState.FILLED, "accepted"] is None
    filled = fold(act(order_of(10), Act.SENT), [trade("e", 10)])
    assert apply(filled, told(ReportKind.ACCEPTED)) is filled


def test_a_late_fill_counts_and_is_flagged() -> None:
    cancelled = fold(act(order_of(10), Act.SENT), [told(ReportKind.CANCELLED, "by request")])
    late = apply(cancelled, trade("e", 4))
    assert (late.state, late.reason) == (OrderState.CANCELLED, "by request")
    assert (late.filled, late.late, late.remaining) == (0.4, {"e"}, 0.0)
    filled = apply(late, trade("f", 6))
    assert (filled.state, filled.reason, filled.anomalies) == (OrderState.FILLED, "", frozenset())


def test_an_overfill_is_flagged_and_never_lost() -> None:
    order = fold(act(order_of(-10), Act.SENT), [trade("e", -10), trade("f", -10)])
    assert (order.state, order.filled, order.remaining) == (OrderState.FILLED, -2.0, 0.0)
    assert order.anomalies == {Anomaly.OVERFILLED}


def test_a_refused_cancel_brings_an_order_back_to_where_it_has_got_meanwhile() -> None:
    order = fold(act(order_of(10), Act.SENT), [told(ReportKind.ACCEPTED)])
    asked = act(order, Act.CANCEL_ASKED, "c1")
    assert asked.state is OrderState.CANCEL_PENDING
    refusal = told(ReportKind.CANCEL_REJECTED, execution_id="c1")
    assert apply(asked, refusal).state is OrderState.ACCEPTED
    assert fold(asked, [trade("e", 4), refusal]).state is OrderState.PARTIALLY_FILLED


def test_a_refusal_of_the_first_request_does_not_answer_the_second() -> None:
    refusal = told(ReportKind.CANCEL_REJECTED, execution_id="c1")
    order = act(fold(act(order_of(10), Act.SENT), [told(ReportKind.ACCEPTED)]), Act.CANCEL_ASKED, "c1")
    again = act(apply(order, refusal), Act.CANCEL_ASKED, "c2")
    assert apply(again, refusal).state is OrderState.CANCEL_PENDING
    assert act(again, Act.CANCEL_NOT_SENT, "c2").state is OrderState.ACCEPTED


def test_a_replacement_is_filled_by_what_its_predecessor_did_too() -> None:
    old = fold(act(order_of(10), Act.SENT), [trade("e", 3), told(ReportKind.REPLACED)])
    intent = replace(old.intent, order_id="n", limit_price=99.0)
    new = carry(Order(intent=intent), old)
    assert (new.state, new.carried, new.remaining) == (OrderState.INTENDED, old.filled, pytest.approx(0.7))
    new = apply(act(new, Act.SENT), trade("f", 5)._replace(order_id="n"))
    assert new.state is OrderState.PARTIALLY_FILLED
    late = apply(old, trade("g", 2))
    assert (late.state, late.late) == (OrderState.REPLACED, {"g"})
    assert carry(new, late).state is OrderState.FILLED


@pytest.mark.parametrize("state", [OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.FILLED])
def test_sending_twice_is_an_error_that_says_what_is_possible(state: OrderState) -> None:
    order = replace(order_of(10), standing=state)
    with pytest.raises(ValueError, match=f"order o: an order that is {state} cannot be 'sent'; possible: absent, acc"):
        act(order, Act.SENT)


def test_only_what_was_never_sent_can_be_dropped() -> None:
    dropped = act(order_of(10), Act.DROPPED, reason="operator")
    assert (dropped.state, dropped.reason) == (OrderState.CANCELLED, "operator")
    with pytest.raises(ValueError, match="unknown cannot be 'dropped'"):
        act(act(act(order_of(10), Act.SENT), Act.UNCERTAIN), Act.DROPPED)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (told(ReportKind.ACCEPTED)._replace(order_id="p"), "of order 'p' was given to order 'o'"),
        (trade("", 1), "order o: a trade needs an execution_id .* received execution_id ''"),
        (told(ReportKind.TRADE, execution_id="e"), "received execution_id 'e' and None"),
        (trade("e", 1, math.nan), "finite quantity and price"),
        (told(ReportKind.CANCEL_REJECTED), "which request was refused"),
    ],
)
def test_a_report_that_cannot_be_counted_is_refused(report: ExecutionReport, message: str) -> None:
    with pytest.raises(BrokerError, match=message):
        apply(order_of(1), report)


def test_a_request_to_cancel_has_an_identity() -> None:
    with pytest.raises(ValueError, match="order o: cancel_asked needs a request_id; received ''"):
        act(order_of(1), Act.CANCEL_ASKED)


def test_next_state_of_a_word_nobody_knows_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="cannot be 'flled'; possible: absent, accepted"):
        next_state(OrderState.ACCEPTED, "flled")
