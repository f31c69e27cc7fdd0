"""The plugin that a kit examines, by the name or class its author gives."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.contracts.plugin import KINDS, Plugin
from tradewind.errors import PluginError
from tradewind.registry import Registry
from tradewind.registry.reference import PluginRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.registry.records import RegisteredPlugin

__all__ = ["Subject", "find_subject", "installed_registry"]

_UNDER_TEST = ".under_test"
"""Added to the name of a record that a kit is given, so that it hides no installed plugin."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A plugin under examination, and the parameters to make it with.

    Parameters
    ----------
    registry
        Knows the plugin and all that is installed.
    registered
        The plugin with its provider.
    ref
        What a configuration would say.
    directory
        Where relative files lie.
    """

    registry: Registry
    registered: RegisteredPlugin
    ref: PluginRef
    directory: Path

    @property
    def title(self) -> str:
        """Kind, name and provider, for messages."""
        name = self.registered.name.removesuffix(_UNDER_TEST)
        return f"{self.registered.kind} '{name}' ({self.registered.provider})"

    def create(self, params: Mapping[str, Any] | None = None, *, seed: int = 0) -> Any:
        """Make a fresh one, as a run would; ``params`` replaces the kit's parameters."""
        ref = self.ref if params is None else self.ref.model_copy(update={"params": dict(params)})
        return self.registry.create(self.registered.kind, ref, directory=self.directory, seed=seed)


@cache
def installed_registry(only: tuple[str, ...] = ()) -> Registry:
    """Return the registry of what is installed, or of some entry points, loaded once a process."""
    return Registry.load(only=only)


def find_subject(
    kind: str, plugin: Any, params: Mapping[str, Any], directory: Path, *, only: tuple[str, ...] = ()
) -> Subject:
    """Return the plugin that an author names.

    Parameters
    ----------
    kind
        Kind of the kit.
    plugin
        Name of an installed plugin, ``./file.py:Class`` or ``package.module:Class``, a class, or a record.
    params
        Parameters to make it with.
    directory
        Where relative files lie: that of the test.
    only
        Names of the entry points that a name may come from; empty: all.

    Raises
    ------
    PluginError
        If there is no such plugin, or it cannot be one.
    """
    if isinstance(plugin, str):
        source = "python" if ":" in plugin else "name"
        ref = PluginRef(**{source: plugin}, params=dict(params))
        registry = installed_registry(only)
        return Subject(registry, registry.resolve(kind, ref, directory=directory), ref, directory)
    record = plugin if isinstance(plugin, Plugin) else _record_of(kind, plugin)
    registry = Registry.load()
    provider = getattr(record.create, "__module__", "") or "the kit's class"
    unique = dataclasses.replace(record, name=f"{record.name}{_UNDER_TEST}")
    registry.register(unique, provider)
    for broken in registry.broken:
        if broken.provider == provider:
            raise PluginError(str(broken))
    ref = PluginRef(name=unique.name, params=dict(params))
    return Subject(registry, registry.get(kind, unique.name), ref, directory)


def _record_of(kind: str, plugin: Any) -> Plugin:
    if not isinstance(plugin, type):
        raise PluginError(
            f"the kit's `plugin` is the name of an installed {kind}, './file.py:Class', a class or a record; received "
            f"{plugin!r}"
        )
    summary = (plugin.__doc__ or plugin.__name__).strip().split("\n")[0]
    needs = {"needs": tuple(plugin.needs)} if hasattr(plugin, "needs") else {}
    return KINDS[kind][0](name=plugin.__name__, create=plugin, summary=summary, **needs)
