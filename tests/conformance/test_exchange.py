"""The acceptance cases: at the exchange, here and over the loopback, and at an asynchronous venue unlike it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.continuous import ContinuousSession
from tests.conformance.venues import ExchangeSession, LoopbackSession, exchange
from tradewind.contracts import BrokerCapabilities
from tradewind.testing import BrokerAcceptance, BrokerKit, VenueSession


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    """Wait for the venues to end."""
    yield
    while LoopbackSession.closing:
        LoopbackSession.closing.pop().join()


class TestExchange(BrokerAcceptance):
    def make_session(self) -> VenueSession:
        return ExchangeSession()


class TestExchangeWithoutShorts(BrokerAcceptance):
    def make_session(self) -> VenueSession:
        broker = exchange(allow_short=False)
        broker.capabilities = BrokerCapabilities(waits_for_sells=False, shorts=False)
        return ExchangeSession(broker)


class TestVenue(BrokerKit):
    plugin = "venue"

    def make_session(self) -> VenueSession:
        return LoopbackSession()


class TestContinuousVenue(BrokerAcceptance):
    def make_session(self) -> VenueSession:
        return ContinuousSession()
