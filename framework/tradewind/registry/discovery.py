"""Find plugin modules, call their hooks and check what they yield; a fault is written down, never raised."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from tradewind.contracts.plugin import API_VERSION, KINDS, Plugin
from tradewind.errors import PluginError, choices
from tradewind.hookspecs import ENTRY_POINT_GROUP, HookSpecs
from tradewind.registry.metadata import name_and_version
from tradewind.registry.parameters import read_signature
from tradewind.registry.raised import told
from tradewind.registry.records import BrokenPlugin, Provider, RegisteredPlugin
from tradewind.registry.safe_mode import allowed_distributions, normalised

__all__ = ["HOOK_KINDS", "Discovery", "installed_distributions"]

HOOK_KINDS: Mapping[str, str] = {
    "tradewind_strategies": "strategy",
    "tradewind_regimes": "regime",
    "tradewind_sizers": "sizer",
    "tradewind_exits": "exit",
    "tradewind_factors": "factor",
    "tradewind_feeds": "feed",
    "tradewind_brokers": "broker",
    "tradewind_gates": "gate",
    "tradewind_breakers": "breaker",
    "tradewind_costs": "cost",
    "tradewind_reports": "report",
}
"""Hook to the kind of the records it yields."""

_API = "TRADEWIND_API"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass
class Discovery:
    """Plugins found so far, sound and broken, and the entry points they came from.

    Signatures are read by `read_signatures`, when a plugin is needed: a run needs few of what is installed.
    """

    sound: list[RegisteredPlugin] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    _unread: list[RegisteredPlugin] = field(default_factory=list)
    _manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager("tradewind"))

    def __post_init__(self) -> None:
        self._manager.add_hookspecs(HookSpecs)

    def scan(self, only: Collection[str] = ()) -> None:
        """Load every entry point of the group ``tradewind``, or those of some names, as far as safe mode lets them.

        Raises
        ------
        UserError
            If the variable of safe mode names what is not installed.
        """
        found = _entry_points()
        allowed = allowed_distributions(os.environ, {one.distribution for one, _ in found})
        for provider, point in found:
            if only and point.name not in only:
                continue
            if allowed is not None and normalised(provider.distribution) not in allowed:
                self.providers.append(dataclasses.replace(provider, disabled=True))
                continue
            begun = time.perf_counter()
            version = self._load(point, provider)
            seconds = time.perf_counter() - begun
            self.providers.append(dataclasses.replace(provider, api_version=version, load_seconds=seconds))

    def _load(self, point: importlib.metadata.EntryPoint, provider: Provider) -> int | None:
        """Import an entry point, take what it yields, and return the API version it states."""
        place, sound, unread = _working_directory(), len(self.sound), len(self._unread)
        module = version = None
        with self._breaking(provider, f"importing {point.value}"):
            module = point.load()
        if module is not None:
            with self._breaking(provider, f"reading {point.value}"):
                self._add_module(module, provider)
                version = getattr(module, _API, API_VERSION)
        moved = _working_directory()
        if place is not None and moved != place:
            os.chdir(place)
            del self.sound[sound:], self._unread[unread:]
            self._break(
                provider,
                f"loading {point.value} changed the working directory to {moved or 'one that is gone'}, where "
                f"the paths that users give mean other files; it was changed back. Use absolute paths in the plugin",
            )
        return version if isinstance(version, int) else None

    def add(self, plugin: object, provider: str, distribution: str, version: str) -> None:
        """Add a module or object with hooks, or a record."""
        source = Provider(name=provider, distribution=distribution, version=version)
        if isinstance(plugin, Plugin):
            self._add_record(plugin, plugin.kind, source)
        else:
            with self._breaking(source, "reading its hooks"):
                self._add_module(plugin, source)

    def read_signatures(self, kind: str | None = None, name: str | None = None) -> None:
        """Read the signatures not read yet, of a kind and a name or all; a plugin at fault is no longer sound."""
        chosen = [one for one in self._unread if kind in (None, one.kind) and name in (None, one.name)]
        if not chosen:
            return
        known = {id(one) for one in chosen}
        self._unread = [one for one in self._unread if id(one) not in known]
        for one in chosen:
            fault = _signature_fault(one)
            if fault:
                self.sound = [other for other in self.sound if other is not one]
                reason = f"{one.kind} '{one.name}': {fault}"
                self.broken.append(BrokenPlugin(one.provider, one.distribution, one.version, reason))

    def _break(self, provider: Provider, reason: str) -> None:
        self.broken.append(BrokenPlugin(provider.name, provider.distribution, provider.version, reason))

    @contextlib.contextmanager
    def _breaking(self, provider: Provider, doing: str) -> Iterator[None]:
        """Write down what a plugin raises, and name the plugin where the user interrupts it."""
        try:
            yield
        except KeyboardInterrupt as interruption:
            raise KeyboardInterrupt(f"while {provider.name} was loaded") from interruption
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and others go on
            self._break(provider, f"{doing} raised {told(error)}")

    def _add_module(self, module: object, provider: Provider) -> None:
        fault = _version_fault(module, provider)
        if fault:
            self._break(provider, fault)
            return
        try:
            self._manager.register(module, name=provider.name)
        except (ValueError, TypeError, pluggy.PluginValidationError) as error:
            self._break(provider, f"it cannot be registered: {error}")
            return
        callers = self._manager.get_hookcallers(module) or []
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            unknown = sorted(caller.name for caller in callers if caller.name not in HOOK_KINDS)
            for name in unknown:
                self._break(provider, f"it implements an unknown hook '{name}'; {choices(name, HOOK_KINDS)}")
        if not callers:
            self._break(provider, "it implements no hook; decorate tradewind_strategies or another with hookimpl")
        for caller in callers:
            if caller.name in HOOK_KINDS:
                for implementation in caller.get_hookimpls():
                    if implementation.plugin is module:
                        self._call(caller.name, implementation.function, provider)
        if any(caller.name not in HOOK_KINDS for caller in callers):
            # Else check_pending would name this provider again when the next one is checked.
            self._manager.unregister(module)

    def _call(self, hook: str, function: Any, provider: Provider) -> None:
        records: list[object] | None = None
        with self._breaking(provider, hook):
            yielded = function()
            if isinstance(yielded, Iterable) and not isinstance(yielded, str):
                records = list(yielded)
            else:
                self._break(provider, f"{hook} must yield records; it returned {type(yielded).__name__}")
        if records is None:
            return
        if not records:
            self._break(provider, f"{hook} yielded no record")
        for record in records:
            self._add_record(record, HOOK_KINDS[hook], provider)

    def _add_record(self, record: object, kind: str, provider: Provider) -> None:
        fault = _fault(record, kind)
        if fault:
            self._break(provider, fault)
        else:
            assert isinstance(record, Plugin)
            registered = RegisteredPlugin(record, provider.name, provider.distribution, provider.version)
            self.sound.append(registered)
            self._unread.append(registered)


def installed_distributions() -> dict[str, str]:
    """Return the installed distributions that give plugins, with their versions; nothing of them is imported."""
    return {one.distribution: one.version for one, _ in _entry_points() if one.distribution}


def _signature_fault(plugin: RegisteredPlugin) -> str:
    """Return why the parameters of a plugin cannot be read, or an empty text."""
    try:
        read_signature(plugin.plugin.create)
    except PluginError as error:
        return str(error)
    except KeyboardInterrupt as interruption:
        raise KeyboardInterrupt(f"while the signature of {plugin.provider} was read") from interruption
    except BaseException as error:  # noqa: BLE001 - it asks the plugin's own objects, which may raise anything
        return f"reading the signature of create raised {told(error)}"
    return ""


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None


def _entry_points() -> list[tuple[Provider, importlib.metadata.EntryPoint]]:
    found = []
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        name, version = name_and_version(point.dist)
        provider = Provider(name=f"{name}:{point.name}", distribution=name, version=version, module=point.value)
        found.append((provider, point))
    return sorted(found, key=lambda pair: (pair[0].distribution, pair[1].name))


def _version_fault(module: object, provider: Provider) -> str:
    """Return why a module is for another host, or an empty text."""
    version = getattr(module, _API, API_VERSION)
    if isinstance(version, bool) or not isinstance(version, int):
        return f"{_API} is {version!r}; write the number of the plugin API it is made for, as {_API} = {API_VERSION}"
    if version == API_VERSION:
        return ""
    older = version < API_VERSION
    remedy = "upgrade it" if older else "upgrade tradewind, or install an older version of it"
    whose = f"{provider.distribution} {provider.version}".strip() or provider.name
    return (
        f"{whose} is made for plugin API {version}, and this tradewind supports {API_VERSION} only; {remedy}, or "
        f"uninstall it"
    )


def _fault(record: object, kind: str) -> str:
    """Return what is wrong with a record, or an empty text."""
    expected = KINDS[kind][0] if kind in KINDS else None
    if expected is None or not isinstance(record, expected):
        wanted = expected.__name__ if expected else f"a record of a kind in {', '.join(KINDS)}"
        shown = f"the class {record.__name__}" if isinstance(record, type) else type(record).__name__
        return f"the hook for kind '{kind}' yields {wanted}; received {shown}"
    parameters = getattr(type(record), "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return f"{type(record).__name__} is not frozen; use dataclass(frozen=True, kw_only=True)"
    if not isinstance(record.name, str) or not _NAME.fullmatch(record.name):
        return f"a {kind} has the name {record.name!r}; a name is text of letters, digits, '_', '-' and '.'"
    if not isinstance(record.summary, str) or not record.summary.strip():
        return f"{kind} '{record.name}' needs a summary of one sentence; received {record.summary!r}"
    if not isinstance(record.needs, tuple) or not all(isinstance(need, str) for need in record.needs):
        return f"{kind} '{record.name}': needs is a tuple of field names; received {record.needs!r}"
    if not callable(record.create):
        return f"{kind} '{record.name}': create must be a class or function; received {record.create!r}"
    return ""
