"""The exchange as a process of its own, behind a loopback socket: it outlives whoever trades on it."""

from tradewind.exchange.venue.server import VenueServer

__all__ = ["VenueServer"]
