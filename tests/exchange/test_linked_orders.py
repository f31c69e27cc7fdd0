"""Brackets, groups and replacements, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exchange.market import A, B, Desk, flat_quote
from tradewind.errors import GateError
from tradewind.exchange import Quote
from tradewind.model import OrderType, TimeInForce

WIDE = Quote(100.0, 120.0, 80.0, 100.0, 1_000.0)


def started(**rules: Any) -> Desk:
    desk = Desk(**rules)
    desk.bar({A: flat_quote(100.0, 1_000.0), B: flat_quote(100.0, 1_000.0)})
    return desk


def limit(price: float, **terms: Any) -> dict[str, Any]:
    return {"order_type": OrderType.LIMIT, "limit_price": price} | terms


def stop(price: float, **terms: Any) -> dict[str, Any]:
    return {"order_type": OrderType.STOP, "stop_price": price} | terms


def told(desk: Desk, **names: str) -> list[str]:
    """Events since the last poll but acceptances, with the orders' names."""
    ids = {order_id: name for name, order_id in names.items()}
    return [
        f"{ids[event.order_id]} {event.kind} {event.fill.quantity if event.fill else event.reason}".strip()
        for event in desk.poll()
        if event.kind != "accepted"
    ]


def bar(desk: Desk, quote: Quote, other: Quote | None = None) -> None:
    """Process a bar without collecting its events."""
    desk.board.quotes = {A: quote} | ({B: other} if other else {})
    desk.number += 1
    desk.exchange.process(desk.number, desk.board)


def bracket(desk: Desk, quantity: float = 10.0, **entry: Any) -> tuple[str, str, str]:
    parent = desk.order(quantity, **entry)
    low = desk.order(-quantity, **stop(90.0, parent_id=parent))
    high = desk.order(-quantity, **limit(110.0, parent_id=parent))
    return parent, low, high


def test_the_first_of_a_group_in_the_queue_wins_a_bar_that_reaches_both() -> None:
    desk = started()
    low = desk.order(-10.0, **stop(90.0, oca_group="exit"))
    high = desk.order(-10.0, **limit(110.0, oca_group="exit"))
    bar(desk, WIDE)
    assert told(desk, low=low, high=high) == ["low fill -10.0", "high cancelled oca"]
    assert desk.exchange.pending() == ()


def test_a_group_reaches_over_instruments() -> None:
    desk = started()
    a = desk.order(10.0, **limit(95.0, oca_group="either"))
    b = desk.order(10.0, B, **limit(95.0, oca_group="either"))
    bar(desk, flat_quote(100.0), flat_quote(94.0))
    assert told(desk, a=a, b=b) == ["b fill 10.0", "a cancelled oca"]


def test_a_part_filled_takes_as_much_from_the_others_of_its_group() -> None:
    desk = started(volume_limit=0.1)
    first = desk.order(10.0, **limit(101.0, oca_group="g"))
    second = desk.order(10.0, **limit(101.0, oca_group="g"))
    small = desk.order(3.0, **limit(90.0, oca_group="g"))
    bar(desk, flat_quote(100.0, 40.0))
    names = {"first": first, "second": second, "small": small}
    assert told(desk, **names) == [
        "first fill 4.0",
        "second reduced oca",
        "small cancelled oca",
        "second fill 4.0",
        "first reduced oca",
    ]
    assert (desk.exchange.remaining(first), desk.exchange.remaining(second)) == (2.0, 2.0)
    bar(desk, flat_quote(100.0, 40.0))
    assert told(desk, **names) == ["first fill 2.0", "second cancelled oca", "first cancelled oca"]
    assert desk.exchange.positions()[A].quantity == 10.0


def test_what_a_group_has_left_of_an_order_is_all_that_it_trades_in_the_same_bar() -> None:
    desk = started(volume_limit=0.1)
    a = desk.order(10.0, oca_group="g")
    b = desk.order(10.0, B, oca_group="g")
    bar(desk, flat_quote(100.0, 70.0), flat_quote(100.0, 1_000.0))
    assert told(desk, a=a, b=b) == ["a fill 7.0", "b reduced oca", "b fill 3.0", "a cancelled oca", "b cancelled oca"]


def test_an_order_of_a_group_that_is_cancelled_or_expires_leaves_the_others() -> None:
    desk = started()
    gone = desk.order(10.0, **limit(90.0, oca_group="g"))
    short = desk.order(10.0, **limit(90.0, oca_group="g", time_in_force=TimeInForce.DAY))
    stays = desk.order(10.0, **limit(90.0, oca_group="g"))
    desk.exchange.cancel(gone)
    bar(desk, flat_quote(100.0))
    assert told(desk, gone=gone, short=short, stays=stays) == ["gone cancelled", "short expired"]
    assert [intent.order_id for intent in desk.exchange.pending()] == [stays]


def test_children_work_from_the_bar_after_their_parent_was_filled() -> None:
    desk = started(volume_limit=0.1)
    parent, low, high = bracket(desk)
    names = {"parent": parent, "low": low, "high": high}
    bar(desk, Quote(100.0, 120.0, 80.0, 100.0, 60.0))
    assert told(desk, **names) == ["parent fill 6.0"]
    bar(desk, Quote(100.0, 120.0, 80.0, 100.0, 60.0))
    assert told(desk, **names) == ["parent fill 4.0"]
    bar(desk, Quote(100.0, 115.0, 95.0, 100.0, 1_000.0))
    assert told(desk, **names) == ["high fill -10.0", "low cancelled oca"]
    assert dict(desk.exchange.positions()) == {}


def test_a_child_filled_in_part_leaves_as_much_less_to_its_sibling() -> None:
    desk = started(volume_limit=0.1)
    parent, low, high = bracket(desk)
    bar(desk, flat_quote(100.0, 1_000.0))
    bar(desk, Quote(100.0, 115.0, 95.0, 100.0, 70.0))
    desk.poll()
    bar(desk, Quote(95.0, 96.0, 85.0, 90.0, 1_000.0))
    assert told(desk, parent=parent, low=low, high=high) == [
        "low fill -3.0",
        "high cancelled oca",
        "low cancelled oca",
    ]
    assert dict(desk.exchange.positions()) == {}


def test_the_children_end_with_a_parent_that_expires_or_is_cancelled_or_refused() -> None:
    desk = started()
    parent, low, high = bracket(desk, **limit(90.0, time_in_force=TimeInForce.DAY))
    bar(desk, flat_quote(100.0))
    names = {"parent": parent, "low": low, "high": high}
    assert told(desk, **names) == ["parent expired", "low cancelled bracket", "high cancelled bracket"]

    parent, low, high = bracket(desk, **limit(90.0))
    desk.exchange.cancel(parent)
    names = {"parent": parent, "low": low, "high": high}
    assert told(desk, **names) == ["parent cancelled", "low cancelled bracket", "high cancelled bracket"]

    parent, low, high = bracket(desk, quantity=1_000.0)
    names = {"parent": parent, "low": low, "high": high}
    assert told(desk, **names) == ["parent rejected margin", "low rejected parent", "high rejected parent"]
    assert desk.exchange.pending() == ()


def test_a_parent_that_cash_refuses_at_the_fill_ends_its_children() -> None:
    desk = started(cash=1_000.0)
    parent, low, high = bracket(desk)
    bar(desk, flat_quote(101.0))
    names = {"parent": parent, "low": low, "high": high}
    assert told(desk, **names) == ["parent rejected margin", "low cancelled bracket", "high cancelled bracket"]


def test_an_entry_does_not_work_without_a_child_that_was_refused() -> None:
    desk = started()
    parent = desk.order(10.0, **limit(95.0))
    bad = desk.order(-10.0, order_type=OrderType.TRAILING_STOP, trail_amount=-1.0, parent_id=parent)
    assert told(desk, parent=parent, bad=bad) == ["bad rejected trail", "parent cancelled bracket"]


def test_children_may_sell_what_their_parent_will_buy_where_shorts_are_forbidden() -> None:
    for entry in ({}, limit(95.0)):
        desk = started(allow_short=False)
        parent, low, high = bracket(desk, **entry)
        too_much = desk.order(-11.0, **stop(90.0, parent_id=parent))
        assert told(desk, parent=parent, low=low, high=high, too_much=too_much)[0] == "too_much rejected short"


def test_a_day_child_has_the_day_after_its_parents_fill() -> None:
    desk = started()
    parent = desk.order(10.0)
    child = desk.order(-10.0, **limit(110.0, parent_id=parent, time_in_force=TimeInForce.DAY))
    bar(desk, flat_quote(100.0))
    assert told(desk, parent=parent, child=child) == ["parent fill 10.0"]
    bar(desk, flat_quote(100.0))
    assert told(desk, parent=parent, child=child) == ["child expired"]


def test_children_shrink_with_a_parent_whose_group_took_from_it() -> None:
    desk = started(volume_limit=0.1)
    rival = desk.order(10.0, **limit(101.0, oca_group="g"))
    parent, low, high = bracket(desk, **limit(90.0, oca_group="g"))
    bar(desk, flat_quote(100.0, 40.0))
    assert [desk.exchange.remaining(name) for name in (rival, parent, low, high)] == [6.0, 6.0, -6.0, -6.0]
    bar(desk, flat_quote(100.0, 1_000.0))
    assert desk.exchange.pending() == ()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [({"parent_id": "nobody"}, "parent"), ({"parent_id": "self"}, "parent"), ({"oca_group": "g"}, "oca")],
)
def test_a_child_needs_a_parent_at_work_in_another_group(terms: dict[str, str], reason: str) -> None:
    desk = started()
    parent = desk.order(10.0, **limit(95.0, oca_group="g"))
    desk.order(-10.0, **stop(90.0, **({"parent_id": parent} | terms)))
    assert f"rejected:{reason}" in [f"{event.kind}:{event.reason}" for event in desk.poll()]


def test_a_replacement_continues_with_what_was_filled() -> None:
    desk = started(volume_limit=0.1)
    order_id = desk.order(10.0, **limit(100.0))
    bar(desk, flat_quote(100.0, 40.0))
    desk.poll()
    assert desk.exchange.replace(order_id, "new", quantity=12.0, limit_price=105.0) == ""
    assert told(desk, old=order_id, new="new") == ["old replaced new"]
    assert (desk.exchange.remaining(order_id), desk.exchange.remaining("new")) == (0.0, 8.0)
    bar(desk, flat_quote(104.0, 1_000.0))
    assert told(desk, new="new") == ["new fill 8.0"]
    assert desk.exchange.replace("new", "newer") == "not_working"


def test_a_replacement_goes_to_the_end_of_the_queue_and_splits_as_before() -> None:
    desk = started()
    first = desk.order(10.0, **limit(95.0, split={"x": 4.0, "y": 6.0}))
    second = desk.order(10.0, **limit(95.0))
    desk.exchange.replace(first, "new", quantity=5.0)
    assert [intent.order_id for intent in desk.exchange.pending()] == [second, "new"]
    assert desk.exchange.pending()[1].split == {"x": 2.0, "y": 3.0}


def test_a_replaced_day_order_works_on_the_bar_after_its_replacement() -> None:
    desk = started()
    order_id = desk.order(10.0, **limit(95.0, time_in_force=TimeInForce.DAY))
    desk.exchange.replace(order_id, "new", limit_price=96.0)
    desk.poll()
    bar(desk, flat_quote(100.0))
    assert told(desk, new="new") == ["new expired"]


def test_a_replaced_trailing_stop_stays_where_it_has_trailed_to() -> None:
    desk = started()
    order_id = desk.order(-10.0, order_type=OrderType.TRAILING_STOP, trail_amount=5.0)
    bar(desk, Quote(100.0, 120.0, 100.0, 120.0))
    desk.exchange.replace(order_id, "new", quantity=-4.0)
    bar(desk, Quote(116.0, 116.0, 114.0, 114.0))
    assert [(fill.order_id, fill.quantity, fill.price) for fill in [e.fill for e in desk.poll() if e.fill]] == [
        ("new", -4.0, 115.0)
    ]


def test_the_links_of_an_order_pass_to_its_replacement() -> None:
    desk = started()
    parent, low, high = bracket(desk, **limit(95.0))
    assert desk.exchange.replace(parent, "parent2", limit_price=98.0) == ""
    assert desk.exchange.replace(low, "low2", stop_price=92.0) == ""
    bar(desk, Quote(99.0, 99.0, 91.0, 95.0))
    desk.poll()
    bar(desk, Quote(95.0, 95.0, 91.0, 95.0))
    assert told(desk, low2="low2", high=high) == ["low2 fill -10.0", "high cancelled oca"]

    one = desk.order(10.0, **limit(90.0, oca_group="g"))
    other = desk.order(10.0, **limit(90.0, oca_group="g"))
    desk.exchange.replace(one, "two")
    desk.exchange.replace(other, "three", limit_price=96.0)
    desk.poll()
    bar(desk, flat_quote(95.0))
    assert told(desk, two="two", three="three") == ["three fill 10.0", "two cancelled oca"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": 0.0}, "quantity"),
        ({"quantity": -3.0}, "quantity"),
        ({"quantity": float("nan")}, "quantity"),
        ({"stop_price": 90.0}, "price"),
        ({"limit_price": 0.0}, "price"),
        ({"quantity": 200.0}, "margin"),
    ],
)
def test_terms_that_cannot_be_leave_the_order_as_it_is(terms: dict[str, float], reason: str) -> None:
    desk = started()
    order_id = desk.order(10.0, **limit(95.0))
    before = desk.exchange.pending()
    assert desk.exchange.replace(order_id, "new", **terms) == reason
    assert desk.exchange.pending() == before
    assert told(desk) == []


def test_a_market_order_replaced_on_its_bar_is_not_counted_twice() -> None:
    desk = started(allow_short=False)
    desk.order(10.0)
    bar(desk, flat_quote(100.0))
    order_id = desk.order(-10.0)
    assert desk.exchange.replace(order_id, "more", quantity=-11.0) == "short"
    assert desk.exchange.replace(order_id, "less", quantity=-8.0) == ""
    desk.order(-3.0)
    assert desk.outcome() == "rejected:short"


def test_the_id_of_a_replacement_is_new() -> None:
    desk = started()
    order_id = desk.order(10.0, **limit(95.0))
    with pytest.raises(GateError, match=f"order id '{order_id}' was used before"):
        desk.exchange.replace(order_id, order_id)
    assert len(desk.exchange.pending()) == 1


def test_the_end_of_an_instruments_data_ends_brackets_on_it() -> None:
    desk = started()
    bracket(desk, **limit(95.0))
    other = desk.order(10.0, B, **limit(90.0))
    desk.exchange.liquidate(A, 100.0, 7, "data_end")
    assert {(event.bar, event.reason) for event in desk.poll() if event.kind == "cancelled"} == {
        (7, "data_end"),
        (7, "bracket"),
    }
    assert [intent.order_id for intent in desk.exchange.pending()] == [other]
