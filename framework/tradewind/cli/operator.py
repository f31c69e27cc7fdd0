"""`tradewind kill|flatten|pause|resume|reduce-only|watchdog`: an operator's hand on a session of another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.status import Journal, covered

if TYPE_CHECKING:
    from tradewind.errors import TradewindError
    from tradewind.journal.store import JournalStore, SessionInfo
    from tradewind.orders.kill_switch import Stopped
    from tradewind.registry import Registry

__all__ = ["flatten", "kill", "pause", "reduce_only", "resume", "watchdog"]

Name = Annotated[
    str | None, typer.Argument(help="Name of the configuration; not needed where one session is unfinished.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the journal.")]
Patience = Annotated[
    float, typer.Option("--patience", min=0.0, max=60.0, help="Seconds that the session has to answer.")
]
_JOURNAL = "sessions/journal.db"


def kill(
    name: Name = None,
    flatten: Annotated[bool, typer.Option("--flatten", help="Close all positions too.")] = False,
    reason: Reason = "",
    patience: Patience = 0.2,
    journal: Journal = _JOURNAL,
) -> None:
    """Cancel everything at work and send nothing any more, until `tradewind resume --rearm`.

    A session that does not answer in time is ended, and its orders are cancelled at the venue from here.
    """
    from tradewind.errors import JournalError
    from tradewind.journal.store import open_store

    try:
        with open_store(journal, create=False) as store:
            info = _session(store, name, journal, "kill")
            _tell(info, _stop(store, info, flatten=flatten, reason=reason, patience=patience), flatten=flatten)
    except JournalError as error:
        if error.__cause__ is None:
            raise
        raise JournalError(
            f"{error}. The kill may not have been carried out: where the journal does not come back at once, end the "
            f"session's process, and cancel its orders at the broker by hand"
        ) from error


def flatten(name: Name = None, reason: Reason = "", patience: Patience = 10.0, journal: Journal = _JOURNAL) -> None:
    """Close all positions with market orders, and trade no more until `tradewind resume`."""
    _ask("flatten", name, journal, {"reason": reason}, patience)


def pause(name: Name = None, reason: Reason = "", patience: Patience = 10.0, journal: Journal = _JOURNAL) -> None:
    """Send no orders until `tradewind resume`; stops that rest at the venue stay there."""
    _ask("pause", name, journal, {"reason": reason}, patience)


def reduce_only(name: Name = None, reason: Reason = "", patience: Patience = 10.0, journal: Journal = _JOURNAL) -> None:
    """Let positions only become smaller until `tradewind resume`."""
    _ask("reduce_only", name, journal, {"reason": reason}, patience)


def resume(
    name: Name = None,
    rearm: Annotated[bool, typer.Option("--rearm", help="End a kill or a halt too; breakers begin anew.")] = False,
    reason: Reason = "",
    patience: Patience = 10.0,
    journal: Journal = _JOURNAL,
) -> None:
    """Let a session trade again."""
    _ask("resume", name, journal, {"reason": reason, "rearm": rearm}, patience)


def watchdog(
    name: Annotated[str, typer.Argument(help="Name of the configuration whose last session is watched.")],
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds without a heartbeat after which it acts.")
    ] = 30.0,
    policy: Annotated[str, typer.Option("--policy", help="What it does: cancel, flatten or kill.")] = "cancel",
    journal: Journal = _JOURNAL,
) -> None:
    """Watch a session, and stop it when its loop no longer turns: a process of its own, to be kept running."""
    from tradewind.errors import UserError, choices
    from tradewind.journal.store import open_store
    from tradewind.orders.watchdog import POLICIES, watch
    from tradewind.registry import Registry
    from tradewind.runs.stopping import Stop, stoppable

    chosen = next((one for one in POLICIES if one == policy), None)
    if chosen is None:
        raise UserError(f"--policy: no policy {policy!r}; {choices(policy, POLICIES)}")

    def tell(info: SessionInfo, silence: float, done: Stopped) -> None:
        typer.echo(f"session {info.id} had been silent for {silence:.0f} s: policy {policy}", err=True)
        _tell(info, done, flatten=policy == "flatten")

    def failed(info: SessionInfo, error: TradewindError) -> None:
        typer.echo(f"session {info.id} hangs and cannot be stopped: {error}; trying again", err=True)

    stop = Stop()
    with open_store(journal, create=False) as store, stoppable(stop):
        info = _session(store, name, journal, "watchdog")
        typer.echo(f"watching session {info.id} of {name}: policy {policy} after {timeout:g} s without a heartbeat")
        watch(
            store,
            name,
            Registry.load(),
            timeout_seconds=timeout,
            policy=chosen,
            stopped=stop.is_set,
            tell=tell,
            failed=failed,
        )
    typer.echo(f"session of {name} has finished" if not stop.is_set() else "stopped watching")


def _stop(store: JournalStore, info: SessionInfo, *, flatten: bool, reason: str, patience: float) -> Stopped:
    from tradewind.orders.kill_switch import stop_session

    return stop_session(store, info, _registry, flatten=flatten, reason=reason, patience_seconds=patience)


def _registry(broker: str) -> Registry:
    """Return the plugins of the entry points named ``brokers``, or all where the broker is not among them."""
    from tradewind.registry import Registry

    few = Registry.load(only=("brokers",))
    return few if any(one.name == broker for one in few.plugins("broker")) else Registry.load()


def _ask(command: str, name: str | None, journal: str, argument: dict[str, Any], patience: float) -> None:
    from tradewind.journal.store import open_store
    from tradewind.orders.kill_switch import ask

    word = command.replace("_", "-")
    with open_store(journal, create=False) as store:
        info = _session(store, name, journal, word)
        done = ask(store, info.id, command, argument, patience_seconds=patience)
        written = store.is_written(info.id)
        after = _after(store, info) if done else _latest(store, info)
    if done:
        _require_resumed(after, command)
        typer.echo(f"session {info.id}: {word} is taken; {_standing(after)}")
    elif written:
        _require_alive(after, word)
        typer.echo(f"session {info.id} has not answered yet: {word} is done with its next bar", err=True)
    else:
        typer.echo(f"session {info.id} does not run: {word} is done when it is continued, before it sends anything")


def _require_alive(info: SessionInfo, word: str) -> None:
    """Refuse to call a command given that nobody hears: a loop that turns beats twice a second."""
    from tradewind.errors import UserError
    from tradewind.orders.kill_switch import SILENT_SECONDS, heartbeat_age_seconds

    silence = heartbeat_age_seconds(info)
    if silence >= SILENT_SECONDS:
        raise UserError(
            f"session {info.id} hangs: no heartbeat for {silence:.0f} s, and {word} waits until its loop turns. What "
            f"acts without it: `tradewind kill {info.name}`, with --flatten also closing what it holds"
        )


def _after(store: JournalStore, info: SessionInfo) -> SessionInfo:
    """Return a session as it shows itself after a command, which takes a beat of its heart."""
    import time
    from datetime import UTC, datetime

    now, deadline = datetime.now(UTC), time.monotonic() + 2.0
    while True:
        latest = _latest(store, info)
        if latest.heartbeat_at >= now or latest.status == "finished" or time.monotonic() >= deadline:
            return latest
        time.sleep(0.05)


def _latest(store: JournalStore, info: SessionInfo) -> SessionInfo:
    (latest,) = [one for one in store.sessions(info.name) if one.id == info.id]
    return latest


def _standing(info: SessionInfo) -> str:
    beat = info.heartbeat
    standing = str(beat.get("standing", "active")).replace("_", " ")
    by = f" by {beat['standing_by']}" if beat.get("standing_by") else ""
    also = f", also {covered(beat)} by operator," if covered(beat) else ""
    held = ", ".join(beat.get("positions", {})) or "nothing"
    return f"the session is {standing}{by}{also} and holds {held}"


def _require_resumed(info: SessionInfo, command: str) -> None:
    from tradewind.errors import RiskHaltError

    standing = info.heartbeat.get("standing", "active")
    if command == "resume" and standing in ("halted", "killed"):
        why = f"{info.heartbeat.get('standing_by')}: {info.heartbeat.get('standing_text')}"
        raise RiskHaltError(
            f"session {info.id} is still {standing} by {why}. `tradewind resume {info.name} --rearm` ends that too"
        )


def _tell(info: SessionInfo, done: Stopped, *, flatten: bool) -> None:
    from tradewind.errors import BrokerError

    if done.heard:
        what = "cancelled everything and closes its positions" if flatten else "cancelled everything"
        typer.echo(f"session {info.id} {what}; nothing is sent until `tradewind resume --rearm`")
        return
    if done.ended_process:
        typer.echo(f"session {info.id} did not answer: process {done.ended_process} was ended")
    typer.echo(f"session {info.id}: {len(done.cancelled)} orders cancelled at the venue")
    for symbol, quantity in done.closing:
        typer.echo(f"  closing order: {quantity:+g} {symbol}")
    if flatten and not done.closing and not done.left:
        typer.echo("  no closing order from here: nothing is held, or the session's next process closes it")
    if done.left:
        raise BrokerError(
            f"session {info.id}: the venue still has at work: {', '.join(done.left)}; cancel them at the broker by hand"
        )


def _session(store: JournalStore, name: str | None, journal: str, command: str) -> SessionInfo:
    from tradewind.errors import UserError, choices

    sessions = store.sessions()
    latest = {info.name: info for info in sessions}
    unfinished = {key: info for key, info in latest.items() if info.status != "finished"}
    if name is None:
        if len(unfinished) == 1:
            return next(iter(unfinished.values()))
        known = ", ".join(sorted(unfinished)) or "none"
        raise UserError(f"{command}: name one of the unfinished sessions in {journal}: {known}")
    if name not in latest:
        raise UserError(f"{command}: no session of {name!r} in {journal}; {choices(name, latest)}")
    if name not in unfinished:
        raise UserError(f"{command}: the last session of {name!r}, number {latest[name].id}, has finished")
    return latest[name]
