"""`tradewind orders`: explain an order, say how well orders were executed, send an undelivered one again or drop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.status import Journal

if TYPE_CHECKING:
    from pandas import DataFrame

    from tradewind.journal.store import JournalStore, SessionInfo

__all__ = ["orders"]

_ACTIONS = ("list", "show", "quality", "replay", "drop", "adopt")
_OF_ORDERS = ("show", "replay", "drop")
"""Actions on one order."""
_READING = ("list", "show", "quality")

_FIGURES = {
    "orders": ("orders", "{:,.0f}"),
    "filled_orders": ("  filled whole", "{:,.0f}"),
    "value": ("value decided", "{:,.2f}"),
    "fill_rate": ("  of it filled", "{:.2%}"),
    "decision_bp": ("price against decision", "{:+.2f}"),
    "arrival_bp": ("price against arrival", "{:+.2f}"),
    "vwap_bp": ("price against bar average", "{:+.2f}"),
    "shortfall_bp": ("implementation shortfall", "{:+.2f}"),
    "delay_bp": ("  delay", "{:+.2f}"),
    "trading_bp": ("  trading", "{:+.2f}"),
    "opportunity_bp": ("  not filled", "{:+.2f}"),
    "costs_bp": ("  costs", "{:+.2f}"),
    "bars_to_fill": ("bars to fill", "{:.2f}"),
    "seconds_to_fill": ("seconds to fill", "{:.3f}"),
}


def orders(
    action: Annotated[str, typer.Argument(help="`list`, `show`, `quality`, `replay`, `drop` or `adopt`.")] = "list",
    order_id: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="Id of the order.")] = None,
    session: Annotated[int | None, typer.Option("--session", help="Number of the session; default: the last.")] = None,
    journal: Journal = "sessions/journal.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what is at work and what could not be delivered, or say everything about one order.

    `quality` compares fills with the prices at decision, arrival and on average, in basis points; positive is a cost.
    `replay` asks the session to deliver an undelivered order again, `drop` to give it up, `adopt` to take over what the
    venue has otherwise, positions at their last prices; it does so at once.
    """
    from tradewind.errors import UserError, choices
    from tradewind.journal.store import open_store

    if action not in _ACTIONS:
        raise UserError(f"orders: no action {action!r}; {choices(action, _ACTIONS)}")
    if order_id is not None and action not in _OF_ORDERS:
        raise UserError(f"orders {action}: takes no order; received {order_id!r}. `tradewind orders show` explains one")
    with open_store(journal, create=False, writes=action not in _READING) as store:
        info = _session(store, session, journal)
        if action == "list":
            _list(info, as_json=as_json)
            return
        if action == "quality":
            _quality(store, info, journal, as_json=as_json)
            return
        if action == "adopt":
            _adopt(store, info)
            return
        if order_id is None:
            raise UserError(f"orders {action}: name an order; `tradewind orders list` shows them")
        if action == "show":
            _show(store, info, order_id, as_json=as_json)
            return
        undelivered = info.heartbeat.get("undelivered", {})
        if order_id not in undelivered:
            raise UserError(
                f"orders {action}: session {info.id} has no undelivered order {order_id!r}; "
                f"{choices(order_id, undelivered)}"
            )
        if action == "drop" and undelivered[order_id]["outcome"] == "uncertain":
            raise UserError(
                f"orders drop: order {order_id} may have reached the venue, so it cannot be given up; the session asks "
                f"the venue on every bar, and `tradewind orders replay` sends it again only where it never arrived"
            )
        store.post(info.id, action, {"order": order_id})
    typer.echo(f"{action} of {order_id} is asked of session {info.id}; `tradewind status` shows what comes of it")


def _session(store: JournalStore, number: int | None, journal: str) -> SessionInfo:
    from tradewind.errors import UserError

    known = {info.id: info for info in store.sessions()}
    if not known:
        raise UserError(f"orders: no session in {journal}; `tradewind run CONFIG --mode paper` begins one")
    if number is not None and number not in known:
        raise UserError(f"orders: no session {number} in {journal}; known: {', '.join(map(str, known))}")
    return known[max(known) if number is None else number]


def _adopt(store: JournalStore, info: SessionInfo) -> None:
    from tradewind.errors import UserError

    differences = info.heartbeat.get("differences", {})
    if not differences:
        raise UserError(f"orders adopt: session {info.id} knows of no difference: there is nothing to take over")
    store.post(info.id, "adopt", {})
    typer.echo(f"session {info.id} is asked to take over: {', '.join(differences)}; `tradewind status` shows it done")


def _list(info: SessionInfo, *, as_json: bool) -> None:
    import json

    beat = info.heartbeat
    told: dict[str, Any] = {"open_orders": beat.get("open_orders", []), "undelivered": beat.get("undelivered", {})}
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    at_work = [row for row in told["open_orders"] if row["id"] not in told["undelivered"]]
    rows = [*at_work, *told["undelivered"].values()]
    if not rows:
        typer.echo(f"session {info.id}: no orders at work and none undelivered", err=True)
        return
    table = Table("order", "symbol", "quantity", "filled", "state", "reason", "problem")
    for row in rows:
        table.add_row(
            row["id"],
            row["symbol"],
            f"{row['quantity']:+g}",
            f"{row['filled']:g}",
            row["state"],
            row["reason"],
            escape(row.get("problem", "")),
        )
    Console().print(table)


def _quality(store: JournalStore, info: SessionInfo, journal: str, *, as_json: bool) -> None:
    import json
    from pathlib import Path

    from tradewind.cli.standard_output import kept_for_json
    from tradewind.registry import Registry
    from tradewind.runs.parity import find_session
    from tradewind.runs.quality import session_quality

    directory = find_session(str(info.id), Path("runs"), journal).directory or Path.cwd()
    with kept_for_json(as_json):
        table = session_quality(store, info, Registry.load(), directory)
    if as_json:
        rows = {
            str(group): {name: None if value != value else value for name, value in row.items()}
            for group, row in table.to_dict(orient="index").items()
        }
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False))
        return
    if table.empty:
        typer.echo(f"session {info.id}: no orders yet", err=True)
        return
    _print_quality(info, table)


def _print_quality(info: SessionInfo, table: DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"{info.name}  session {info.id}: basis points, positive is a cost", style="bold", highlight=False)
    shown = Table("", *(str(group) for group in table.index), box=None, pad_edge=False)
    shown.columns[0].no_wrap = True
    for column in shown.columns[1:]:
        column.justify = "right"
    for name, values in table.items():
        label, form = _FIGURES[str(name)]
        shown.add_row(label, *("n/a" if value != value else form.format(value) for value in values))
    console.print(shown)


def _show(store: JournalStore, info: SessionInfo, order_id: str, *, as_json: bool) -> None:
    import json

    from tradewind.runs.explain import explain_order

    told = explain_order(store, info, order_id)
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    order, bar = told["order"], told["bar"]
    typer.echo(f"{order['id']}: {order['quantity']:+g} {order['symbol']}, {order['type']}, {order['time_in_force']}")
    typer.echo(
        f"  why     {order['reason']}, decided on the close of bar {bar['number']} ({bar.get('time', 'no time')})"
    )
    for one in told["who"]:
        strategy = one["strategy"]
        label = strategy.get("name") or strategy.get("python") or strategy.get("backtrader")
        typer.echo(f"  who     sleeve {one['sleeve']} {one['quantity']:+g}: {label} {strategy.get('params', {})}")
        typer.echo(f"  version tradewind {one['tradewind']}, strategy code sha256 {one['code_sha256'][:16]}")
    typer.echo(f"  data    {bar.get('data', 'not digested')}")
    typer.echo(f"  regime  {told['regime'] or 'none'}")
    for step in told["life"]:
        typer.echo(f"  {step['durable_at']} bar {step['bar']}: {_step(step)}")


def _step(step: dict[str, Any]) -> str:
    skipped = ("bar", "durable_at", "what", "id", "order_id")
    details = ", ".join(f"{name} {value}" for name, value in step.items() if name not in skipped and value != "")
    return f"{step['what']} {details}".strip()
