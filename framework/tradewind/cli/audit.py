"""``tradewind audit``: the durable journal, proved, shown and exported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.group import NamingGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from tradewind.journal.store import Entry, JournalStore, SessionInfo, Tombstone, Verdict

__all__ = ["audit"]

EXIT_CHANGED = 8
WIDE = 200
"""Columns of a table that no terminal shows."""

audit = typer.Typer(
    cls=NamingGroup,
    add_completion=False,
    rich_markup_mode=None,
    help="Prove, show and export the durable journal of paper and live sessions.",
)

Journal = Annotated[
    str,
    typer.Option("--journal", metavar="PATH|URL", envvar="TRADEWIND_JOURNAL", help="SQLite file or database URL."),
]
DEFAULT_JOURNAL = "sessions/journal.db"
Session = Annotated[int | None, typer.Argument(metavar="SESSION", help="Number of a session.", show_default=False)]
Zone = Annotated[str, typer.Option("--zone", metavar="NAME", help="Time zone of the times, as Europe/Berlin.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@audit.command("verify")
def verify_journal(session: Session = None, journal: Journal = DEFAULT_JOURNAL, as_json: AsJson = False) -> None:
    """Prove that nothing was changed, removed, inserted or cut off; name the first place where something was.

    Exit code 0: all is as it was written; 8: something is not. Without SESSION the whole journal is verified.
    """
    import json
    from dataclasses import asdict

    with _open(journal) as store:
        verdict = store.verify(session)
        infos = store.sessions() if verdict.good else []
    if as_json:
        typer.echo(json.dumps({"good": verdict.good, **asdict(verdict)}, indent=2))
    elif verdict.good:
        typer.echo(_counts(verdict))
        for info in infos:
            if session in {None, info.id}:
                typer.echo(f"head of session {info.id}: {info.head_hash}")
    else:
        typer.echo(f"error: journal: {verdict.problem}", err=True)
    if not verdict.good:
        raise typer.Exit(EXIT_CHANGED)


@audit.command("sessions")
def list_sessions(journal: Journal = DEFAULT_JOURNAL, zone: Zone = "UTC", as_json: AsJson = False) -> None:
    """List the sessions, and what is left of pruned ones."""
    import json

    from rich.console import Console
    from rich.table import Table

    place = _zone(zone)
    with _open(journal) as store:
        rows = [_session_row(info, place) for info in store.sessions()]
        rows = sorted(rows + [_tombstone_row(stone, place) for stone in store.tombstones()], key=lambda row: row["id"])
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    names = ("id", "name", "status", "started_at", "ended_at", "heartbeat_at", "entries", "last_bar", "head_hash")
    table = Table(*(name.replace("_", " ") for name in names))
    for row in rows:
        shown = ["" if row.get(name) is None else str(row[name]) for name in names]
        table.add_row(*shown[:-1], shown[-1][:12])
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


@audit.command("show")
def show_entries(
    session: Session = None,
    journal: Journal = DEFAULT_JOURNAL,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind; repeatable.", show_default=False)
    ] = None,
    bar: Annotated[int | None, typer.Option("--bar", help="Only this bar.", show_default=False)] = None,
    order: Annotated[
        str | None, typer.Option("--order", help="Only what names this order.", show_default=False)
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", help="Only the last so many.", min=1, show_default=False)
    ] = None,
    zone: Zone = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines.")] = False,
) -> None:
    """Print the entries of a session (default: the latest), one a line."""
    from collections import deque

    from tradewind.journal.store.export import entry_line

    place = _zone(zone)
    with _open(journal) as store:
        number = _chosen(store, session).id
        entries: Iterable[Entry] = _filtered(store.entries(number, kinds=kinds or ()), bar, order)
        shown = False
        for entry in entries if last is None else deque(entries, maxlen=last):
            time = entry.committed_at.astimezone(place).isoformat(timespec="milliseconds")
            text = f"{entry.sequence:>8} {time} bar {entry.bar:<6} {entry.kind:<10} {entry.payload}"
            typer.echo(entry_line(entry, number, place) if as_json else text)
            shown = True
        if not shown:
            typer.echo(_nothing_shown(number, store.entries(number)), err=True)


@audit.command("export")
def export_session(
    session: Session = None,
    journal: Journal = DEFAULT_JOURNAL,
    form: Annotated[str, typer.Option("--format", metavar="csv|jsonl", help="Kind of the files.")] = "csv",
    directory: Annotated[str, typer.Option("--to", metavar="DIR", help="Folder of the files.")] = "exports",
    max_mb: Annotated[float, typer.Option("--max-mb", metavar="N", help="Size of a file in megabytes.")] = 100.0,
    zone: Zone = "UTC",
) -> None:
    """Write the entries of a session (default: of all) to files, and print their names.

    Files are called NAME-SESSION-001.csv and so on; none is overwritten.
    """
    from tradewind.errors import UserError, choices
    from tradewind.journal.store.export import export_entries

    place = _zone(zone)
    if form not in {"csv", "jsonl"}:
        raise UserError(f"--format: received '{form}'; {choices(form, ['csv', 'jsonl'])}")
    if not 0 < max_mb < float("inf"):
        raise UserError(f"--max-mb: received {max_mb}; give a size above 0, as --max-mb 100")
    if not directory.strip():
        raise UserError("--to: received an empty name; name a folder, as --to exports")
    with _open(journal) as store:
        for info in store.sessions() if session is None else [_chosen(store, session)]:
            paths = export_entries(
                store.entries(info.id),
                info.id,
                info.name,
                Path(directory),
                form="csv" if form == "csv" else "jsonl",
                max_bytes=int(max_mb * 1e6),
                zone=place,
            )
            for path in paths:
                typer.echo(str(path))


@audit.command("prune")
def prune_sessions(
    keep_days: Annotated[float, typer.Option("--keep-days", metavar="DAYS", help="Age at which sessions are dropped.")],
    journal: Journal = DEFAULT_JOURNAL,
) -> None:
    """Drop finished sessions that ended longer ago; each leaves a tombstone, so that it is not missed."""
    from tradewind.errors import UserError

    if not keep_days >= 0:
        raise UserError(f"--keep-days: received {keep_days:g}; give 0 or more days, as --keep-days 365")
    with _open(journal, writes=True) as store:
        dropped = store.prune(keep_days=keep_days)
    for info in dropped:
        typer.echo(f"dropped session {info.id} {info.name}: {info.entries} entries, head {info.head_hash}")
    typer.echo(f"{len(dropped)} sessions dropped")


def _open(journal: str, *, writes: bool = False) -> JournalStore:
    from tradewind.journal.store import open_store

    return open_store(journal, create=False, writes=writes)


def _zone(name: str) -> tzinfo:
    import difflib
    import zoneinfo

    from tradewind.errors import UserError

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        nearest = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=1)
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        raise UserError(f"--zone: no time zone '{name}'; write it as Europe/Berlin or UTC.{hint}") from error


def _chosen(store: JournalStore, session: int | None) -> SessionInfo:
    from tradewind.errors import JournalError, UserError

    sessions = store.sessions()
    for info in sessions[-1:] if session is None else sessions:
        if session in {None, info.id}:
            return info
    if session is None:
        raise JournalError("journal: holds no session yet; a paper or live run begins one")
    for stone in store.tombstones():
        if stone.id == session:
            raise UserError(
                f"journal: session {session} was pruned on {stone.pruned_at:%Y-%m-%d}; its entries are gone"
            )
    known = ", ".join(str(info.id) for info in sessions[-10:]) or "none"
    raise UserError(f"journal: no session {session}; known: {known}")


def _nothing_shown(number: int, entries: Iterable[Entry]) -> str:
    """Say that nothing matches, and what there is."""
    kinds: dict[str, None] = {}
    last = -1
    for entry in entries:
        kinds[entry.kind] = None
        last = max(last, entry.bar)
    if not kinds:
        return f"session {number}: no entries"
    return f"session {number}: no entries like that; it has bars up to {last} and the kinds {', '.join(sorted(kinds))}"


def _filtered(entries: Iterable[Entry], bar: int | None, order: str | None) -> Iterator[Entry]:
    for entry in entries:
        if (bar is None or entry.bar == bar) and (order is None or _names(entry.payload, order)):
            yield entry


def _names(payload: str, order: str) -> bool:
    """Whether a payload has the order's id as a value, at any depth."""
    import json

    try:
        return _holds(json.loads(payload), order)
    except ValueError:
        return order in payload


def _holds(value: Any, order: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(part, order) for part in value.values())
    if isinstance(value, list):
        return any(_holds(part, order) for part in value)
    return bool(value == order)


def _counts(verdict: Verdict) -> str:
    counts = ((verdict.sessions, "session"), (verdict.blocks, "block"), (verdict.entries, "entry"))
    plurals = {"entry": "entries"}
    told = [f"{count:,} {word if count == 1 else plurals.get(word, word + 's')}" for count, word in counts]
    return f"good: {', '.join(told)}"


def _session_row(info: SessionInfo, zone: tzinfo) -> dict[str, Any]:
    from dataclasses import asdict

    times = ("started_at", "ended_at", "heartbeat_at")
    return {**asdict(info), **{name: _shown(getattr(info, name), zone) for name in times}}


def _tombstone_row(stone: Tombstone, zone: tzinfo) -> dict[str, Any]:
    from dataclasses import asdict

    times = ("started_at", "ended_at", "pruned_at")
    return {**asdict(stone), **{name: _shown(getattr(stone, name), zone) for name in times}, "status": "pruned"}


def _shown(time: datetime | None, zone: tzinfo) -> str | None:
    return None if time is None else time.astimezone(zone).isoformat(timespec="milliseconds")
