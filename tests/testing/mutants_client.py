"""Clients of the venue with one fault each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tradewind.contracts import Account, Outcome, Response
from tradewind.errors import BrokerError
from tradewind.model import Instrument, OrderIntent
from tradewind_plugins.brokers import VenueBroker

__all__ = ["CLIENTS"]


class Cocksure(VenueBroker):
    """Says that a lost request was not sent."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        return [
            dataclasses.replace(one, outcome=Outcome.NOT_SENT) if one.outcome is Outcome.UNCERTAIN else one
            for one in super().submit(intents)
        ]


class Thrower(VenueBroker):
    """Raises where a request is lost."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        answers = super().submit(intents)
        if any(one.outcome is Outcome.UNCERTAIN for one in answers):
            raise BrokerError("connection reset")
        return answers


class Retrying(VenueBroker):
    """Sends a lost order again under another id, as clients do that make their own."""

    def submit(self, intents: Sequence[OrderIntent]) -> Sequence[Response]:
        answers = super().submit(intents)
        if all(one.outcome is not Outcome.UNCERTAIN for one in answers):
            return answers
        super().submit([dataclasses.replace(one, order_id=f"{one.order_id}-retry") for one in intents])
        return answers


class Hopeful(VenueBroker):
    """Takes a lost cancellation for a cancellation."""

    def cancel(self, order_ids: Sequence[str]) -> Sequence[Response]:
        return [dataclasses.replace(one, outcome=Outcome.TAKEN) for one in super().cancel(order_ids)]


class EmptyHanded(VenueBroker):
    """Answers a lost question with nothing."""

    def account(self) -> Account:
        try:
            return self._exchange({"op": "account"}, lambda fields: Account(**fields))
        except BrokerError:
            return Account(cash=0.0, equity=0.0, buying_power=0.0)


class Blind(VenueBroker):
    """Remembers its own positions and not the venue's."""

    def positions(self) -> Mapping[Instrument, float]:
        return {}


CLIENTS: tuple[tuple[type[VenueBroker], str, str], ...] = (
    (Thrower, "b157", r"a call has raised; received BrokerError\('connection reset"),
    (Cocksure, "b158", r"it is not in doubt; received Response.*NOT_SENT"),
    (Retrying, "b158", r"not 10 units are held: it was sent twice or lost; received 20"),
    (Cocksure, "b159", r"it is at the venue; received Response.*NOT_SENT"),
    (Hopeful, "b160", r"it is not in doubt"),
    (Hopeful, "b161", r"it is said to be sure"),
    (EmptyHanded, "b163", r"the account is Account\(cash=99.*; received Account\(cash=0\.0"),
    (Blind, "b144", r"not 17 units are held; received 0"),
    (Blind, "b148", r"not 10 units are held; received .*0\.0\)"),
)
"""The faulty client of the venue, the case that must catch it, and what that must say."""
