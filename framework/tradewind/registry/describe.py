"""One plugin in full: what its class can do beside the contract, its parameters, where it is written, an example."""

from __future__ import annotations

import dis
import functools
import inspect
import re
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradewind.contracts.plugin import KINDS
from tradewind.registry.example import example_yaml
from tradewind.registry.parameter_table import ParameterRow, parameter_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.registry.records import RegisteredPlugin
    from tradewind.registry.registry import Registry

__all__ = ["OPTIONAL_PARTS", "Description", "describe"]

OPTIONAL_PARTS: Mapping[str, tuple[str, ...]] = {
    "strategy": ("schedule", "warmup", "factors", "next_event"),
    "regime": ("warmup", "factors"),
    "sizer": ("signal_fields", "factors"),
    "exit": ("closes", "stop_prices", "limit_prices", "factors", "next_event"),
    "factor": (),
    "feed": ("history", "stream", "waits"),
    "broker": ("advance",),
    "gate": ("stage", "structural"),
    "breaker": ("quiet", "pass_over", "cooled"),
    "cost": ("stamps", "for_data", "uses_liquidity"),
    "report": (),
}
"""Kind to the parts of its contracts that a class may have; `tradewind.contracts` says what each means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What `tradewind plugins info` tells.

    Parameters
    ----------
    kind, name, summary
        As its record says.
    provider, distribution, version
        Where it comes from.
    api_version
        Version of the plugin API it is made for; None for a Python file.
    needs
        Fields and references it reads.
    capabilities
        Optional parts of the contract that its class has; None where a function makes it and does not say the class.
    source, line
        File and line of its class or function; empty and 0 where there is no Python source.
    parameters
        Its parameters.
    example
        A piece of a configuration that names it; of a mode's file for a broker.
    """

    kind: str
    name: str
    summary: str
    provider: str
    distribution: str
    version: str
    api_version: int | None
    needs: tuple[str, ...]
    capabilities: tuple[str, ...] | None
    source: str
    line: int
    parameters: tuple[ParameterRow, ...]
    example: str


def describe(registry: Registry, plugin: RegisteredPlugin) -> Description:
    """Return everything about a plugin; it is not made.

    Parameters
    ----------
    registry
        Where its nested plugins are found.
    plugin
        The plugin.

    Raises
    ------
    PluginError
        If no schema can be made of its parameters.
    """
    schema = registry.parameters(plugin).model_json_schema()
    api_versions = {one.name: one.api_version for one in registry.providers}
    source, line = _place(plugin.plugin.create)
    return Description(
        kind=plugin.kind,
        name=plugin.name,
        summary=plugin.plugin.summary,
        provider=plugin.provider,
        distribution=plugin.distribution,
        version=plugin.version,
        api_version=api_versions.get(plugin.provider),
        needs=plugin.plugin.needs,
        capabilities=_capabilities(plugin),
        source=source,
        line=line,
        parameters=parameter_rows(schema.get("properties", {}), schema.get("required", ())),
        example=example_yaml(plugin, schema, registry),
    )


def _capabilities(plugin: RegisteredPlugin) -> tuple[str, ...] | None:
    made = _made_class(plugin.plugin.create)
    if made is None:
        return None
    known = {*_stored_attributes(made), *(name for one in made.__mro__ for name in inspect.get_annotations(one))}
    return tuple(part for part in OPTIONAL_PARTS[plugin.kind] if part in known or hasattr(made, part))


def _made_class(create: Any) -> type | None:
    """Return the class of what is made: ``create`` itself, or what the function is annotated to return."""
    create = _unwrapped(create)
    if isinstance(create, type):
        return create
    try:
        returned = typing.get_type_hints(create).get("return")
    except (NameError, TypeError, AttributeError):
        return None
    contracts = {contract for _, contracts in KINDS.values() for contract in contracts}
    return returned if isinstance(returned, type) and returned not in contracts else None


def _stored_attributes(made: type) -> set[str]:
    """Names that the initialisers of a class set on ``self``."""
    names: set[str] = set()
    for one in made.__mro__:
        function = vars(one).get("__init__")
        if isinstance(function, types.FunctionType):
            names |= {step.argval for step in dis.get_instructions(function) if step.opname == "STORE_ATTR"}
    return names


def _place(create: Any) -> tuple[str, int]:
    target = _unwrapped(create)
    try:
        source = inspect.getsourcefile(target)
        lines, line = inspect.getsourcelines(target)
    except (TypeError, OSError):
        return _file_only(target), 0
    decorated = next((index for index, text in enumerate(lines) if re.match(r"\s*(class|def)\b", text)), 0)
    return source or "", line + decorated


def _file_only(target: Any) -> str:
    """File of a class that was loaded from a file of its own."""
    code = getattr(getattr(target, "__init__", None), "__code__", None)
    return str(code.co_filename) if code else ""


def _unwrapped(create: Any) -> Any:
    while isinstance(create, functools.partial):
        create = create.func
    return inspect.unwrap(create)
