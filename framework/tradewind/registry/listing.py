"""What is installed, in what state, and what is to be done about what cannot be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tradewind.errors import PluginError
from tradewind.registry.safe_mode import BUILT_IN, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.registry.records import BrokenPlugin, Provider, RegisteredPlugin
    from tradewind.registry.registry import Registry

__all__ = ["Finding", "PluginRow", "State", "findings", "plugin_rows", "usable_and_not"]

_FINE = ("ok", "disabled")
State = Literal["ok", "broken", "ambiguous", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRow:
    """One plugin, or an entry point that gives none.

    Parameters
    ----------
    kind, name
        Empty where they are not known: the entry point could not be loaded, or was not.
    provider, distribution, version
        Where it comes from.
    api_version
        Version of the plugin API it is made for; None where it is not known.
    load_milliseconds
        What its entry point took to import and to call, shared by all plugins of the entry point.
    state
        ``ok``; ``broken``; ``ambiguous``: another has its name; ``disabled``: left out by safe mode.
    reason
        Why it is not ok.
    """

    kind: str
    name: str
    provider: str
    distribution: str
    version: str
    api_version: int | None
    load_milliseconds: float
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with what is installed, and what to do."""

    provider: str
    problem: str
    advice: str


def plugin_rows(registry: Registry) -> tuple[PluginRow, ...]:
    """Return a row for every plugin, and for every entry point that gives none."""
    providers = {one.name: one for one in registry.providers}
    rows = [*_sound(registry, providers), *_ambiguous(registry, providers)]
    rows.sort(key=lambda row: (row.kind, row.name, row.provider))
    rows += [_row(providers.get(one.provider), one, "broken", one.reason) for one in registry.broken]
    reason = f"safe mode ({VARIABLE}) leaves it out"
    return (*rows, *(_row(one, one, "disabled", reason) for one in registry.providers if one.disabled))


def usable_and_not() -> dict[str, list[str]]:
    """Return the plugins of this process as texts: ``ok``, and ``unusable`` ones with the provider."""
    from tradewind.registry.registry import Registry

    rows = plugin_rows(Registry.load())
    return {
        "ok": [f"{row.kind} {row.name} ({row.distribution} {row.version})" for row in rows if row.state == "ok"],
        "unusable": [f"{row.kind} {row.name} ({row.provider})".strip() for row in rows if row.state not in _FINE],
    }


def findings(registry: Registry) -> tuple[Finding, ...]:
    """Return everything that is broken or ambiguous, with advice."""
    providers = {one.name: one for one in registry.providers}
    found = [Finding(one.provider, one.reason, _advice(one.reason, one.distribution)) for one in registry.broken]
    found += [
        Finding(row.provider, row.reason, _advice(row.reason, row.distribution))
        for row in _sound(registry, providers)
        if row.state == "broken"
    ]
    for same in registry.ambiguous():
        names = " and ".join(f"{one.provider} ({one.version})" if one.version else one.provider for one in same)
        found.append(
            Finding(
                names,
                f"{'both' if len(same) == 2 else 'all'} give the {same[0].kind} '{same[0].name}', so neither is used",
                _parting(same),
            )
        )
    return tuple(found)


def _sound(registry: Registry, providers: dict[str, Provider]) -> Iterator[PluginRow]:
    for plugin in registry.plugins():
        try:
            registry.parameters(plugin)
        except PluginError as error:
            yield _row(providers.get(plugin.provider), plugin, "broken", str(error), plugin)
        else:
            yield _row(providers.get(plugin.provider), plugin, "ok", "", plugin)


def _ambiguous(registry: Registry, providers: dict[str, Provider]) -> Iterator[PluginRow]:
    for same in registry.ambiguous():
        for plugin in same:
            others = " and ".join(one.provider for one in same if one is not plugin) or plugin.provider
            reason = f"{others} gives the {plugin.kind} '{plugin.name}' too"
            yield _row(providers.get(plugin.provider), plugin, "ambiguous", reason, plugin)


def _row(
    provider: Provider | None,
    source: RegisteredPlugin | BrokenPlugin | Provider,
    state: State,
    reason: str,
    plugin: RegisteredPlugin | None = None,
) -> PluginRow:
    named = provider.name if provider is not None else getattr(source, "provider", "")
    return PluginRow(
        kind=plugin.kind if plugin else "",
        name=plugin.name if plugin else "",
        provider=named,
        distribution=source.distribution,
        version=source.version,
        api_version=provider.api_version if provider else None,
        load_milliseconds=round(1e3 * provider.load_seconds, 3) if provider else 0.0,
        state=state,
        reason=reason,
    )


def _advice(reason: str, distribution: str) -> str:
    if distribution == BUILT_IN:
        return "install tradewind again: its own files are incomplete"
    remove = f"remove it with `tradewind plugins uninstall {distribution}`" if distribution else "remove it"
    missing = re.search(r"raised ModuleNotFoundError: No module named '([\w.]+)'", reason)
    if missing:
        return f"install what gives the module {missing[1]!r} into this environment, or {remove}"
    if "is made for plugin API" in reason:
        return f"install a version that fits, or {remove}"
    return f"tell its author, install another version, or {remove}"


def _parting(same: Sequence[RegisteredPlugin]) -> str:
    others = sorted({one.distribution for one in same} - {BUILT_IN, ""})
    if len({one.provider for one in same}) == 1:
        return "its author must rename one of them"
    if not others:
        return "uninstall one, or have one renamed"
    commands = " or ".join(f"`tradewind plugins uninstall {one}`" for one in others)
    return f"{commands}; or choose one for a command with {VARIABLE}={others[0]}; or have one renamed"
