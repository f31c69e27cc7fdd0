"""The acceptance cases of brokers: numbered, documented, skipped by capability, and each planted fault is caught."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from tests.conformance.venues import ExchangeSession, LoopbackSession, exchange
from tests.testing.examining import test_names
from tests.testing.mutants_broker import EXCHANGES
from tests.testing.mutants_client import CLIENTS
from tradewind.contracts import BrokerCapabilities
from tradewind.exchange import ExchangeBroker
from tradewind.model import OrderType, TimeInForce
from tradewind.testing import BrokerAcceptance, BrokerKit, VenueSession
from tradewind.testing.kits.failure import KitFailureError

CASES = {name[5:9]: name for name in test_names(BrokerAcceptance)}


def run(session: type[VenueSession] | Any, number: str) -> None:
    """Play one case at the venue that a function opens."""

    class Examined(BrokerAcceptance):
        def make_session(self) -> VenueSession:
            made: VenueSession = session()
            return made

    getattr(Examined(), CASES[number])()


def limited(**capabilities: Any) -> ExchangeSession:
    """A session at an exchange that can do less."""
    broker = exchange()
    broker.capabilities = BrokerCapabilities(**capabilities)
    return ExchangeSession(broker)


def test_there_are_more_than_eighty_cases_each_with_a_number_of_its_own() -> None:
    names = test_names(BrokerAcceptance)
    assert len(names) >= 80
    assert len(CASES) == len(names)
    assert all(re.fullmatch(r"test_b\d{3}_[a-z0-9_]+", name) for name in names)


def test_every_case_says_what_it_means() -> None:
    for name in test_names(BrokerAcceptance):
        words = getattr(BrokerAcceptance, name).__doc__
        assert words, name
        assert words.strip().endswith("."), name
        assert len(words) > 55, name


@pytest.mark.parametrize(("kind", "number", "message"), EXCHANGES, ids=[f"{k.__name__}-{n}" for k, n, _ in EXCHANGES])
def test_a_fault_of_an_exchange_is_caught(kind: type[ExchangeBroker], number: str, message: str) -> None:
    with pytest.raises(KitFailureError, match=message):
        run(lambda: ExchangeSession(exchange(kind)), number)


@pytest.mark.parametrize(("kind", "number", "message"), CLIENTS, ids=[f"{k.__name__}-{n}" for k, n, _ in CLIENTS])
def test_a_fault_of_a_client_is_caught(kind: type[Any], number: str, message: str) -> None:
    try:
        with pytest.raises(KitFailureError, match=message):
            run(lambda: LoopbackSession(kind), number)
    finally:
        while LoopbackSession.closing:
            LoopbackSession.closing.pop().join()


@pytest.mark.parametrize(
    ("number", "capabilities", "reason"),
    [
        ("b080", {"order_types": {OrderType.MARKET}}, "its capabilities exclude limit orders"),
        ("b103", {"times_in_force": {TimeInForce.GTC}}, "its capabilities exclude IOC"),
        ("b019", {"fractional": False}, "its capabilities say fractional=False"),
        ("b018", {"shorts": False}, "its capabilities say shorts=False"),
        ("b065", {"replaces": False}, "its capabilities say replaces=False"),
        ("b110", {"links": False}, "its capabilities say links=False"),
        ("b157", {}, "of the session, it has no `fault`"),
    ],
)
def test_what_a_broker_cannot_do_is_skipped_with_the_reason(
    number: str, capabilities: dict[str, Any], reason: str
) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"ExchangeBroker: {re.escape(reason)}"):
        run(lambda: limited(**capabilities), number)


def test_without_a_venue_the_cases_are_skipped() -> None:
    class TestBare(BrokerKit):
        plugin = "venue"

    with pytest.raises(pytest.skip.Exception, match="there is no venue: write `make_session`"):
        TestBare().test_b001_a_market_order_fills()


def test_a_failure_names_broker_number_and_remedy() -> None:
    class Lazy(ExchangeBroker):
        """Fills nothing."""

        def submit(self, intents: Any) -> Any:
            return super().submit([dataclasses.replace(one, quantity=0.5 * one.quantity) for one in intents])

    with pytest.raises(KitFailureError) as caught:
        run(lambda: ExchangeSession(exchange(Lazy)), "b001")
    assert str(caught.value).startswith("broker Lazy, B001 a market order fills: 10 units were not reported as filled;")
    assert str(caught.value).endswith("Translate type and side, and report the execution.")
