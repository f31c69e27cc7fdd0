"""`tradewind orders`: explain an order; send an undelivered one again, or drop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.status import Journal

if TYPE_CHECKING:
    from tradewind.journal.store import JournalStore, SessionInfo

__all__ = ["orders"]

_ACTIONS = ("list", "show", "replay", "drop")


def orders(
    action: Annotated[str, typer.Argument(help="`list`, `show`, `replay` or `drop`.")] = "list",
    order_id: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="Id of the order.")] = None,
    session: Annotated[int | None, typer.Option("--session", help="Number of the session; default: the last.")] = None,
    journal: Journal = "sessions/journal.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what is at work and what could not be delivered, or say everything about one order.

    `replay` asks the session to deliver an undelivered order again, `drop` to give it up; a session that does not run
    does so when it is continued.
    """
    from tradewind.errors import UserError, choices
    from tradewind.journal.store import open_store

    if action not in _ACTIONS:
        raise UserError(f"orders: no action {action!r}; {choices(action, _ACTIONS)}")
    with open_store(journal, create=False) as store:
        info = _session(store, session, journal)
        if action == "list":
            _list(info, as_json=as_json)
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


def _list(info: SessionInfo, *, as_json: bool) -> None:
    import json

    beat = info.heartbeat
    told: dict[str, Any] = {name: beat.get(name, []) for name in ("open_orders", "undelivered")}
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    rows = [*told["open_orders"], *(dict(told["undelivered"]).values())]
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
            row.get("problem", ""),
        )
    Console().print(table)


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
