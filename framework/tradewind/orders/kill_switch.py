"""Stop a session from another process, whether or not its own loop still turns."""

from __future__ import annotations

import os
import platform
import re
import secrets
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tradewind.contracts import Broker, Outcome
from tradewind.errors import BrokerError, JournalError, TradewindError, UserError
from tradewind.model import OrderIntent
from tradewind.orders.courier import Courier
from tradewind.orders.naming import client_id
from tradewind.registry.reference import PluginRef
from tradewind.risk.pipeline import FLATTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tradewind.journal.store import Command, JournalStore, SessionInfo
    from tradewind.model import Instrument
    from tradewind.registry import Registry

__all__ = ["SILENT_SECONDS", "Stopped", "ask", "closings_at_work", "heartbeat_age_seconds", "stop_session"]

_SECONDS_BETWEEN_LOOKS = 0.01
_ROUNDS = 100
SILENT_SECONDS = 3.0
"""A loop that turns beats twice a second."""
_SECONDS_BETWEEN_ROUNDS = 0.05
_CLOCK_SECONDS = 2.0
"""By which the clocks of processes and of the journal may differ."""
_DUST = 1e-9
"""Quantity that nobody can trade."""


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


class ClosingOrder(NamedTuple):
    """An order that closes a position from outside: its name in the session, the symbol, the signed quantity."""

    name: str
    symbol: str
    quantity: float


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
    number = _posted(store, info.id, command, flatten=flatten, reason=reason)
    deadline = time.monotonic() + (patience_seconds if heartbeat_age_seconds(info) < SILENT_SECONDS else 0.0)
    known = registry(str(_broker_fields(info).get("name", "")))
    if _heard(store, info.id, number, deadline - time.monotonic()):
        return Stopped(heard=True)
    # Made before the process is ended: without it nothing could be cancelled from here.
    broker = _broker_of(info, known)
    process = _end_process(store, info)
    if store.is_done(number):
        return Stopped(heard=True, ended_process=process)
    if broker is None:
        return Stopped(heard=False, ended_process=process)
    try:
        broker.connect()
        return _stop_at_venue(store, info, Courier(broker), process, flatten=flatten)
    finally:
        broker.close()


def _stop_at_venue(store: JournalStore, info: SessionInfo, courier: Courier, process: int, *, flatten: bool) -> Stopped:
    """Cancel what is at work, close what is held where that is wanted, and leave word of it for the session.

    No process takes the session up meanwhile: positions are closed once, from here or by it. What is sent is durable
    before, so that the next process owns these orders.
    """
    failed = ""
    cancelled: dict[str, None] = {}
    closing: tuple[tuple[str, float], ...] = ()
    with store.kept_away(info.id) as require_lock:
        if require_lock is None:
            raise UserError(
                f"session {info.id} was taken up by another process, or is being stopped by another command; the "
                f"command stays in the journal, and `tradewind status` shows whether it was carried out"
            )
        courier.before_sending = require_lock
        pending, tag = store.pending(info.id), str(info.header["tag"])
        # Closings of an earlier command go on, but where all is closed anew.
        left = _cancel_all(courier, cancelled, spared=set() if flatten else closings_at_work(courier.broker, tag))
        orders = _closing_orders(courier.broker) if flatten and not left else {}
        if orders and store.exchange(info.id, _with_orders(pending, [*_closings_of(pending), *orders])):
            closing = tuple((order.symbol, order.quantity) for order in orders)
            failed = _close(courier, orders, tag)
        done = Stopped(
            heard=False, ended_process=process, cancelled=tuple(cancelled), closing=closing, left=tuple(left)
        )
        # The mailbox is where it is journalled from; a session that has finished has done it all by itself.
        with suppress(JournalError):
            store.post(info.id, "stopped_outside", {**asdict(done), "failed": failed})
    if failed:
        raise BrokerError(
            f"everything is cancelled, and these closing orders were not taken, or may not have been: {failed}. The "
            f"session closes what is left when it is continued; until then look at the broker, and close it by hand"
        )
    return done


def _posted(store: JournalStore, session: int, command: str, *, flatten: bool, reason: str) -> int:
    """Return the number of a command; one that waits already is not left again, unless it was taken back."""
    for known in store.pending(session)[::-1]:
        if known.command == "resume":
            break
        if known.command == command and bool(known.argument.get("flatten")) is flatten:
            return known.id
    return store.post(session, command, {"flatten": flatten, "reason": reason})


def _closings_of(pending: Sequence[Command]) -> list[ClosingOrder]:
    """Return the orders by which earlier commands that still wait have closed positions."""
    return [ClosingOrder(*order) for one in pending for order in one.argument.get("orders", ())]


def _with_orders(pending: Sequence[Command], orders: Sequence[ClosingOrder]) -> dict[int, tuple[str, dict[str, Any]]]:
    """Return what takes the place of the commands that close positions: the same, the first of them with the orders."""
    flattening = [one for one in pending if one.command == "flatten" or one.argument.get("flatten")]
    return {
        one.id: (one.command, {**one.argument, "orders": [list(order) for order in orders] if number == 0 else []})
        for number, one in enumerate(flattening)
    }


def heartbeat_age_seconds(info: SessionInfo) -> float:
    """Return how long ago a session's heart has beaten, in seconds."""
    return (datetime.now(UTC) - info.heartbeat_at).total_seconds()


def _end_process(store: JournalStore, info: SessionInfo) -> int:
    """End the process that writes a session; return its number, 0 where none does."""
    if not store.is_written(info.id):
        return _end_unlocked(store, info) if store.is_on_server else 0
    host = info.heartbeat.get("host") or "a machine it has not named"
    if host != platform.node():
        raise UserError(
            f"session {info.id} does not answer, and its process runs on {host}, not on {platform.node()}; run this "
            f"command there, or end the process by hand and say it again"
        )
    pid = next(one.pid for one in store.sessions(info.name) if one.id == info.id)
    try:
        _require_older(pid, info)
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError) as error:
        raise UserError(
            f"session {info.id} does not answer and process {pid}, which wrote it, is gone; say it again"
        ) from error
    except PermissionError as error:
        raise _not_permitted(info, pid) from error
    deadline = time.monotonic() + 5.0
    while store.is_written(info.id):
        if time.monotonic() >= deadline:
            raise UserError(f"session {info.id}: process {pid} does not end; end it by hand and say it again")
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return pid


def _end_unlocked(store: JournalStore, info: SessionInfo) -> int:
    """End the process of a session whose lock went with its connection; return its number, 0 where it is gone.

    It learns of the loss when it writes next, and may be about to send.
    """
    last = next(one for one in store.sessions(info.name) if one.id == info.id)
    if last.status != "open" or last.heartbeat.get("host") != platform.node() or last.pid == os.getpid():
        return 0
    try:
        _require_older(last.pid, last)
        if not _is_there(last.pid):
            return 0
        os.kill(last.pid, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        return 0
    except PermissionError as error:
        raise _not_permitted(info, last.pid) from error
    deadline = time.monotonic() + 5.0
    while _is_there(last.pid):
        if time.monotonic() >= deadline:
            raise UserError(f"session {info.id}: process {last.pid} does not end; end it by hand and say it again")
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return last.pid


def _is_there(pid: int) -> bool:
    """Tell whether a process runs; where the system does not say so, it is taken for one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _not_permitted(info: SessionInfo, pid: int) -> UserError:
    return UserError(
        f"session {info.id} does not answer and process {pid}, which writes it, belongs to another user; run this "
        f"command as that user"
    )


def _require_older(pid: int, info: SessionInfo) -> None:
    """Refuse to end a process that began after the session's heart beat last: the number was given anew.

    Raises
    ------
    ProcessLookupError
        If it did; where the system does not tell, nothing.
    """
    stat, boot = Path(f"/proc/{pid}/stat"), Path("/proc/stat")
    if not boot.exists():
        return
    ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    booted = next(int(line.split()[1]) for line in boot.read_text().splitlines() if line.startswith("btime"))
    began = booted + ticks / os.sysconf("SC_CLK_TCK")
    if began > info.heartbeat_at.timestamp() + _CLOCK_SECONDS:
        raise ProcessLookupError(pid)


def _broker_fields(info: SessionInfo) -> Mapping[str, Any]:
    return info.header["config"].get("mode", {}).get("broker") or {}


def _broker_of(info: SessionInfo, registry: Registry) -> Broker | None:
    """Return the broker that outlives the session's process; None where orders lived in the process itself."""
    fields = _broker_fields(info)
    if not fields:
        return None
    ref = PluginRef.model_validate(fields)
    directory = Path(str(info.header.get("directory") or Path.cwd()))
    try:
        return cast("Broker", registry.create("broker", ref, directory=directory, where="mode.broker"))
    except TradewindError as error:
        raise type(error)(
            f"{error}. Nothing was done from here, and the command stays in the journal; say it again where the "
            f"session's broker can be made, or cancel its orders at the broker by hand"
        ) from error


def _cancel_all(courier: Courier, cancelled: dict[str, None], *, spared: Collection[str]) -> list[str]:
    """Cancel until the venue has no other order with a name at work; return what it still has after many rounds."""
    at_work: list[str] = []
    for number in range(_ROUNDS):
        if number:
            time.sleep(_SECONDS_BETWEEN_ROUNDS)
        at_work = [one.order_id for one in courier.broker.open_orders() if one.order_id and one.order_id not in spared]
        if not at_work:
            return []
        cancelled.update(dict.fromkeys(at_work))
        courier.cancel(at_work)
    return at_work


def closings_at_work(broker: Broker, tag: str) -> set[str]:
    """Return the closings of a session at work, its own and those from outside, that close no more than is held.

    None where the venue does not say what is held: to cancel comes first, and the next process closes anew.
    """
    closing = re.compile(rf"{re.escape(tag)}-(\d+-{FLATTEN}-\d+-|{FLATTEN}-[0-9a-f]{{8}}-)")
    orders = [one for one in broker.open_orders() if closing.match(one.order_id)]
    found = set()
    try:
        held = {one.symbol: quantity for one, quantity in broker.positions().items()} if orders else {}
    except BrokerError:
        return set()
    for order in orders:
        left, symbol = order.quantity - order.filled, order.instrument.symbol
        there = held.get(symbol, 0.0)
        if there * left < 0.0 and abs(left) <= abs(there) + _DUST:
            found.add(order.order_id)
            held[symbol] = there + left
    return found


def _closing_orders(broker: Broker) -> dict[ClosingOrder, Instrument]:
    """Return an order for every position that the venue tells of; nothing is at work there by then."""
    once = secrets.token_hex(4)
    return {
        ClosingOrder(f"{FLATTEN}-{once}-{instrument.symbol}", instrument.symbol, -quantity): instrument
        for instrument, quantity in broker.positions().items()
        if abs(quantity) > _DUST
    }


def _close(courier: Courier, orders: Mapping[ClosingOrder, Instrument], tag: str) -> str:
    """Send closing orders; return what was not taken of them, or may not have been, and why."""
    longest = courier.broker.capabilities.order_id_length
    intents = [
        OrderIntent(
            order_id=client_id(tag, order.name, longest),
            bar=0,
            instrument=instrument,
            quantity=order.quantity,
            reason=FLATTEN,
        )
        for order, instrument in orders.items()
    ]
    try:
        answers = courier.deliver(intents, again=False)
    except BrokerError as error:
        return f"{', '.join(one.order_id for one in intents)}: {error}"
    return "; ".join(
        f"{one.order_id}: {one.outcome} {one.reason}" for one in answers if one.outcome is not Outcome.TAKEN
    )
