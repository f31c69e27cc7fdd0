"""Parameters of a plugin, or keys of a section, as rows and as a Markdown table: from their JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["ParameterRow", "markdown_table", "parameter_rows", "type_of"]

_BOUNDS = (("exclusiveMinimum", ">"), ("minimum", "≥"), ("exclusiveMaximum", "<"), ("maximum", "≤"))


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter.

    Parameters
    ----------
    name
        Its name in YAML.
    type
        Its type and range, in words.
    required
        Whether it must be given.
    default
        Its default as plain JSON types; None where it is required or has none of its own.
    has_default
        Whether ``default`` is what holds without it.
    meaning
        Its description.
    """

    name: str
    type: str
    required: bool
    default: Any
    has_default: bool
    meaning: str


def type_of(schema: Mapping[str, Any]) -> str:
    """Return a short name of a JSON Schema's type, with its range."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[-1]}`"
    if "x-plugin" in schema:
        kind = schema["x-plugin"]
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} plugin"
    if "anyOf" in schema:
        return " or ".join(type_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    name = schema.get("type", "any")
    if name == "array":
        name = f"list of {type_of(schema.get('items', {}))}"
    limits = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS if key in schema]
    return f"{name} {', '.join(limits)}".strip()


def parameter_rows(properties: Mapping[str, Mapping[str, Any]], required: Collection[str]) -> tuple[ParameterRow, ...]:
    """Return the parameters of a JSON Schema's object."""
    return tuple(
        ParameterRow(
            name=name,
            type=type_of(schema),
            required=name in required,
            default=None if name in required else schema.get("default"),
            has_default=name not in required and "default" in schema,
            meaning=str(schema.get("description", "")),
        )
        for name, schema in properties.items()
    )


def markdown_table(rows: Collection[ParameterRow]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        default = "required" if row.required else f"`{row.default}`" if row.has_default else "section's own"
        lines.append(f"| `{row.name}` | {row.type} | {default} | {row.meaning} |")
    return lines
