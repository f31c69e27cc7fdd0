"""Stop a session from another process, whether or not its own loop still turns."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tradewind.contracts import Broker, Outcome
from tradewind.errors import BrokerError, UserError
from tradewind.model import OrderIntent
from tradewind.orders.naming import client_id
from tradewind.registry.reference import PluginRef
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradewind.journal.store import JournalStore, SessionInfo
    from tradewind.registry import Registry

__all__ = ["Stopped", "ask", "stop_session"]

_SECONDS_BETWEEN_LOOKS = 0.01
_ROUNDS = 100
_SILENT_SECONDS = 3.0
"""A loop that turns beats twice a second."""
_SECONDS_BETWEEN_ROUNDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What was done to stop a session.

    Parameters
    ----------
    heard
        Whether the session carried the command out by itself.
    ended_process
        Process that did not, and was ended; 0 for none.
    cancelled
        Orders cancelled at the venue without the session.
    closing
        Symbol and signed quantity of the orders sent to close positions.
    left
        Client order ids that the venue still has at work.
    """

    heard: bool
    ended_process: int = 0
    cancelled: tuple[str, ...] = ()
    closing: tuple[tuple[str, float], ...] = ()
    left: tuple[str, ...] = ()


def ask(
    store: JournalStore, session: int, command: str, argument: Mapping[str, Any], *, patience_seconds: float
) -> bool:
    """Leave a command for a session and say whether it was carried out in time; it stays there in any case.

    Raises
    ------
    JournalError
        If the session has finished.
    """
    return _heard(store, session, store.post(session, command, argument), patience_seconds)


def _heard(store: JournalStore, session: int, number: int, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while not store.is_done(number):
        if time.monotonic() >= deadline or not store.is_written(session):
            return store.is_done(number)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return True


def stop_session(
    store: JournalStore,
    info: SessionInfo,
    registry: Callable[[str], Registry],
    *,
    command: str = "kill",
    flatten: bool = False,
    reason: str = "",
    patience_seconds: float = 0.2,
) -> Stopped:
    """Have everything at work cancelled and nothing sent any more.

    The session is asked first. Where it does not answer in time its process is ended, so that it can send nothing, and
    the orders are cancelled at the venue from here. The command stays in the journal: a process that continues the
    session sends nothing before it has carried it out, and journals what was done here.

    Parameters
    ----------
    registry
        Loads the plugins, given the name of the broker that is needed, while the session has its time to answer.
    command
        ``kill``, which only re-arming ends, or ``pause``.
    flatten
        Whether positions are closed too.
    patience_seconds
        Time that the session has to answer; none where its heart has not beaten for some seconds.

    Raises
    ------
    BrokerError
        If the venue cannot be reached, or does not take a closing order; the command stays in the journal.
    UserError
        If the process cannot be ended.
    """
    number = store.post(info.id, command, {"flatten": flatten, "reason": reason})
    deadline = time.monotonic() + (patience_seconds if _age_seconds(info) < _SILENT_SECONDS else 0.0)
    known = registry(str(_broker_fields(info).get("name", "")))
    if _heard(store, info.id, number, deadline - time.monotonic()):
        return Stopped(heard=True)
    process = _end_process(store, info)
    if store.is_done(number):
        return Stopped(heard=True, ended_process=process)
    broker = _broker_of(info, known)
    if broker is None:
        return Stopped(heard=False, ended_process=process)
    cancelled: dict[str, None] = {}
    closing: tuple[tuple[str, float], ...] = ()
    failed = ""
    try:
        broker.connect()
        left = _cancel_all(broker, cancelled)
        # Positions are closed once: from here, or by the process that continues the session where there is one by now.
        instead = {"flatten": False, "closed": True, "reason": reason}
        if flatten and not left and store.exchange(number, info.id, command, instead):
            closing, failed = _close_all(broker, str(info.header["tag"]))
    finally:
        broker.close()
    stopped = Stopped(heard=False, ended_process=process, cancelled=tuple(cancelled), closing=closing, left=tuple(left))
    # The mailbox is where it is journalled from: the session may have its next process by now.
    store.post(info.id, "stopped_outside", {**asdict(stopped), "failed": failed})
    if failed:
        raise BrokerError(
            f"everything is cancelled, and these closing orders were not taken: {failed}; close by hand what the "
            f"broker does not close"
        )
    return stopped


def _age_seconds(info: SessionInfo) -> float:
    return (datetime.now(UTC) - info.heartbeat_at).total_seconds()


def _end_process(store: JournalStore, info: SessionInfo) -> int:
    """End the process that writes a session; return its number, 0 where none does."""
    if not store.is_written(info.id):
        return 0
    host = info.heartbeat.get("host") or "a machine it has not named"
    if host != platform.node():
        raise UserError(
            f"session {info.id} does not answer, and its process runs on {host}, not on {platform.node()}; run this "
            f"command there, or end the process by hand and say it again"
        )
    pid = next(one.pid for one in store.sessions(info.name) if one.id == info.id)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError as error:
        raise UserError(
            f"session {info.id} does not answer and process {pid}, which wrote it, is gone; say it again"
        ) from error
    except PermissionError as error:
        raise UserError(
            f"session {info.id} does not answer and process {pid}, which writes it, belongs to another user; run this "
            f"command as that user"
        ) from error
    deadline = time.monotonic() + 5.0
    while store.is_written(info.id):
        if time.monotonic() >= deadline:
            raise UserError(f"session {info.id}: process {pid} does not end; end it by hand and say it again")
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return pid


def _broker_fields(info: SessionInfo) -> Mapping[str, Any]:
    return info.header["config"].get("mode", {}).get("broker") or {}


def _broker_of(info: SessionInfo, registry: Registry) -> Broker | None:
    """Return the broker that outlives the session's process; None where orders lived in the process itself."""
    fields = _broker_fields(info)
    if not fields:
        return None
    ref = PluginRef.model_validate(fields)
    return cast("Broker", registry.create("broker", ref, directory=Path.cwd(), where="mode.broker"))


def _cancel_all(broker: Broker, cancelled: dict[str, None]) -> list[str]:
    """Cancel until the venue has nothing of ours at work; return what it still has after many rounds."""
    at_work: list[str] = []
    for number in range(_ROUNDS):
        if number:
            time.sleep(_SECONDS_BETWEEN_ROUNDS)
        at_work = [order.order_id for order in broker.open_orders() if order.order_id]
        if not at_work:
            return []
        cancelled.update(dict.fromkeys(at_work))
        broker.cancel(at_work)
    return at_work


def _close_all(broker: Broker, tag: str) -> tuple[tuple[tuple[str, float], ...], str]:
    """Order away every position; return symbol and quantity of what was sent, and what was not taken of it and why."""
    held = {instrument: quantity for instrument, quantity in broker.positions().items() if quantity}
    once = secrets.token_hex(4)
    intents = [
        OrderIntent(
            order_id=client_id(tag, f"{once}-{instrument.symbol}", broker.capabilities.order_id_length),
            bar=0,
            instrument=instrument,
            quantity=-quantity,
            reason=FLATTEN,
        )
        for instrument, quantity in held.items()
    ]
    answers = broker.submit(intents) if intents else ()
    failed = "; ".join(
        f"{one.order_id}: {one.outcome} {one.reason}" for one in answers if one.outcome is not Outcome.TAKEN
    )
    return tuple((instrument.symbol, -quantity) for instrument, quantity in held.items()), failed
