"""`tradewind parity`: a paper session against its backtest, line by line and cause by cause."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tradewind.runs.parity import Backtest, Parity, RecordDifference

__all__ = ["OUTSIDE_BAND", "parity"]

OUTSIDE_BAND = 12
"""Exit code where paper lies outside the band: a finding, not an error."""

_TOLD = {
    "data": "the feed's history against the recorded bars",
    "gate": "orders refused, blocked or not delivered",
    "fill_time": "filled on other bars, or not to the end",
    "fill_price": "filled at other prices in the same bar",
    "cost": "commission, spread, slippage, impact, borrowing",
    "outside": "what the venue had otherwise: cash, positions, orders put off",
    "decision": "decided otherwise on the same bars and executions",
}
_OPERATED = "decided otherwise since an operator acted"
_SHOWN_CHARACTERS = 300


def parity(
    run: Annotated[str, typer.Argument(help="Paper run: number of its session, folder, part of its name, `latest`.")],
    backtest: Annotated[
        str | None, typer.Argument(help="Kept run to hold it against; default: a backtest over the feed's history.")
    ] = None,
    band: Annotated[
        float, typer.Option("--band", min=0.0, help="Largest difference as a fraction of the backtest's profit.")
    ] = 0.2,
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = Path("runs"),
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            envvar="TRADEWIND_JOURNAL",
            help="Path or database URL of the durable journal; default: that of the run, or beside the runs.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", help="Where the configuration lay; default: as the run says, else here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Replay a paper session's bars through a backtest and split the difference in profit by its causes.

    Ends with 0 where paper lies within the band, with 12 where it lies outside.
    """
    import json

    from tradewind.cli.standard_output import kept_for_json
    from tradewind.journal.store import open_store
    from tradewind.registry import Registry
    from tradewind.runs.parity import compare_session, find_session, read_session, session_info

    named = find_session(run, runs, journal)
    with open_store(named.journal, create=False, writes=False) as store:
        session = read_session(store, session_info(store, named.number, named.journal))
    place = directory or named.directory or Path.cwd()
    with kept_for_json(as_json):
        compared = compare_session(session, Registry.load(), place, backtest=_backtest(backtest, runs), band=band)
    if as_json:
        typer.echo(json.dumps(compared.as_data(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(compared)
    if not compared.within_band:
        raise typer.Exit(OUTSIDE_BAND)


def _backtest(name: str | None, runs: Path) -> Backtest | None:
    from tradewind.errors import UserError
    from tradewind.runs.capsule import find_capsule, load_result
    from tradewind.runs.parity import Backtest

    if name is None:
        return None
    result = load_result(find_capsule(name, runs))
    if result.mode != "backtest":
        raise UserError(f"parity: BACKTEST {name!r} is a {result.mode} run; name a backtest, or none")
    return Backtest(result)


def _print(compared: Parity) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    state = "finished" if compared.finished else "not finished"
    console.print(f"{compared.name}  session {compared.session} ({state})", style="bold")
    console.print(f"  {compared.bars} bars, {compared.start[:10]} to {compared.end[:10]}, {_counted(compared)}")
    for note in compared.notes:
        console.print(f"  note: {note}", markup=False)
    console.print(f"  decisions: {'the same to the last digit' if compared.same_decisions else 'different'}")
    _print_difference(console, "first difference", compared.first_difference)
    if not compared.same_decisions:
        told = "paper's" if compared.explained else "NOT paper's"
        told += " up to the operator's command" if compared.first_operated is not None else ""
        console.print(f"  given paper's bars and executions the plan's decisions are {told}")
        _print_difference(console, "first unexplained", compared.first_unexplained)
        _print_difference(console, "first decision after it that is not the plan's", compared.first_operated)
    if compared.data_difference:
        console.print(f"  data: {compared.data_difference}", markup=False)
    console.print(_table(compared))
    verdict = "within" if compared.within_band else "outside"
    share = "no profit to compare with"
    if compared.backtest_profit:
        share = f"{compared.difference / abs(compared.backtest_profit):+.2%} of the backtest's profit"
    style = "green" if compared.within_band else "red"
    console.print(f"{verdict} the band of ±{compared.band:.0%}: {share}", style=style)


def _counted(compared: Parity) -> str:
    counts = dict(compared.counts)
    total = counts.pop("orders")
    told = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return f"{total} orders ({', '.join(told) or 'none treated otherwise'})"


def _print_difference(console: Console, title: str, difference: RecordDifference | None) -> None:
    if difference is None:
        return
    console.print(f"  {title}: bar {difference.bar} ({difference.time[:19]}), {difference.kind}", markup=False)
    for who, payload in (("paper", difference.paper), ("backtest", difference.backtest)):
        text = payload if len(payload) <= _SHOWN_CHARACTERS else f"{payload[: _SHOWN_CHARACTERS - 3]}..."
        console.print(f"    {who:<9}{text or 'nothing'}", markup=False, soft_wrap=True)


def _table(compared: Parity) -> Table:
    from rich.table import Table

    table = Table("profit", "cash", "what", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    table.add_row("  backtest", f"{compared.backtest_profit:,.2f}", "")
    for name, part in compared.parts.items():
        told = _OPERATED if name == "decision" and compared.first_operated is not None else _TOLD[name]
        table.add_row(f"  + {name.replace('_', ' ')}", f"{part:+,.2f}" if part else "0", told)
        if name == "cost":
            for component, amount in compared.cost_parts.items():
                table.add_row(f"      {component}", f"{amount:+,.2f}" if amount else "0", "", style="dim")
    table.add_row("  + rounding", f"{compared.rounding:+.1e}" if compared.rounding else "0", "")
    table.add_row("  = paper", f"{compared.paper_profit:,.2f}", "")
    return table
