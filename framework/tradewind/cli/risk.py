"""`tradewind risk`: what a run would lose, and how likely it survives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli import options
from tradewind.cli.group import NamingGroup
from tradewind.cli.standard_output import kept_for_json

if TYPE_CHECKING:
    from rich.table import Table

    from tradewind.research.drill.api import DrillReport
    from tradewind.research.stress.api import StressReport
    from tradewind.research.stress.apply import Contribution, Impact

__all__ = ["risk"]

WIDE = 200
"""Columns of a table that no terminal shows."""
_SHOWN = 30
"""Characters of a position or a sector."""

risk = typer.Typer(
    cls=NamingGroup,
    add_completion=False,
    rich_markup_mode=None,
    help="Stress a kept run, drill a configuration, and list the scenarios.",
)
Fractions = Annotated[
    list[float] | None,
    typer.Option(
        "--drawdown", metavar="FRACTION", help="Limit of the survival table, repeatable; default: 0.08 to 0.30."
    ),
]
Years = Annotated[
    list[float] | None, typer.Option("--years", metavar="YEARS", help="Horizon, repeatable; default: 1, 3 and 5.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@risk.command("stress")
def stress_run(
    run: Annotated[str, typer.Argument(help="Run: folder, part of its name, or `latest`.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", metavar="NAME|FILE", help="Scenario or its YAML file, repeatable; default: all shipped."
        ),
    ] = None,
    limit: Annotated[float, typer.Option("--limit", help="Drawdown at which trading halts, a fraction.")] = 0.12,
    every: Annotated[int, typer.Option("--every", metavar="BARS", help="Distance of the dates of the history.")] = 5,
    beta_bars: Annotated[int, typer.Option("--beta-bars", metavar="BARS", help="Bars a beta comes from.")] = 252,
    own_returns: Annotated[
        bool, typer.Option("--own-returns", help="Instruments do what they did then, where their prices reach back.")
    ] = False,
    drawdown: Fractions = None,
    years: Years = None,
    paths: Annotated[int, typer.Option("--paths", help="Paths of the bootstrap.")] = 10_000,
    block: Annotated[
        float | None, typer.Option("--block", metavar="BARS", help="Expected block length; default: chosen by a rule.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    runs: Annotated[Path, typer.Option("--runs", help="Folder the runs are kept in.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say what crashes would do to a kept run's last positions and to those of every date, and how likely it survives.

    Prices are those of the run's feed; holdings are fixed during a crash: no exit, regime or breaker acts.
    """
    import json

    from tradewind.errors import UserError
    from tradewind.registry import Registry
    from tradewind.research.stress.api import SURVIVAL_DRAWDOWNS, SURVIVAL_YEARS, Settings, stress
    from tradewind.research.stress.holdings import LEAST_BETA_RETURNS
    from tradewind.research.stress.loader import load_scenarios
    from tradewind.runs.capsule import find_capsule

    limits, horizons = tuple(drawdown or SURVIVAL_DRAWDOWNS), tuple(years or SURVIVAL_YEARS)
    for flag, value, allowed, wanted in (
        ("--limit", limit, 0.0 < limit < 1.0, "a fraction above 0 and below 1, as 0.12"),
        *(("--drawdown", one, 0.0 < one < 1.0, "a fraction above 0 and below 1, as 0.12") for one in limits),
        *(("--years", one, 0.0 < one <= 50.0, "years above 0, at most 50") for one in horizons),
        ("--block", block, block is None or block >= 1.0, "bars, at least 1; inf: a path is one stretch of history"),
        ("--every", every, every >= 1, "bars, at least 1"),
        ("--beta-bars", beta_bars, beta_bars >= LEAST_BETA_RETURNS, f"bars, at least {LEAST_BETA_RETURNS}"),
        ("--paths", paths, 100 <= paths <= 1_000_000, "100 to 1,000,000 paths"),
        ("--seed", seed, seed >= 0, "a whole number, at least 0"),
    ):
        if not allowed:
            raise UserError(f"{flag}: received {value:g}; give {wanted}")
    if Path(run).suffix in {".yaml", ".yml"}:
        raise UserError(
            f"{run}: is a configuration, whose positions are unknown before it ran; `tradewind run {run}`, then "
            f"`tradewind risk stress latest`"
        )
    settings = Settings(
        limit=limit,
        every_bars=every,
        beta_bars=beta_bars,
        own_returns=own_returns,
        drawdowns=tuple(sorted(set(limits))),
        years=tuple(sorted(set(horizons))),
        paths=paths,
        seed=seed,
        mean_block_bars=block,
    )
    scenarios = load_scenarios(scenario or ())
    with kept_for_json(as_json):
        report = stress(find_capsule(run, runs), Registry.load(), scenarios, settings)
    if as_json:
        typer.echo(json.dumps(report.as_data(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(report)


@risk.command("scenarios")
def list_scenarios(as_json: AsJson = False) -> None:
    """List the scenarios that come with tradewind, with their figures and where these are from."""
    import json

    from tradewind.research.stress.loader import load_scenarios

    scenarios = load_scenarios()
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in scenarios], indent=2, ensure_ascii=False))
        return
    for one in scenarios:
        typer.echo(f"{one.name}: {one.title}, {one.start} to {one.end}, market {one.market:+.1%}")
        typer.echo(f"  {one.source}")


@risk.command("drill")
def drill_plan(
    config: options.Config,
    extra: options.Extra = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    names: Annotated[
        list[str] | None, typer.Option("--drill", metavar="NAME", help="Drill, repeatable; default: all.")
    ] = None,
    bars: Annotated[int, typer.Option("--bars", help="Bars of the stretch, back from the end of the data.")] = 756,
    seed: Annotated[int, typer.Option("--seed", help="Seed of what is drawn in the drills.")] = 0,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE.png", help="Draw equity with limits and without.")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="End with 5 if a drawdown is beyond the kill limit by more than the gap explains."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which gate or breaker would act in crashes, gaps, halts, on wrong prices and runaway strategies, and when.

    The plan runs over altered prices of its own feed, as configured and with `risk: off`; a kill stays.
    """
    import json

    from tradewind.config.loader import check_plan
    from tradewind.errors import RiskHaltError, UserError
    from tradewind.registry import Registry
    from tradewind.research.drill import LEAST_BARS, Settings, find_drills, rehearse
    from tradewind.research.drill.picture import require_picture, write_picture

    drills = find_drills(names or ())
    for flag, value, least in (("--bars", bars, LEAST_BARS), ("--seed", seed, 0)):
        if value < least:
            raise UserError(f"{flag}: received {value}; give a whole number, at least {least}")
    if picture is not None:
        require_picture(picture)
    loaded = options.load(config, extra, "backtest", None, overrides, start, end)
    with kept_for_json(as_json):
        registry = Registry.load()
        check_plan(loaded, registry)
        report = rehearse(loaded, registry, drills, Settings(bars=bars, seed=seed))
    if as_json:
        typer.echo(json.dumps(report.as_data(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        from tradewind.cli.risk_drill import print_report

        print_report(report)
    if picture is not None:
        write_picture(report, picture)
        typer.echo(f"picture: {picture}", err=as_json)
    if strict and report.kill is None:
        raise UserError("--strict: the plan has no `drawdown` breaker, so there is no kill limit to hold; switch it on")
    if strict and not report.held:
        raise RiskHaltError(_not_held(report))


def _not_held(report: DrillReport) -> str:
    beyond = [(one.name, one.beyond_kill) for one in report.results if one.beyond_kill and one.beyond_kill.rest]
    listed = ", ".join(f"{name} by {part.rest:.1%}" for name, part in beyond)
    return (
        f"--strict: drawdowns went further beyond the kill limit of {report.kill:.0%} than the bar that tripped it and "
        f"the gap to the fills explain: {listed}. See risk.on_kill"
    )


def _print(report: StressReport) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False)
    console.print(report.run)
    console.print(
        f"{str(report.time)[:10]}: equity {report.equity:,.2f}, {report.drawdown:.1%} below its high; "
        f"{len(report.held)} positions, {report.gross:.1%} gross"
    )
    if report.impacts:
        console.print(f"\nHad it begun on the last bar, with a halt at a drawdown of {report.settings.limit:.0%}:")
        console.print(_impacts(report))
    if report.history:
        console.print(
            f"\nHad it begun earlier ({report.history[0].dates:,} dates, {report.settings.every_bars} bars apart; the "
            f"drawdown was beyond the limit at {report.standing_beyond_limit:.1%} of them anyway):"
        )
        console.print(_history(report))
    if report.survival:
        console.print("\nProbability that no drawdown reaches the limit within")
        console.print(_survival(report))
        console.print(
            f"In brackets: 95 % of what other histories of the same length would say. {report.settings.paths:,} paths "
            f"from {report.returns:,} returns, blocks of {report.mean_block_bars:.1f} bars on average."
        )
    for note in report.notes:
        console.print(f"note: {note}")


def _impacts(report: StressReport) -> Table:
    table = _table(
        "scenario", "market", "VIX", "loss", "of equity", "drawdown then", "| worst position", "| worst sector"
    )
    table.add_column("limit")
    for scenario, impact in zip(report.scenarios, report.impacts, strict=True):
        table.add_row(
            scenario.name,
            f"{scenario.market:+.1%}",
            "" if scenario.vix_level is None else f"{scenario.vix_level:.1f}",
            _money(impact.loss_money),
            f"{impact.loss:.1%}",
            f"{impact.drawdown_after:.1%}",
            _contribution(impact.worst_position),
            _contribution(impact.worst_sector),
            _limit(impact),
        )
    return table


def _history(report: StressReport) -> Table:
    table = _table(
        "scenario", "worst date", "loss then", "of equity", "median loss", "dates beyond the limit", "worst drawdown"
    )
    for one in report.history:
        table.add_row(
            one.scenario,
            str(one.worst_date)[:10],
            _money(one.worst_loss_money),
            f"{one.worst_loss:.1%}",
            f"{one.median_loss:.1%}",
            f"{one.share_beyond_limit:.1%}",
            f"{one.worst_path_drawdown:.1%}",
        )
    return table


def _survival(report: StressReport) -> Table:
    table = _table("drawdown", *(f"{years:g} year{'' if years == 1 else 's'}" for years in report.settings.years))
    columns = len(report.settings.years)
    for first in range(0, len(report.survival), columns):
        row = report.survival[first : first + columns]
        cells = [f"{one.probability:.1%} ({_interval(one.history_interval)})" for one in row]
        table.add_row(f"{row[0].drawdown:.0%}", *cells)
    return table


def _table(*names: str) -> Table:
    """Return a table whose columns stand right, but for the first and those whose name begins with a bar."""
    from rich.table import Column, Table

    columns = [
        Column(name.removeprefix("| "), justify="right" if number and name[0] != "|" else "left", no_wrap=True)
        for number, name in enumerate(names)
    ]
    return Table(*columns, box=None, pad_edge=False)


def _limit(impact: Impact) -> str:
    path = impact.path
    if path.breach_step is None:
        return "held"
    if path.breach_step == 0:
        return "crossed already"
    return f"crossed at {path.unit} {path.breach_step} of {path.steps}, at {path.breach_drawdown:.1%}"


def _contribution(one: Contribution | None) -> str:
    return "none" if one is None else f"{one.name[:_SHOWN]} {one.loss:.1%}"


def _money(loss: float) -> str:
    return f"{loss:,.0f}" if loss >= 0.0 else f"gain {-loss:,.0f}"


def _interval(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.0%} to {interval[1]:.0%}"
