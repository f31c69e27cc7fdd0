"""Conformance of brokers: the acceptance cases of the order life cycle, all numbered."""

from __future__ import annotations

from typing import ClassVar

from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.broker_cancel import CancelCases
from tradewind.testing.kits.broker_connection import ConnectionCases
from tradewind.testing.kits.broker_life import LifeCases
from tradewind.testing.kits.broker_links import LinkCases
from tradewind.testing.kits.broker_money import MoneyCases
from tradewind.testing.kits.broker_poll import PollCases
from tradewind.testing.kits.broker_prices import PriceCases
from tradewind.testing.kits.broker_queries import QueryCases
from tradewind.testing.kits.broker_replace import ReplaceCases
from tradewind.testing.kits.broker_submit import SubmitCases
from tradewind.testing.kits.broker_times import TimeCases

__all__ = ["BrokerAcceptance", "BrokerKit"]


class BrokerAcceptance(
    SubmitCases,
    LifeCases,
    CancelCases,
    ReplaceCases,
    PriceCases,
    TimeCases,
    LinkCases,
    PollCases,
    QueryCases,
    ConnectionCases,
    MoneyCases,
):
    """The acceptance cases that the exchange passes here and every broker passes, by its capabilities.

    A case that the broker's `BrokerCapabilities` exclude is skipped with the reason, and so is one that the session
    cannot play. For a `tradewind.contracts.Broker` that is no plugin::

        class TestTheExchange(BrokerAcceptance):
            def make_session(self) -> VenueSession:
                return MySession()
    """


class BrokerKit(PluginKit, BrokerAcceptance):
    """Tests that every broker passes: what all plugins keep, and the acceptance cases.

    An author gives the plugin and `make_session`, a fresh account at a venue whose prices are under control: a fake of
    the venue, or its paper account with a script. Without it only the plugin is examined.
    """

    kind: ClassVar[str] = "broker"
