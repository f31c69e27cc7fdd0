"""What is wrong with a value: pydantic's errors in the words of a configuration file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from tradewind.errors import ConfigError, PluginError, choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import ValidationError

    from tradewind.registry.shape import Shape

__all__ = ["Problem", "Step", "data_path", "problems_of", "raise_problems", "show"]

Step = str | int

_SHOWN_CHARACTERS = 60

_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "date_type": "a date like 2020-01-31",
    "date_parsing": "a date like 2020-01-31",
    "date_from_datetime_parsing": "a date like 2020-01-31",
    "none_required": "null",
}
_BOUNDS = {
    "greater_than_equal": ("ge", ">="),
    "greater_than": ("gt", ">"),
    "less_than_equal": ("le", "<="),
    "less_than": ("lt", "<"),
}
_BOOLEAN_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n"})
_PREFIX = re.compile(r"^(Value error|Assertion failed), ")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration.

    Parameters
    ----------
    path
        Keys and list indexes from the root of what was checked.
    message
        What is wrong, what was received, what is allowed.
    at_key
        Whether the key itself is wrong, not its value.
    plugin
        Whether a plugin is missing or broken, so that the error is a `PluginError`.
    notes
        What else to know, told once for all problems: the broken plugins.
    """

    path: tuple[Step, ...]
    message: str
    at_key: bool = False
    plugin: bool = False
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path)
        return f"{where}: {self.message}" if where else self.message

    def below(self, path: tuple[Step, ...]) -> Problem:
        """Return the problem with its path put below another."""
        return replace(self, path=(*path, *self.path))


def raise_problems(problems: Sequence[Problem], lines: Sequence[str] | None = None) -> NoReturn:
    """Raise all problems as one error, one a line: a `PluginError` if all are about plugins, else a `ConfigError`."""
    notes = dict.fromkeys(f"  note: {note}" for problem in problems for note in problem.notes)
    text = "\n".join([*(lines if lines is not None else map(str, problems)), *notes])
    if all(problem.plugin for problem in problems):
        raise PluginError(text)
    raise ConfigError(text)


def show(value: object) -> str:
    """Return a received value as YAML would write it, cut short, with its type where text could be mistaken.

    >>> show("10"), show(True), show(None)
    ("'10' (text)", 'true', 'null')
    """
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}..."
        return f"{text!r} (text)"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def data_path(location: Sequence[Step], data: object) -> tuple[Step, ...]:
    """Return where in the data an error lies: pydantic's location without the names of union members."""
    path: list[Step] = []
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(data, dict) and isinstance(step, str):
            if step in data:
                data = data[step]
            elif not last:
                continue
            path.append(step)
        elif isinstance(data, list | tuple) and isinstance(step, int):
            path.append(step)
            data = data[step] if step < len(data) else None
    return tuple(path)


def problems_of(error: ValidationError, data: object, shape: Shape, *, owner: str = "") -> list[Problem]:
    """Return a problem for each path at fault in data that pydantic refused.

    Parameters
    ----------
    error
        What pydantic raised.
    data
        What was validated.
    shape
        Keys and ranges of the model that refused it.
    owner
        Name of the plugin whose parameters the data are; empty for a section of the configuration.
    """
    grouped: dict[tuple[Step, ...], list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False):
        path = (*_shown_path(item, data), *item.get("ctx", {}).get("at", ()))
        grouped.setdefault(path, []).append(item)
    found = []
    for path, items in grouped.items():
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other in grouped)
        if deeper and all(item["type"] in _EXPECTED or item["type"] == "too_short" for item in items):
            continue
        kind = items[0]["type"]
        if kind == "extra_forbidden":
            found.append(Problem(path, _unknown(items[0]["input"], path, shape, owner), at_key=True))
        elif kind == "missing":
            what = f"{owner} needs parameter '{path[-1]}'" if owner else f"required key '{path[-1]}' is missing"
            found.append(Problem(path, f"{what}; add it"))
        else:
            found.append(Problem(path, _message(items, shape.allowed(path))))
    return found


def _shown_path(item: Mapping[str, Any], data: object) -> tuple[Step, ...]:
    path = data_path(item["loc"], data)
    if item["type"] == "missing" or not item["loc"]:
        return path
    # A union's member name may end the location; it is no key of the data unless the key itself is at fault.
    if item["type"] != "extra_forbidden" and path and path[-1] == item["loc"][-1] and not _holds(data, path):
        return path[:-1]
    return path


def _holds(data: object, path: tuple[Step, ...]) -> bool:
    for step in path:
        inside = step in data if isinstance(data, dict) else isinstance(data, list | tuple) and step in range(len(data))
        if not inside:
            return False
        data = data[step]  # type: ignore[index]
    return True


def _unknown(received: object, path: tuple[Step, ...], shape: Shape, owner: str) -> str:
    name = str(path[-1])
    what = f"{owner} has no parameter '{name}'" if owner and len(path) == 1 else f"unknown key '{name}'"
    return f"{what}; received {show(received)}; {choices(name, shape.keys(path[:-1]))}"


def _message(items: Sequence[Mapping[str, Any]], allowed: str) -> str:
    item = items[0]
    kind, received, context = item["type"], item["input"], item.get("ctx", {})
    expected = [_EXPECTED[one["type"]] for one in items if one["type"] in _EXPECTED]
    if expected and len(expected) == len(items):
        what = " or ".join(dict.fromkeys(expected)) + (f" ({allowed})" if allowed else "")
        return f"expected {what}; received {show(received)}{_hint(items, received)}"
    if kind in _BOUNDS:
        key, sign = _BOUNDS[kind]
        return f"out of range; received {show(received)}; allowed: {allowed or f'{sign} {context[key]:g}'}"
    if kind in ("literal_error", "enum"):
        names = re.findall(r"'([^']*)'", str(context["expected"])) or [str(context["expected"])]
        return f"unknown choice; received {show(received)}; {choices(str(received), names)}"
    if kind == "string_pattern_mismatch":
        return f"not allowed here; received {show(received)}; allowed: text that matches {context['pattern']}"
    if kind == "too_short":
        return f"needs at least {context['min_length']} of them; received {context['actual_length']}"
    text = _PREFIX.sub("", item["msg"])
    return text if kind in ("value_error", "assertion_error", "config") else f"{text}; received {show(received)}"


def _hint(items: Sequence[Mapping[str, Any]], received: object) -> str:
    if not isinstance(received, str):
        return ""
    kinds = {item["type"] for item in items}
    if "bool_type" in kinds and received.strip().lower() in _BOOLEAN_WORDS:
        return "; write true or false, in lower case and without quotes"
    if kinds & {"int_type", "float_type"} and re.fullmatch(r"[-+]?\d[\d_]*(\.\d*)?", received):
        return "; write the number without quotes or leading zeros"
    return ""
