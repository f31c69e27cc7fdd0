"""`tradewind rebalance --dry-run`: the orders that would be sent, and nothing sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tradewind.cli import options

if TYPE_CHECKING:
    from tradewind.config.plan import Plan
    from tradewind.contracts import Broker
    from tradewind.engine.assemble import Builder
    from tradewind.runs.rebalance import Holdings, Preview

__all__ = ["rebalance"]

_WIDE = 110
"""Columns of a terminal on which the notes have room beside the numbers."""


def rebalance(
    config: options.Config,
    extra: options.Extra = None,
    mode: options.Mode = "paper",
    mode_file: options.ModeFile = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Required: print the orders and send nothing.")] = False,
    positions: Annotated[
        Path | None, typer.Option("--positions", help="CSV with the columns symbol and quantity; `cash` is a symbol.")
    ] = None,
    journal: Annotated[
        str, typer.Option("--journal", envvar="TRADEWIND_JOURNAL", help="Journal of the paper session.")
    ] = "sessions/journal.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print how the latest targets differ from an account, and the orders that a rebalance of all of it would send.

    The account is the one in --positions, else that of the mode's broker, else that of the unfinished paper session,
    else the configuration's cash. Without --positions the session must have been begun with this configuration.
    """
    from tradewind.cli.standard_output import kept_for_json
    from tradewind.config.loader import check_plan
    from tradewind.engine.assemble import Builder
    from tradewind.errors import UserError
    from tradewind.registry import Registry
    from tradewind.runs.rebalance import preview

    if not dry_run:
        raise UserError("rebalance: add --dry-run; orders are sent by `tradewind run CONFIG --mode paper` only")
    loaded = options.load(config, extra, mode, mode_file, overrides, start, end)
    with kept_for_json(as_json):
        registry = Registry.load()
        check_plan(loaded, registry)
        builder = Builder(loaded.plan, registry, loaded.directory)
        with loaded.placing():
            shown = preview(builder, _holdings(builder, positions, journal))
    if as_json:
        _print_json(shown)
    else:
        _print(shown)


def _holdings(builder: Builder, positions: Path | None, journal: str) -> Holdings:
    from tradewind.model import Standing
    from tradewind.runs.rebalance import Holdings

    plan = builder.plan
    if positions is not None:
        return _read(positions)
    beat = _last_heartbeat(plan, journal) or {}
    at: dict[str, Any] = {"time": beat.get("time", "")}
    if "standing" in beat:
        at |= {"standing": Standing[beat["standing"].upper()]}
        at |= {key: beat[key] for key in ("standing_by", "standing_text")}
    if plan.mode.broker is not None:
        broker = cast("Broker", builder.create("broker", plan.mode.broker, "broker"))
        broker.connect()
        try:
            held = {instrument.symbol: quantity for instrument, quantity in broker.positions().items()}
            return Holdings(broker.account().cash, held, f"broker {plan.mode.broker.label}", **at)
        finally:
            broker.close()
    if beat:
        return Holdings(beat["cash"], beat["positions"], f"paper session at bar {beat['bar']}", **at)
    return Holdings(plan.account.cash, {}, "account.cash, nothing held")


def _last_heartbeat(plan: Plan, journal: str) -> dict[str, Any] | None:
    """Return what the unfinished session tells of itself; refuse one that was begun with another configuration."""
    from tradewind.journal.store import open_store
    from tradewind.runs.unchanged import kept_config, require_same

    if "://" not in journal and not Path(journal).exists():
        return None
    with open_store(journal, create=False, writes=False) as store:
        unfinished = [
            info for info in store.sessions(plan.name) if info.status != "finished" and "cash" in info.heartbeat
        ]
    if not unfinished:
        return None
    last = unfinished[-1]
    # As for `run`: a session in which nothing was decided binds nobody.
    if last.entries:
        require_same(plan.name, last.id, last.header.get("config", {}), kept_config(plan))
    return dict(last.heartbeat)


def _read(path: Path) -> Holdings:
    import csv

    from tradewind.errors import UserError
    from tradewind.runs.rebalance import Holdings

    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except FileNotFoundError as error:
        raise UserError(
            f"--positions {path}: no such file; give a CSV with the columns symbol and quantity, and a line "
            f"`cash,AMOUNT`"
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"--positions {path}: not readable ({getattr(error, 'strerror', None) or error})") from error
    if not rows or rows[0] != ["symbol", "quantity"]:
        raise UserError(f"--positions {path}: the first line must be `symbol,quantity`; received {rows[:1]}")
    held: dict[str, float] = {}
    for number, row in enumerate(rows[1:], start=2):
        quantity = _number(row[1]) if len(row) == len(rows[0]) else None
        if quantity is None or row[0] in held:
            raise UserError(f"--positions {path}:{number}: expected a symbol, once, and a number; received {row}")
        held[row[0]] = quantity
    if "cash" not in held:
        raise UserError(f"--positions {path}: add a line `cash,AMOUNT`")
    return Holdings(held.pop("cash"), held, str(path))


def _number(text: str) -> float | None:
    import math

    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _print_json(shown: Preview) -> None:
    import dataclasses
    import json

    told = dataclasses.asdict(shown)
    told["rulings"] = [{"symbol": symbol, **ruling._asdict()} for symbol, ruling in shown.rulings]
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _print(shown: Preview) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    regime = f", regime {shown.regime}" if shown.regime else ""
    console.print(
        f"close of {shown.time[:16]}{regime}; equity {shown.equity:,.2f}, cash {shown.cash:,.2f}", markup=False
    )
    console.print(f"account: {shown.source}", markup=False)
    numbers = [_right(name) for name in ("held", "wanted", "trade", "price", "value", "cost")]
    has_room = console.width >= _WIDE
    table = Table("order", "symbol", *numbers, *(["note"] if has_room else []))
    for line in shown.lines:
        table.add_row(
            line.action or "-",
            line.symbol,
            f"{line.held:,.4g}",
            f"{line.wanted:,.4g}",
            f"{line.quantity:+,.4g}" if line.quantity else "",
            f"{line.price:,.2f}",
            f"{line.quantity * line.price:+,.2f}" if line.quantity else "",
            f"{line.cost:,.2f}" if line.quantity else "",
            *([line.note] if has_room else []),
        )
    if shown.lines:
        console.print(table)
    for line in () if has_room else shown.lines:
        if line.note:
            console.print(f"  {line.symbol}: {line.note}", markup=False)
    if shown.standing != "active":
        console.print(_standing(shown), style="red", markup=False)
    for _, ruling in shown.rulings:
        console.print(f"  {ruling.gate}: {ruling.asked:+,.4g} to {ruling.allowed:+,.4g}: {ruling.text}", markup=False)
    orders = sum(1 for line in shown.lines if line.action)
    told = f"{orders} orders would be sent" if orders else "nothing would be sent" if shown.rulings else "nothing to do"
    console.print(f"{told}; nothing was sent")


def _standing(shown: Preview) -> str:
    """Say what the account may still do, who brought it about, since when, and what that means for the orders."""
    means = {"reduced": "openings are made smaller", "reduce_only": "positions may only become smaller"}
    text = f"{shown.standing.replace('_', ' ')} by {shown.standing_by} ({shown.standing_text})"
    return f"the account is {text}: {means.get(shown.standing, 'nothing would be sent')}"


def _right(name: str) -> Any:
    from rich.table import Column

    return Column(name, justify="right", no_wrap=True)
