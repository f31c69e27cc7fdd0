"""Live runs use trusted plugins only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.config.places import effective_feed, references
from tradewind.errors import PluginError
from tradewind.registry.python_source import check_form
from tradewind.registry.trust import FILE_NAME, TrustFile, code_of, code_of_class, trusted_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tradewind.config.plan import Plan, PluginRef
    from tradewind.registry import Registry
    from tradewind.registry.trust import Code

__all__ = ["require_trusted"]


def require_trusted(plan: Plan, registry: Registry, directory: Path) -> None:
    """Refuse a live plan that uses a plugin which is not trusted or has changed since; other modes use any.

    Parameters
    ----------
    plan
        A plan whose plugins and parameters were checked.
    registry
        The plugins.
    directory
        Directory of the configuration, which has the file of trusted plugins.

    Raises
    ------
    PluginError
        Naming each such plugin, what changed, and the command that trusts it.
    ConfigError
        If the file of trusted plugins cannot be read.
    """
    if plan.mode.mode != "live":
        return
    faults: dict[str, str] = {}
    trusted: TrustFile | None = None
    for kind, ref in _used(plan, registry, directory):
        name, code = _code(registry, kind, ref, directory)
        if code is None:
            continue
        trusted = trusted or TrustFile.read(directory)
        fault = trusted.fault(f"{kind} {name}", code)
        if fault:
            faults[f"{name} --kind {kind}"] = fault
    if faults:
        lines = "\n".join(f"  {fault}\n    do: tradewind plugins trust {command}" for command, fault in faults.items())
        raise PluginError(
            f"--mode live: refused before anything was sent, because it uses plugins that are not in "
            f"{directory / FILE_NAME} as they are now:\n{lines}\n"
            f"Look at their code first; run the command beside the configuration, or with --config-dir {directory}"
        )


def _used(plan: Plan, registry: Registry, directory: Path) -> Iterator[tuple[str, PluginRef]]:
    """Yield kind and reference of every plugin of a plan: those on by default and nested ones too."""
    named = [(kind, ref) for kind, _, ref in references(plan)]
    if plan.mode.feed is not None:
        named.append(("feed", effective_feed(plan, registry, directory=directory)))
    named += [("gate", ref) for ref in plan.risk.gate_refs()]
    named += [("breaker", ref) for ref in plan.risk.breaker_refs()]
    for kind, ref in named:
        yield from registry.with_nested(kind, ref, directory=directory)


def _code(registry: Registry, kind: str, ref: PluginRef, directory: Path) -> tuple[str, Code | None]:
    """Return the name that trusts a plugin, and its code; None for a built-in one."""
    if ref.backtrader is not None:
        return trusted_name(ref.backtrader), code_of_class(check_form(ref.backtrader)[0], directory)
    registered = registry.resolve(kind, ref, directory=directory)
    return trusted_name(ref.python or registered.name), code_of(registered, directory)
