"""`tradewind status`: what the sessions in a journal are doing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.journal.store import Command, SessionInfo

__all__ = ["Journal", "covered", "status"]

Journal = Annotated[
    str, typer.Option("--journal", envvar="TRADEWIND_JOURNAL", help="Path or database URL of the durable journal.")
]
_SILENT_SECONDS = 10.0
_LIVE = ("running", "silent")
"""States of a session that has a process."""


def status(
    name: Annotated[str | None, typer.Argument(help="Name of the configuration; default: all sessions.")] = None,
    journal: Journal = "sessions/journal.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show each name's last session: whether it runs, its bar, account, orders, dead letters and differences."""
    import json

    from tradewind.errors import UserError, choices
    from tradewind.journal.store import open_store

    with open_store(journal, create=False, writes=False) as store:
        latest = {info.name: info for info in store.sessions()}
        written = {info.id for info in latest.values() if info.status == "open" and store.is_written(info.id)}
        pending = {key: store.pending(info.id) for key, info in latest.items() if info.status != "finished"}
    if name is not None and name not in latest:
        raise UserError(f"status: no session of {name!r} in {journal}; {choices(name, latest)}")
    shown = [
        describe(info, pending.get(key, ()), written=info.id in written)
        for key, info in latest.items()
        if name in (None, key)
    ]
    if as_json:
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if not shown:
        typer.echo(f"no sessions in {journal}", err=True)
    for one in shown:
        _print(one)


def describe(info: SessionInfo, pending: Sequence[Command] = (), *, written: bool) -> dict[str, Any]:
    """Return what is known of a session as plain JSON types; ``written``: whether a process has it open."""
    age = (datetime.now(UTC) - info.heartbeat_at).total_seconds()
    state: str = info.status if info.intact else "damaged"
    if state == "open":
        alive = written if _elsewhere(info.heartbeat) else _alive(info.pid)
        state = "running" if alive and age < _SILENT_SECONDS else "silent" if alive else "interrupted"
    return {
        "session": info.id,
        "name": info.name,
        "state": state,
        "pid": info.pid,
        "heartbeat_age_seconds": round(age, 1),
        "heartbeat_at": info.heartbeat_at.isoformat(),
        "started_at": info.started_at.isoformat(),
        "ended_at": None if info.ended_at is None else info.ended_at.isoformat(),
        "durable_bar": info.last_bar,
        "entries": info.entries,
        "pending": [
            {"command": one.command, "argument": dict(one.argument), "posted_at": one.posted_at.isoformat()}
            for one in pending
        ],
        **info.heartbeat,
    }


def covered(beat: Mapping[str, Any]) -> str:
    """Return what an operator has forbidden where a breaker stands before it, as `reduce only`; else nothing."""
    standing = str(beat.get("operator_standing", "active"))
    return "" if standing == "active" or beat["standing_by"] == "operator" else standing.replace("_", " ")


def market_line(calendar: str, now: datetime) -> str:
    """Say whether an exchange is open, and when that changes."""
    import exchange_calendars
    import pandas as pd

    time = pd.Timestamp(now)
    try:
        known = exchange_calendars.get_calendar(calendar)
        if known.is_open_at_time(time):
            return f"{calendar} is open until {known.next_close(time):%Y-%m-%d %H:%M} UTC"
        return f"{calendar} is closed until {known.next_open(time):%Y-%m-%d %H:%M} UTC"
    except (exchange_calendars.errors.CalendarError, ValueError) as error:
        return f"{calendar}: hours not known ({error})"


def _elsewhere(beat: Mapping[str, Any]) -> str:
    """Return the machine on which a session's process runs; empty where it is this one."""
    host = str(beat.get("host") or "")
    return "" if host == platform.node() else host


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _place(one: Mapping[str, Any]) -> str:
    bar = one.get("bar", one["durable_bar"])
    if bar is None or bar < 0:
        return "no bar yet"
    told = f"bar {bar} ({shown_time(one['time'])})" if one.get("time") else f"bar {bar}"
    durable = one["durable_bar"]
    behind = one["state"] not in _LIVE and durable is not None and durable > bar
    return f"{told}, durable up to bar {durable}" if behind else told


def shown_time(time: str) -> str:
    """Return the time of a bar as people write it: of daily bars the day, else to the second."""
    day, _, rest = time.partition("T")
    return day if rest.startswith("00:00:00") else f"{day} {rest[:8]}"


def _process(one: Mapping[str, Any]) -> str:
    if one["state"] in _LIVE:
        machine = f" on {_elsewhere(one)}" if _elsewhere(one) else ""
        return f", heartbeat {one['heartbeat_age_seconds']:g} s ago, process {one['pid']}{machine}"
    if one["ended_at"] is not None:
        return f", {one['state']} at {one['ended_at'][:19].replace('T', ' ')} UTC"
    return f", last heard of at {one['heartbeat_at'][:19].replace('T', ' ')} UTC"


def _waiting(command: Mapping[str, Any]) -> str:
    """Say what waits for a session that does not run, and what was done for it meanwhile."""
    argument, at = command["argument"], command["posted_at"][:19].replace("T", " ")
    if command["command"] == "stopped_outside":
        closing = ", ".join(f"{quantity:+g} {symbol}" for symbol, quantity in argument["closing"]) or "none"
        return f"at {at} UTC {len(argument['cancelled'])} orders were cancelled at the venue; closing orders: {closing}"
    flatten = " --flatten" if argument.get("flatten") and command["command"] != "flatten" else ""
    reason = f": {argument['reason']}" if argument.get("reason") else ""
    word = command["command"].replace("_", "-")
    return f"{word}{flatten} of {at} UTC waits, and is carried out before anything is sent{reason}"


def _print(one: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    style = {"running": "green", "finished": "dim", "stopped": "yellow"}.get(one["state"], "red")
    console.print(f"{one['name']}  session {one['session']}  [{style}]{one['state']}[/]", style="bold")
    console.print(f"  {_place(one)}{_process(one)}", markup=False)
    if one["state"] == "damaged":
        console.print("  its row was changed from outside; `tradewind audit verify` says more", style="red")
    if one["state"] in _LIVE and one.get("recovering"):
        done, of = one["recovered_bars"], one["recorded_bars"]
        console.print(f"  recovering: bar {done} of {of} gone through again; what follows was before")
    if one["state"] in _LIVE:
        for calendar in one.get("calendars", []):
            console.print(f"  {market_line(calendar, datetime.now(UTC))}", markup=False)
    if one.get("regime"):
        console.print(f"  regime {one['regime']}")
    if one.get("standing", "active") != "active":
        text = f"  {one['standing'].replace('_', ' ')} by {one['standing_by']}: {one['standing_text']}"
        console.print(text, style="red", markup=False)
    if covered(one):
        console.print(f"  also {covered(one)} by operator: {one['operator_text']}", style="red", markup=False)
    for waiting in one["pending"]:
        console.print(f"  {_waiting(waiting)}", style="red", markup=False)
    if one.get("gates"):
        told = ", ".join(f"{code} {count:,}" for code, count in sorted(one["gates"].items()))
        console.print(f"  gates changed orders: {told}", markup=False)
    if "cash" not in one:
        return
    positions = ", ".join(f"{symbol} {held:g}" for symbol, held in one["positions"].items()) or "none"
    console.print(f"  cash {one['cash']:,.2f}; positions: {positions}", markup=False)
    console.print(f"  open orders: {one['open_order_count']}")
    for order_id, letter in one["undelivered"].items():
        what = f"{letter['quantity']:+g} {letter['symbol']}"
        text = f"  undelivered: {order_id} {what}: {letter['outcome']} {letter['problem']}"
        console.print(text, style="red", markup=False)
    for symbol, (ours, theirs) in one["differences"].items():
        text = f"  difference: {symbol}: we have {ours:g}, the venue {theirs:g}; nothing is sent until it is explained"
        console.print(text, style="red", markup=False)
    if one["differences"]:
        console.print("  `tradewind orders adopt` takes over what the venue has")
