"""Which orders a kill leaves at work: closings of an earlier flatten, while they close no more than is held."""

from __future__ import annotations

import pytest

from tests.orders.scripted import ScriptedBroker
from tradewind.errors import BrokerError
from tradewind.model import Instrument, OrderIntent
from tradewind.orders.kill_switch import closings_at_work

S0 = Instrument(symbol="S0", lot_size=0.0)


def venue(held: float, **orders: float) -> ScriptedBroker:
    """Return a venue that holds so much and has these orders at work, by name."""
    broker = ScriptedBroker()
    broker.held = {S0: held}
    broker.submit(
        [
            OrderIntent(order_id=name, bar=3, instrument=S0, quantity=quantity)
            for name, quantity in ((name.replace("_", "-"), quantity) for name, quantity in orders.items())
        ]
    )
    return broker


@pytest.mark.parametrize("name", ["t_8_flatten_1_S0", "t_flatten_0a1b2c3d_S0"])
def test_closings_of_the_session_and_from_outside_go_on(name: str) -> None:
    assert closings_at_work(venue(400.0, **{name: -400.0}), "t") == {name.replace("_", "-")}
    assert closings_at_work(venue(-400.0, **{name: 400.0}), "t") == {name.replace("_", "-")}


@pytest.mark.parametrize(
    "name", ["t_8_0_S0", "t_8_flat_stop_S0", "u_8_flatten_1_S0", "t_8_sleeve_flatten_1_S0", "t_8_flatten_stop_S0"]
)
def test_nothing_else_does(name: str) -> None:
    assert closings_at_work(venue(400.0, **{name: -400.0}), "t") == set()


@pytest.mark.parametrize("held", [0.0, 399.0, -400.0])
def test_a_closing_of_what_is_no_longer_held_is_cancelled(held: float) -> None:
    assert closings_at_work(venue(held, t_8_flatten_1_S0=-400.0), "t") == set()


def test_what_is_left_of_a_partly_filled_closing_goes_on() -> None:
    broker = venue(400.0, t_8_flatten_1_S0=-400.0)
    broker.fill("t-8-flatten-1-S0", -150.0)
    assert closings_at_work(broker, "t") == {"t-8-flatten-1-S0"}


def test_of_two_closings_of_one_position_one_goes_on() -> None:
    assert len(closings_at_work(venue(400.0, t_8_flatten_1_S0=-400.0, t_flatten_0a1b2c3d_S0=-400.0), "t")) == 1


def test_where_the_venue_does_not_say_what_is_held_all_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = venue(400.0, t_8_flatten_1_S0=-400.0)

    def down() -> dict[Instrument, float]:
        raise BrokerError("connection reset")

    monkeypatch.setattr(broker, "positions", down)
    assert closings_at_work(broker, "t") == set()
