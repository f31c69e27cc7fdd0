"""`tradewind plugins install` and `uninstall`: pip, and which plugins came or went."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.cli.plugin_options import AsJson, echo_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["install", "uninstall"]

_LAST_LINES = 5
_LISTING = """
import json, os
from tradewind.registry.listing import usable_and_not
print("\\n" + json.dumps(usable_and_not()), flush=True)
os._exit(0)  # before plugins print something at the end
"""


def install(
    specifications: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...", help="What pip takes: a name, name==1.2, a wheel, a folder.", show_default=False
        ),
    ],
    editable: Annotated[
        bool, typer.Option("--editable", "-e", help="Folders: use their source where it lies.")
    ] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", "-U", help="Install newer versions.")] = False,
    as_json: AsJson = False,
) -> None:
    """Install distributions with pip into tradewind's own environment, and list the plugins that came."""
    from tradewind.errors import UserError

    for one in specifications:
        if one.startswith("-"):
            raise UserError(
                f"install: {one!r} is an option of pip, not a distribution; call `{_pip_shown()} install` for it"
            )
    options = ["--upgrade"] if upgrade else []
    wanted = [part for one in specifications for part in (["--editable", one] if editable else [one])]
    before = _plugins_before()
    _pip(["install", *options, *wanted], quiet=as_json)
    _tell(before, _plugins(), as_json=as_json)


def uninstall(
    distribution: Annotated[str, typer.Argument(help="Distribution that gives plugins.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Uninstall a distribution of plugins with pip, and list the plugins that went."""
    from tradewind.errors import UserError, choices
    from tradewind.registry.discovery import installed_distributions
    from tradewind.registry.safe_mode import BUILT_IN, normalised

    name = normalised(distribution)
    known = {normalised(one) for one in installed_distributions()} - {BUILT_IN}
    if name == BUILT_IN:
        raise UserError(f"uninstall: {distribution!r} is tradewind itself; use `{_pip_shown()} uninstall tradewind`")
    if name not in known:
        raise UserError(
            f"uninstall: {distribution!r} is no installed distribution of plugins; {choices(name, known)} For others "
            f"use `{_pip_shown()} uninstall`"
        )
    before = _plugins_before()
    _pip(["uninstall", "--yes", name], quiet=as_json)
    _tell(before, _plugins(), as_json=as_json)


def _pip_shown() -> str:
    return "python -m pip"


def _pip(arguments: Sequence[str], *, quiet: bool) -> None:
    """Run pip and pass its output on; where JSON is printed, to stderr."""
    from tradewind.errors import PluginError

    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - the arguments are the user's own
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            typer.echo(line.rstrip("\n"), err=quiet)
            last = [*last, line.rstrip()][-_LAST_LINES:]
    if process.returncode == 0:
        return
    text = "\n".join(f"  {line}" for line in last)
    if any("No module named pip" in line for line in last):
        raise PluginError(
            f"{sys.executable} has no pip, so nothing was changed; install it with `python -m ensurepip`, or use the "
            f"installer that made this environment (as `uv pip {arguments[0]}`)"
        )
    raise PluginError(
        f"pip {arguments[0]} failed with exit code {process.returncode}; it said last:\n{text}\n"
        f"Mend what it names and give the command again"
    )


def _plugins_before() -> Mapping[str, list[str]] | None:
    """Return the plugins; None where one keeps them from being listed, which is what pip is called to mend."""
    from tradewind.errors import PluginError

    try:
        return _plugins()
    except PluginError as error:
        typer.echo(f"warning: {error}", err=True)
        return None


def _plugins() -> Mapping[str, list[str]]:
    """Return the plugins by state, as a new process without safe mode sees them: this one has imported the old ones."""
    import json
    import os

    from tradewind.errors import PluginError
    from tradewind.registry.safe_mode import VARIABLE

    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, "-c", _LISTING], capture_output=True, text=True, check=False, env=environment
    )
    try:
        # A plugin may print something of its own while it is imported, or end the process.
        listed: Mapping[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = done.stderr.strip()[-300:] or f"Python ended with {done.returncode}"
        raise PluginError(f"the plugins cannot be listed: {said}; see `tradewind plugins doctor`") from None
    return listed


def _tell(before: Mapping[str, list[str]] | None, after: Mapping[str, list[str]], *, as_json: bool) -> None:
    before = before or after
    told = {
        "added": sorted(set(after["ok"]) - set(before["ok"])),
        "removed": sorted(set(before["ok"]) - set(after["ok"])),
        "unusable": sorted(set(after["unusable"]) - set(before["unusable"])),
    }
    if as_json:
        echo_json(told)
        return
    for word, names in told.items():
        for name in names:
            typer.echo(f"{word}: {name}")
    if not any(told.values()):
        typer.echo("no plugin came or went")
    if told["unusable"]:
        typer.echo("`tradewind plugins doctor` says why", err=True)
