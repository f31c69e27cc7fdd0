"""From intents to a broker: state machine, durable order path, reconciliation."""

from tradewind.orders.inbox import Inbox
from tradewind.orders.threaded import ThreadedBroker

__all__ = ["Inbox", "ThreadedBroker"]
