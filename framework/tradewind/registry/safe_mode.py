"""Safe mode: the built-in plugins, those of chosen distributions, and no other code."""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

from tradewind.errors import PluginError, UserError, choices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tradewind.registry.records import Provider

__all__ = ["BUILT_IN", "VARIABLE", "allowed_distributions", "disabled_note", "normalised"]

VARIABLE = "TRADEWIND_PLUGINS"
"""Environment variable: distributions whose plugins are loaded beside the built-in ones; empty: none; unset: all."""

BUILT_IN = "tradewind"
"""The distribution of the built-in plugins."""

_MOST_BYTES = 1_000_000


def normalised(distribution: str) -> str:
    """Return the form in which names of distributions are compared: ``Acme_Kelly`` and ``acme-kelly`` are the same."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def allowed_distributions(environment: Mapping[str, str], installed: Collection[str]) -> frozenset[str] | None:
    """Return the normalised names of the distributions that may be loaded; None: all.

    Parameters
    ----------
    environment
        Variables of the process.
    installed
        Names of the distributions that give plugins.

    Raises
    ------
    UserError
        If the variable names a distribution that is not installed or gives no plugins.
    """
    if VARIABLE not in environment:
        return None
    known = {normalised(name) for name in installed} | {BUILT_IN}
    wanted = [normalised(part.strip()) for part in environment[VARIABLE].split(",") if part.strip()]
    for name in wanted:
        if name not in known:
            raise UserError(
                f"{VARIABLE}: no installed distribution '{name}' gives plugins; {choices(name, known)} Separate "
                f"several with commas; empty: built-in plugins only; unset it for all"
            )
    return frozenset(wanted) | {BUILT_IN}


def disabled_note(kind: str, name: str, disabled: Iterable[Provider]) -> str:
    """Return which disabled distributions seem to give a plugin, or an empty text where none is disabled.

    Their code is read as text and not run.
    """
    providers = {one.distribution: one for one in disabled}
    if not providers:
        return ""
    naming = sorted(one for one in providers if _names(one, name))
    if naming:
        shown = " and ".join(f"{one} {providers[one].version}" for one in naming)
        what = f"{kind} '{name}' is disabled by safe mode ({VARIABLE}): {shown} seems to give it"
    else:
        shown = ", ".join(sorted(providers))
        what = f"safe mode ({VARIABLE}) is on, and these are disabled: {shown}"
    return f"{what}; run without --no-plugins, or set {VARIABLE}={','.join(naming or ['NAME'])}"


def _names(distribution: str, name: str) -> bool:
    """Whether a Python file of a distribution has the name as a text."""
    from tradewind.registry.files import source_files

    quoted = (f'"{name}"'.encode(), f"'{name}'".encode())
    try:
        paths = source_files(importlib.metadata.distribution(distribution))
        texts = (path.read_bytes() for key, path in paths.items() if key.endswith(".py") and _is_small(path.stat()))
        return any(quote in text for text in texts for quote in quoted)
    except (OSError, ValueError, PluginError, importlib.metadata.PackageNotFoundError):
        return False


def _is_small(status: object) -> bool:
    return int(getattr(status, "st_size", 0)) <= _MOST_BYTES
