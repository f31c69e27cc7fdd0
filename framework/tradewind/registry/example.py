"""A piece of configuration that names a plugin, made from the schema of its parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.registry.records import RegisteredPlugin
    from tradewind.registry.registry import Registry

__all__ = ["example_yaml"]

_PLACES: Mapping[str, tuple[str, ...]] = {
    "strategy": ("strategy",),
    "regime": ("regime", "detector"),
    "sizer": ("sizer",),
    "exit": ("exits", "[]"),
    "feed": ("data", "feed"),
    "broker": ("broker",),
    "gate": ("risk", "gates", "[]"),
    "breaker": ("risk", "breakers", "[]"),
    "cost": ("costs",),
    "report": ("reports", "[]"),
}
"""Where a configuration names a plugin of a kind; a factor stands where a parameter takes one."""
_DEPTH = 3
"""Nested plugins in each other."""


def example_yaml(plugin: RegisteredPlugin, schema: Mapping[str, Any], registry: Registry) -> str:
    """Return a piece of YAML that names a plugin with every parameter that has a value to show.

    Parameters
    ----------
    plugin
        The plugin; one of a Python file is named as ``python``.
    schema
        JSON Schema of its parameters.
    registry
        Where nested plugins are found.
    """
    key, _, source = plugin.provider.partition(":")
    named = {"python": f"{source}:{plugin.name}"} if key == "python" and not plugin.distribution else plugin.name
    params = _parameters(schema, schema.get("$defs", {}), registry, _DEPTH)
    value: Any = named
    if params:
        value = {**(named if isinstance(named, dict) else {"name": named}), "params": params}
    for step in reversed(_PLACES.get(plugin.kind, ("factor",))):
        value = [value] if step == "[]" else {step: value}
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def _parameters(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], registry: Registry, depth: int
) -> dict[str, Any]:
    required = schema.get("required", ())
    shown = {}
    for name, one in schema.get("properties", {}).items():
        if name in required:
            shown[name] = _value(one, definitions, registry, depth)
        elif one.get("default") not in (None, "", [], {}):
            shown[name] = one["default"]
    return shown


def _value(schema: Mapping[str, Any], definitions: Mapping[str, Any], registry: Registry, depth: int) -> Any:
    """Return a value that a schema allows."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "x-plugin" in schema:
        return _nested(schema["x-plugin"], registry, depth)
    if "$ref" in schema:
        inner = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
        return _value(inner, definitions, registry, depth)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], definitions, registry, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind in {"integer", "number"}:
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return False
    if kind == "array":
        one = _value(schema.get("items", {}), definitions, registry, depth)
        return [one] * max(1, schema.get("minItems", 1))
    if kind == "object":
        return _parameters(schema, definitions, registry, depth) or {
            "key": _value(schema.get("additionalProperties") or {}, definitions, registry, depth)
        }
    return _text(schema)


def _number(schema: Mapping[str, Any], *, whole: bool) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None and high is None:
        return 10 if whole else 1.0
    if low is not None and high is not None:
        middle = (low + high) / 2
        return int(middle) if whole else middle
    # A usual value where it is allowed, else the first behind the bound.
    usual = 10 if whole else 1.0
    if low is not None:
        return usual if usual > low else low + 1
    return usual if usual < high else high - 1


def _text(schema: Mapping[str, Any]) -> str:
    formats = {"date": "2020-01-31", "date-time": "2020-01-31T00:00:00Z", "path": "./file.csv"}
    text = formats.get(schema.get("format", ""), "text")
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, text):
        return "..."
    return text.ljust(schema.get("minLength", 0), "x")


def _nested(kind: str, registry: Registry, depth: int) -> Any:
    """Return a reference to a plugin of a kind: one that needs no parameters, if there is one."""
    candidates = []
    for plugin in registry.plugins(kind):
        schema = registry.parameters(plugin).model_json_schema()
        if not schema.get("required"):
            return plugin.name
        candidates.append((plugin.name, schema))
    for name, schema in candidates:
        if depth > 1 and not any("x-plugin" in one for one in schema["properties"].values()):
            return {"name": name, "params": _parameters(schema, schema.get("$defs", {}), registry, depth - 1)}
    return {"python": "./mine.py:Mine"}
