"""The commands, found by name and imported only when one is called."""

from __future__ import annotations

import importlib
import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tradewind.errors import UserError, choices

__all__ = ["COMMANDS", "InterruptionError", "build_app"]

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("tradewind.cli.run:run", "Run a configuration in backtest, paper or live mode and keep the run."),
    "init": ("tradewind.cli.init:init", "Write a project: configurations, a strategy, what git ignores."),
    "new": ("tradewind.cli.new:new", "Write a strategy, or a plugin that others can install."),
    "sweep": ("tradewind.cli.sweep:sweep", "Run a configuration at many points of its parameters."),
    "status": ("tradewind.cli.status:status", "Show sessions: bar, account, orders, dead letters."),
    "parity": ("tradewind.cli.parity:parity", "Compare a paper session with its backtest, cause by cause."),
    "rebalance": ("tradewind.cli.rebalance:rebalance", "Print the orders that would be sent now, and send nothing."),
    "orders": ("tradewind.cli.orders:orders", "Explain an order; send an undelivered one again, or drop it."),
    "kill": ("tradewind.cli.operator:kill", "Cancel everything a session has at work, and stop it for good."),
    "flatten": ("tradewind.cli.operator:flatten", "Close all positions of a session, and trade no more."),
    "pause": ("tradewind.cli.operator:pause", "Send no orders until resume."),
    "reduce-only": ("tradewind.cli.operator:reduce_only", "Let positions only become smaller until resume."),
    "resume": ("tradewind.cli.operator:resume", "Let a session trade again."),
    "watchdog": ("tradewind.cli.operator:watchdog", "Watch a session, and stop it when its loop hangs."),
    "test": ("tradewind.cli.test:run_kits", "Test plugins with the conformance kits of their kinds."),
    "venue": ("tradewind.cli.venue:venue", "Run the simulated exchange as a process of its own."),
    "check": ("tradewind.cli.check:check", "Check configurations without running them."),
    "verify": ("tradewind.cli.verify:verify", "Prove that nothing in a configuration reads the future."),
    "doctor": ("tradewind.cli.doctor:doctor", "Examine an existing Backtrader strategy."),
    "show-config": (
        "tradewind.cli.show_config:show_config",
        "Print the merged configuration with origins.",
    ),
    "schema": ("tradewind.cli.schema:schema", "Print the JSON Schema of a configuration."),
    "runs": ("tradewind.cli.runs:list_runs", "List the runs kept so far."),
    "report": ("tradewind.cli.runs:report", "Write the reports of a kept run again."),
    "reproduce": ("tradewind.cli.reproduce:reproduce", "Run a kept run again and compare decisions and data."),
    "audit": ("tradewind.cli.audit:audit", "Prove, show and export the durable journal."),
    "risk": ("tradewind.cli.risk:risk", "Stress a kept run, and list the scenarios."),
    "compare": ("tradewind.cli.compare:compare", "Show the first difference of two runs, and their metrics."),
    "plugins": ("tradewind.cli.plugins:plugins", "List, explain, examine, install and trust plugins."),
    "version": ("tradewind.cli.version:version", "Print the versions."),
}
"""Command to its function or its application, as ``module:name``, and its line in ``--help``."""

_SUMMARY = "Declare a trading strategy in YAML and run it in backtest, paper and live by changing one flag."


class InterruptionError(Exception):
    """Carries an interruption or a closed pipe past typer, which would end the process on its own terms."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _LazyGroup(TyperGroup):
    """Lists commands from the table, and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is the base's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is the base's
        return _stub(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise UserError(f"no command '{name}'; {choices(name, COMMANDS)}")
        if name in COMMANDS:
            return name, _load(name), args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as error:
            raise InterruptionError(error) from error


def build_app() -> Any:
    """Return the command-line application, to be called with arguments."""
    # Help in rich's boxes would take three times as long to appear.
    app = typer.Typer(cls=_LazyGroup, add_completion=False, help=_SUMMARY, rich_markup_mode=None)
    app.callback()(_root)
    return typer.main.get_command(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        _load_function("version")()
        raise typer.Exit


def _begin_safe_mode(wanted: bool) -> None:
    if wanted:
        # Child processes obey it too: workers of a sweep, a supervised session.
        os.environ["TRADEWIND_PLUGINS"] = ""


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Use no colour; so does the environment variable NO_COLOR.")
    ] = False,
    no_plugins: Annotated[
        bool,
        typer.Option(
            "--no-plugins",
            help="Load built-in plugins only; so does an empty environment variable TRADEWIND_PLUGINS.",
            callback=_begin_safe_mode,
        ),
    ] = False,
) -> None:
    """Accept the options that stand before the command."""


def _stub(name: str) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=COMMANDS[name][1])(_nothing)
    return typer.main.get_command(app)


def _nothing() -> None:
    """Stand in for a command that is only listed."""


def _load(name: str) -> Any:
    app = _load_function(name)
    if not isinstance(app, typer.Typer):
        function, app = app, typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(function)
    command = typer.main.get_command(app)
    command.name = name
    return command


def _load_function(name: str) -> Any:
    module, _, function = COMMANDS[name][0].partition(":")
    return getattr(importlib.import_module(module), function)
