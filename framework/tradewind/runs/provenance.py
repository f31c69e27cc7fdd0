"""What a run was made of: versions of libraries and plugins, hashes of the code it used."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import inspect
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.config.plan import Plan, PluginRef
    from tradewind.registry import Registry

__all__ = ["code_hashes", "references_of", "versions_of"]

_OWN_PACKAGES = ("tradewind", "tradewind_plugins", "tradewind_strategies")
_LIBRARIES = ("tradewind", "backtrader", "numpy", "pandas", "pluggy", "pydantic", "PyYAML", "exchange-calendars")


def versions_of(registry: Registry) -> dict[str, str]:
    """Return the versions of Python, of the core libraries and of every distribution that gives a plugin."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed as a distribution"
    return versions | {name: version for name, version in registry.distributions().items() if name not in versions}


def references_of(plan: Plan) -> Iterator[tuple[str, str, PluginRef]]:
    """Yield place, kind and reference of every plugin a plan names."""
    yield "data.feed", "feed", plan.data.feed
    if plan.mode.feed:
        yield "feed", "feed", plan.mode.feed
    if plan.regime:
        yield "regime.detector", "regime", plan.regime.detector
    for number, sleeve in enumerate(plan.sleeves):
        yield f"sleeves.{number}.strategy", "strategy", sleeve.strategy
        if sleeve.sizer:
            yield f"sleeves.{number}.sizer", "sizer", sleeve.sizer
        for index, ref in enumerate(sleeve.exits):
            yield f"sleeves.{number}.exits.{index}", "exit", ref
    for kind, refs in (("gate", plan.risk.gate_refs()), ("breaker", plan.risk.breaker_refs())):
        for ref in refs:
            yield f"risk.{kind}s.{ref.label}", kind, ref
    if plan.costs:
        yield "costs", "cost", plan.costs


def _source_of(create: Any) -> str | None:
    """File a class or function is written in; None where there is no Python source."""
    while isinstance(create, functools.partial):
        create = create.func
    try:
        return inspect.getsourcefile(inspect.unwrap(create))
    except TypeError:
        return None


def _tree_hash(package: str) -> str:
    """SHA-256 over all Python files of an installed package."""
    found = importlib.util.find_spec(package)
    digest = hashlib.sha256()
    for root in found.submodule_search_locations if found and found.submodule_search_locations else ():
        for path in sorted(Path(root).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def code_hashes(plan: Plan, registry: Registry, directory: Path) -> dict[str, str]:
    """Return the SHA-256 of tradewind's packages, and of the file of every plugin the plan decides with by place."""
    hashes = {package: _tree_hash(package) for package in _OWN_PACKAGES}
    for place, kind, ref in references_of(plan):
        if place == "feed":
            continue
        if ref.backtrader is not None:
            path = (directory / ref.backtrader.rpartition(":")[0]) if ".py:" in ref.backtrader else None
            source = str(path) if path else None
        else:
            source = _source_of(registry.resolve(kind, ref, directory=directory).plugin.create)
        if source is not None and Path(source).is_file():
            hashes[place] = hashlib.sha256(Path(source).read_bytes()).hexdigest()
    return hashes
