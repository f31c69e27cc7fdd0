"""Find plugin modules, call their hooks and check what they yield; a fault is written down, never raised."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from tradewind.contracts.plugin import KINDS, Plugin
from tradewind.errors import PluginError, choices
from tradewind.hookspecs import ENTRY_POINT_GROUP, HookSpecs
from tradewind.registry.parameters import read_signature
from tradewind.registry.records import BrokenPlugin, RegisteredPlugin

__all__ = ["HOOK_KINDS", "Discovery"]

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

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    distribution: str
    version: str

    def broken(self, reason: str) -> BrokenPlugin:
        return BrokenPlugin(self.name, self.distribution, self.version, reason)


@dataclass
class Discovery:
    """Plugins found so far, sound and broken."""

    sound: list[RegisteredPlugin] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    _manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager("tradewind"))

    def __post_init__(self) -> None:
        self._manager.add_hookspecs(HookSpecs)

    def scan(self, only: Collection[str] = ()) -> None:
        """Load every entry point of the group ``tradewind``, or those of some names."""
        points = [
            one for one in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP) if not only or one.name in only
        ]
        for point in sorted(points, key=lambda point: (point.dist.name if point.dist else "", point.name)):
            distribution = point.dist.name if point.dist else ""
            provider = _Provider(f"{distribution}:{point.name}", distribution, point.dist.version if point.dist else "")
            try:
                module = point.load()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything, and others go on
                self.broken.append(provider.broken(f"importing {point.value} raised {type(error).__name__}: {error}"))
                continue
            self._add_module(module, provider)

    def add(self, plugin: object, provider: str, distribution: str, version: str) -> None:
        """Add a module or object with hooks, or a record."""
        source = _Provider(provider, distribution, version)
        if isinstance(plugin, Plugin):
            self._add_record(plugin, plugin.kind, source)
        else:
            self._add_module(plugin, source)

    def _add_module(self, module: object, provider: _Provider) -> None:
        try:
            self._manager.register(module, name=provider.name)
        except (ValueError, TypeError, pluggy.PluginValidationError) as error:
            self.broken.append(provider.broken(f"it cannot be registered: {error}"))
            return
        callers = self._manager.get_hookcallers(module) or []
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            unknown = sorted(caller.name for caller in callers if caller.name not in HOOK_KINDS)
            self.broken.extend(
                provider.broken(f"it implements an unknown hook '{name}'; {choices(name, HOOK_KINDS)}")
                for name in unknown
            )
        if not callers:
            self.broken.append(
                provider.broken("it implements no hook; decorate tradewind_strategies or another with hookimpl")
            )
        for caller in callers:
            if caller.name in HOOK_KINDS:
                for implementation in caller.get_hookimpls():
                    if implementation.plugin is module:
                        self._call(caller.name, implementation.function, provider)
        if any(caller.name not in HOOK_KINDS for caller in callers):
            # Else check_pending would name this provider again when the next one is checked.
            self._manager.unregister(module)

    def _call(self, hook: str, function: Any, provider: _Provider) -> None:
        try:
            yielded = function()
            if not isinstance(yielded, Iterable) or isinstance(yielded, str):
                shown = type(yielded).__name__
                self.broken.append(provider.broken(f"{hook} must yield records; it returned {shown}"))
                return
            records = list(yielded)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything, and others go on
            self.broken.append(provider.broken(f"{hook} raised {type(error).__name__}: {error}"))
            return
        if not records:
            self.broken.append(provider.broken(f"{hook} yielded no record"))
        for record in records:
            self._add_record(record, HOOK_KINDS[hook], provider)

    def _add_record(self, record: object, kind: str, provider: _Provider) -> None:
        fault = _fault(record, kind)
        if fault:
            self.broken.append(provider.broken(fault))
        else:
            assert isinstance(record, Plugin)
            self.sound.append(RegisteredPlugin(record, provider.name, provider.distribution, provider.version))


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
    try:
        read_signature(record.create)
    except PluginError as error:
        return f"{kind} '{record.name}': {error}"
    return ""
