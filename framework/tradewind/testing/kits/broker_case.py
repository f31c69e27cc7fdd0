"""Acceptance cases: numbered tests that get a desk at a fresh venue, where the broker can do what they need."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tradewind.errors import TradewindError
from tradewind.model import OrderType, TimeInForce
from tradewind.testing.kits.broker_desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradewind.testing.kits.broker_session import VenueSession

__all__ = ["BrokerCases", "case"]

_FLAGS = ("fractional", "shorts", "replaces", "links")
_ABILITIES = {
    "partial": "`quote` does not heed the size",
    "day": "it has no `end_day`",
    "faults": "it has no `fault`",
    "hand": "it has no `trade_by_hand`",
    "client": "it has no `another` client",
    "symbols": "the venue takes any symbol",
}


class BrokerCases:
    """Where the cases of all modules find their venue."""

    def make_session(self) -> VenueSession:
        """Return a fresh account at a venue whose prices are under control; see `VenueSession`."""
        pytest.skip("there is no venue: write `make_session`, which returns a tradewind.testing.VenueSession")

    @contextmanager
    def desk(self, name: str, remedy: str, needs: tuple[Any, ...]) -> Iterator[Desk]:
        """Open a venue for one case, and close it; skip what the broker or the session cannot do."""
        session = self.make_session()
        try:
            broker = type(session.broker).__name__
            lacks = missing(session, needs)
            if lacks:
                pytest.skip(f"{broker}: {lacks}")
            desk = Desk(session, f"broker {broker}, {name}", remedy)
            session.broker.connect()
            desk.market()
            yield desk
        finally:
            session.close()


def missing(session: VenueSession, needs: tuple[Any, ...]) -> str:
    """Return what a case needs that broker or session has not; empty where all is there."""
    capabilities = session.broker.capabilities
    for need in needs:
        if isinstance(need, OrderType) and need not in capabilities.order_types:
            return f"its capabilities exclude {need} orders"
        if isinstance(need, TimeInForce) and need not in capabilities.times_in_force:
            return f"its capabilities exclude {need.upper()}"
        if need in _FLAGS and not getattr(capabilities, need):
            return f"its capabilities say {need}=False"
        if need == "no shorts" and capabilities.shorts:
            return "its capabilities say shorts=True"
        if need in _ABILITIES and need not in session.can:
            return f"of the session, {_ABILITIES[need]}"
    return ""


def case(*needs: Any) -> Callable[[Callable[[Any, Desk], None]], Callable[[Any], None]]:
    """Make a test of a method that takes a desk.

    Parameters
    ----------
    needs
        Order types, times in force and capabilities of the broker, abilities of the session.
    """

    def decorate(body: Callable[[Any, Desk], None]) -> Callable[[Any], None]:
        number, _, words = body.__name__.removeprefix("test_").partition("_")
        remedy = " ".join((body.__doc__ or "").split())

        def test(self: BrokerCases) -> None:
            __tracebackhide__ = True
            with self.desk(f"{number.upper()} {words.replace('_', ' ')}", remedy, needs) as desk:
                try:
                    body(self, desk)
                except TradewindError as error:
                    desk.expect(condition=False, what="a call has raised", received=repr(error))

        test.__name__, test.__qualname__ = body.__name__, body.__qualname__
        test.__doc__, test.__module__ = body.__doc__, body.__module__
        return test

    return decorate
