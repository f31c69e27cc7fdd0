"""JSON Schema of a configuration file, for editors and other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.config.overlay import SHORTHAND
from tradewind.config.places import PLACES
from tradewind.config.plan import Plan
from tradewind.contracts.plugin import KINDS
from tradewind.errors import PluginError

if TYPE_CHECKING:
    from tradewind.registry import RegisteredPlugin, Registry

__all__ = ["json_schema"]

_DEFINITIONS = "#/$defs/"
_CLASS = r"^([^:]+\.py|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):[A-Za-z_]\w*$"
_MODE_FEED = "plugin.feed.mode"


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration file with the plugins there are.

    A plugin place is one of: a name, for plugins that need no parameters; name and parameters; a Python class; for
    strategies also a Backtrader class. Values that are environment references (``${NAME}``) are not described. The
    schema of a mode's overlay is ``$defs/ModeConfig``.
    """
    schema = Plan.model_json_schema(ref_template=f"{_DEFINITIONS}{{model}}")
    definitions: dict[str, Any] = schema.pop("$defs")
    for (section, field), kind in PLACES.items():
        properties = (schema if section == "Plan" else definitions[section])["properties"]
        name = _MODE_FEED if section == "ModeConfig" else f"plugin.{kind}"
        properties[field] = _replaced(properties[field], {"$ref": f"{_DEFINITIONS}PluginRef"}, name)
    del definitions["PluginRef"]
    for kind in KINDS:
        definitions[f"plugin.{kind}"] = _place(registry, kind, definitions)
    definitions[_MODE_FEED] = _place(registry, "feed", definitions, optional="source")
    _add_shorthand(schema, definitions["SleeveConfig"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tradewind configuration",
        **{key: value for key, value in schema.items() if key != "title"},
        "$defs": dict(sorted(definitions.items())),
    }


def _add_shorthand(schema: dict[str, Any], sleeve: dict[str, Any]) -> None:
    properties = schema["properties"]
    del properties["mode"]
    properties.update({name: sleeve["properties"][name] for name in SHORTHAND})
    schema["required"] = [name for name in schema["required"] if name != "sleeves"]
    schema["oneOf"] = [
        {"required": ["sleeves"], "not": {"anyOf": [{"required": [name]} for name in SHORTHAND]}},
        {"required": ["strategy"], "not": {"required": ["sleeves"]}},
    ]


def _place(registry: Registry, kind: str, definitions: dict[str, Any], optional: str = "") -> dict[str, Any]:
    """Return what may stand where a plugin of a kind is named; ``optional`` is a parameter that may be left out."""
    bare, alternatives = [], []
    for registered in registry.plugins(kind):
        name = f"params.{kind}.{registered.name}"
        parameters = definitions.get(name) or _parameters(registry, registered, definitions)
        definitions[name] = parameters
        needed = [key for key in parameters.get("required", []) if key != optional]
        relaxed = parameters.get("required", []) != needed
        shown = {**parameters, "required": needed} if relaxed else {"$ref": f"{_DEFINITIONS}{name}"}
        if not needed:
            bare.append(registered.name)
        alternatives.append(
            {
                "type": "object",
                "title": registered.name,
                "description": registered.plugin.summary,
                "properties": {"name": {"const": registered.name}, "params": shown},
                "required": ["name", "params"] if needed else ["name"],
                "additionalProperties": False,
            }
        )
    names = [{"type": "string", "enum": bare}] if bare else []
    classes = [_class_alternative(key) for key in ("python", *(("backtrader",) if kind == "strategy" else ()))]
    return {"oneOf": [*names, *alternatives, *classes]}


def _class_alternative(key: str) -> dict[str, Any]:
    return {
        "type": "object",
        "title": key,
        "properties": {key: {"type": "string", "pattern": _CLASS}, "params": {"type": "object"}},
        "required": [key],
        "additionalProperties": False,
    }


def _parameters(registry: Registry, registered: RegisteredPlugin, definitions: dict[str, Any]) -> dict[str, Any]:
    prefix = f"params.{registered.kind}.{registered.name}."
    try:
        model = registry.parameters(registered)
    except PluginError as error:
        return {"type": "object", "$comment": str(error)}
    schema = model.model_json_schema(ref_template=f"{_DEFINITIONS}{prefix}{{model}}")
    own = schema.pop("$defs", {})
    own.pop("PluginRef", None)
    definitions.update({f"{prefix}{name}": _with_plugins(one) for name, one in own.items()})
    found: dict[str, Any] = _with_plugins(schema)
    return {**found, "title": f"Parameters of {registered.name}"}


def _with_plugins(schema: Any) -> Any:
    """Return a schema with the placeholders of nested plugins pointing to the plugins of their kind."""
    if isinstance(schema, dict):
        if "x-plugin" in schema:
            rest = {key: value for key, value in schema.items() if key != "x-plugin"}
            return {**rest, "$ref": f"{_DEFINITIONS}plugin.{schema['x-plugin']}"}
        return {key: _with_plugins(value) for key, value in schema.items()}
    return [_with_plugins(one) for one in schema] if isinstance(schema, list) else schema


def _replaced(schema: Any, old: dict[str, str], definition: str) -> Any:
    if isinstance(schema, dict):
        new = {"$ref": f"{_DEFINITIONS}{definition}"} if old.items() <= schema.items() else {}
        return {**{key: _replaced(value, old, definition) for key, value in schema.items()}, **new}
    return [_replaced(one, old, definition) for one in schema] if isinstance(schema, list) else schema
