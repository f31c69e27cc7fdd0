"""``tradewind check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tradewind.cli import options
from tradewind.errors import TradewindError

if TYPE_CHECKING:
    from tradewind.config.plan import Plan

__all__ = ["check"]


def check(
    configs: options.Configs,
    extra: options.Extra = None,
    mode: options.Mode = "backtest",
    mode_file: options.ModeFile = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
) -> None:
    """Check configurations with every plugin and parameter they name, without running anything.

    All plugins are made but those that reach outside: feed and broker. What only the data can show is seen by run. A
    mode that cannot run is refused when all else is right.

    Several configurations are checked one by one, each with the same options.
    """
    from tradewind.config.loader import check_plan
    from tradewind.config.trust import require_trusted
    from tradewind.engine.assemble import Builder
    from tradewind.modes import require_mode
    from tradewind.registry import Registry
    from tradewind.runs.launch import reports_of

    registry = Registry.load()
    failed = 0
    for config in configs:
        try:
            loaded = options.load(config, extra, mode, mode_file, overrides, start, end)
            check_plan(loaded, registry)
            require_trusted(loaded.plan, registry, loaded.directory)
            with loaded.placing():
                Builder(loaded.plan, registry, loaded.directory).rehearse()
                reports_of(loaded, registry)
            require_mode(loaded.plan.mode.mode)
        except TradewindError as error:
            if len(configs) == 1:
                raise
            typer.echo(f"error: {error}", err=True)
            failed = failed or error.exit_code
        else:
            typer.echo(f"ok: {config}: {_summary(loaded.plan)}")
    if failed:
        raise typer.Exit(failed)


def _summary(plan: Plan) -> str:
    sleeves = ", ".join(f"{sleeve.name} ({sleeve.strategy.label})" for sleeve in plan.sleeves)
    word = "sleeve" if len(plan.sleeves) == 1 else "sleeves"
    regime = f", regime {plan.regime.detector.label}" if plan.regime else ""
    return f"mode {plan.mode.mode}, feed {plan.data.feed.label}{regime}, {len(plan.sleeves)} {word}: {sleeves}"
