"""What operators ask of a session from other processes: heard once, and again at the same point by a restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tradewind.model import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.engine.session import Session
    from tradewind.journal.store import SessionWriter
    from tradewind.orders.path import OrderPath
    from tradewind.runs.beginning import NewSession

__all__ = ["STANDINGS", "Operators", "close_again"]

_CLOSE_AGAIN = "close_again"

STANDINGS = {"reduce_only": Standing.REDUCE_ONLY, "pause": Standing.HALTED, "kill": Standing.KILLED}
"""Commands that allow the account less."""


class Operators:
    """Hears commands from the journal's mailbox and carries them out.

    Parameters
    ----------
    writer
        The session's only writer.
    """

    def __init__(self, writer: SessionWriter | NewSession) -> None:
        self._writer = writer
        self._heard: set[int] = set()
        self._unmarked: list[int] = []
        self._unheard: set[int] | None = None
        """Commands that allow less and were posted before this process sent anything; None before it looked."""

    @property
    def forbids(self) -> bool:
        """Whether nothing may be sent: a command that allows less waits since before this process sent anything."""
        if self._unheard is None:
            less = (*STANDINGS, "flatten")
            self._unheard = {one["id"] for one in self.pending() if one["command"] in less}
        return bool(self._unheard)

    def pending(self) -> list[dict[str, Any]]:
        """Return what operators ask and nobody has heard yet, as plain JSON types."""
        return [
            {"id": one.id, "command": one.command, "argument": one.argument, "posted_at": one.posted_at.isoformat()}
            for one in self._writer.pending()
            if one.id not in self._heard
        ]

    def take_note(self) -> None:
        """Tell operators what of theirs is durable; until then it is asked for again."""
        if self._unmarked:
            self._writer.done(self._unmarked)
            self._unmarked = []

    def carry_out(self, asked: Mapping[str, Any], path: OrderPath, session: Session) -> None:
        """Do what an operator asks; a command that makes no sense now changes nothing."""
        if asked["command"] == _CLOSE_AGAIN:
            session.flatten_again()
            return
        self._heard.add(asked["id"])
        if self._unheard is not None:
            self._unheard.discard(asked["id"])
        self._unmarked.append(asked["id"])
        command, argument = asked["command"], asked["argument"]
        if argument.get("orders"):
            self._take_over(argument["orders"], path, session)
        if command in STANDINGS:
            session.operate(STANDINGS[command], _why(asked), flatten=bool(argument.get("flatten")))
        elif command == "flatten":
            session.operate(Standing.HALTED, _why(asked), flatten=True)
        elif command == "resume":
            session.resume(rearm=bool(argument.get("rearm")), text=_why(asked))
        elif command == "adopt":
            path.adopt()
        elif session.desk.standing < Standing.HALTED or command == "drop":
            self._deliver(command, str(argument.get("order", "")), path)

    def _take_over(self, orders: list[tuple[str, str, float]], path: OrderPath, session: Session) -> None:
        """Own the orders by which a kill switch has closed positions, so that they are booked, and not sent again."""
        session.idle(path.catch_up())
        intents = session.flattening.sent_outside(orders)
        session.ledger.take_over(intents)
        session.idle(path.take_over(intents))

    def _deliver(self, command: str, order_id: str, path: OrderPath) -> None:
        if order_id not in path.undelivered:
            return
        if command == "replay":
            path.deliver_again(order_id)
        elif command == "drop":
            path.drop(order_id, "dropped by the operator")


def close_again() -> dict[str, Any]:
    """Return what stands in the record where the session tries by itself to close what could not be closed before."""
    return {"id": 0, "command": _CLOSE_AGAIN, "argument": {}, "posted_at": datetime.now(UTC).isoformat()}


def _why(asked: Mapping[str, Any]) -> str:
    reason = str(asked["argument"].get("reason", ""))
    return f"{asked['command'].replace('_', ' ')} at {asked['posted_at']}" + (f": {reason}" if reason else "")
