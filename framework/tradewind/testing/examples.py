"""Parameters to make a plugin with when nobody gives any: for those without a default, a middling value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.registry import Registry
    from tradewind.registry.records import RegisteredPlugin

__all__ = ["example_params"]

_DEEPEST = 3
_MIDDLING = 20
_NESTED_FIRST = ("sample", "sma", "equal_weight", "buy_and_hold", "threshold", "stop_loss")
"""Plugins that serve as nested ones where they are installed: small, and content with closes."""


def example_params(registry: Registry, registered: RegisteredPlugin, depth: int = 0) -> dict[str, Any]:
    """Return a value for each parameter without a default; nested plugins are chosen among those installed."""
    schema = registry.parameters(registered).model_json_schema()
    definitions = schema.get("$defs", {})
    return {
        name: _example(registry, schema["properties"][name], definitions, depth) for name in schema.get("required", ())
    }


def _example(registry: Registry, described: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Any:
    if "$ref" in described:
        return _example(registry, definitions[described["$ref"].rpartition("/")[2]], definitions, depth)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in described:
            return _example(registry, described[key][0], definitions, depth)
    if "x-plugin" in described:
        return _nested(registry, described["x-plugin"], depth)
    if "const" in described or "enum" in described:
        return described.get("const", next(iter(described.get("enum", (None,)))))
    kind = described.get("type", "object")
    if kind in ("integer", "number"):
        return _number(described, whole=kind == "integer")
    if kind == "array":
        item = described.get("items") or next(iter(described.get("prefixItems", ({},))))
        return [_example(registry, item, definitions, depth) for _ in range(max(described.get("minItems", 1), 1))]
    plain: dict[str, Any] = {"string": "close", "boolean": False, "null": None}
    return plain.get(kind, {})


def _number(described: Mapping[str, Any], *, whole: bool) -> float:
    least = described.get("minimum", described.get("exclusiveMinimum", -math.inf))
    most = described.get("maximum", described.get("exclusiveMaximum", math.inf))
    middling = float(_MIDDLING if whole else 0.5)
    if math.isinf(least) or math.isinf(most):
        value = min(max(middling, least + 1.0), most if math.isinf(most) else most - 1.0)
    else:
        value = middling if least < middling < most else (least + most) / 2.0
    return int(value) if whole else value


def _nested(registry: Registry, kind: str, depth: int) -> dict[str, Any]:
    known = {one.name: one for one in registry.plugins(kind)}
    name = next((one for one in _NESTED_FIRST if one in known), next(iter(known), ""))
    if not name or depth >= _DEEPEST:
        return {"name": name or kind}
    return {"name": name, "params": example_params(registry, known[name], depth + 1)}
