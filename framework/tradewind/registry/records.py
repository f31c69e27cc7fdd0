"""What the registry knows about each plugin: the sound ones and the broken ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.contracts.plugin import Plugin

__all__ = ["BrokenPlugin", "Provider", "RegisteredPlugin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An entry point that gives plugins, or gave none.

    Parameters
    ----------
    name
        ``distribution:entry-point``.
    distribution, version
        The distribution it belongs to.
    module
        What the entry point names.
    api_version
        Version of the plugin API its module is written for; None where it was not imported.
    load_seconds
        What its import and its hooks took; modules that others had imported before cost nothing.
    disabled
        Whether safe mode left it out.
    """

    name: str
    distribution: str
    version: str
    module: str = ""
    api_version: int | None = None
    load_seconds: float = 0.0
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class RegisteredPlugin:
    """A plugin's record and where it comes from.

    Parameters
    ----------
    plugin
        The record the provider yielded; for a ``python:`` reference, one made from the class.
    provider
        ``distribution:entry-point``, or ``python:`` and the reference's module or file.
    distribution
        Name of the installed distribution; empty for a ``python:`` reference and where none is known.
    version
        Version of the distribution; for a file, ``sha256:`` and the first 12 digits of its hash.
    """

    plugin: Plugin
    provider: str
    distribution: str
    version: str

    @property
    def name(self) -> str:
        """Name of the plugin within its kind."""
        return self.plugin.name

    @property
    def kind(self) -> str:
        """Kind of the plugin."""
        return self.plugin.kind


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A provider, or one record of it, that cannot be used, and why."""

    provider: str
    distribution: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"{self.provider} is broken: {self.reason}"
