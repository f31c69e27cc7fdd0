"""Whether the parameters of a plugin can be written in YAML, and what it says to wrong ones."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic_core
import yaml
from pydantic import ValidationError

from tradewind.errors import ConfigError, TradewindError
from tradewind.testing.kits.failure import fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.testing.kits.subject import Subject

__all__ = ["check_bounds", "check_refusals", "check_round_trip"]

_WRONG: tuple[Any, ...] = ({"not": "this"}, "no such thing", [["x"]], True, 0.123456)
_TYPED = ("type", "$ref", "anyOf", "allOf", "oneOf", "enum", "const", "x-plugin")
_BARE = "could not be made: "
_STEP = 1e-9


class _Bound(NamedTuple):
    parameter: str
    inside: float
    outside: float | None


def check_round_trip(subject: Subject) -> None:
    """Fail unless parameters survive YAML, and JSON Schema describes each of them."""
    model = subject.registry.parameters(subject.registered)
    schema = json.loads(json.dumps(model.model_json_schema()))
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in model.model_fields:
        if not any(key in properties.get(name, {}) for key in _TYPED):
            fail(
                f"{subject.title}, parameter {name!r}",
                "JSON Schema cannot say what it is",
                received=properties.get(name),
                remedy=f"Annotate it with plain types: {name}: float, str, bool, a Literal, a tuple of these",
            )
    values = _validated(subject, subject.ref.params)
    written = yaml.safe_dump(values.model_dump(mode="json", exclude_unset=True))
    again = _validated(subject, yaml.safe_load(written))
    if again != values:
        fail(
            subject.title,
            "its parameters do not come back from YAML as they were",
            received=f"{again!r} after {values!r}",
            remedy="Use plain values: numbers, text, lists, mappings, dates",
        )


def _validated(subject: Subject, params: Mapping[str, Any]) -> Any:
    try:
        return subject.registry.parameters(subject.registered).model_validate_json(pydantic_core.to_json(dict(params)))
    except ValidationError as error:
        fail(
            subject.title,
            "the kit's `params` are not ones that it takes",
            received=dict(params),
            remedy=f"Correct them: {error.errors(include_url=False)[0]['msg']} at {error.errors()[0]['loc']}",
        )


def check_refusals(subject: Subject) -> None:
    """Fail unless unknown and ill-typed parameters are refused with a message that names them."""
    names = tuple(subject.registry.parameters(subject.registered).model_fields)
    for name in (*names, "lookback"):
        unknown = f"{name}x"
        message = _refusal(subject, {**subject.ref.params, unknown: 1})
        if unknown not in message or (name in names and name not in message.replace(unknown, "")):
            fail(
                f"{subject.title}, parameter {unknown!r}",
                "an unknown parameter is refused with the nearest known one",
                received=message or "no error",
                remedy="Name every parameter in the signature of create, without **kwargs",
            )
    for name in names:
        messages = [_refusal(subject, {**subject.ref.params, name: wrong}) for wrong in _WRONG]
        if not any(messages):
            fail(
                f"{subject.title}, parameter {name!r}",
                "it takes values of any type",
                received=", ".join(map(repr, _WRONG)),
                remedy=f"Annotate it with what it is: {name}: float, or Literal[...] for a choice",
            )
        for wrong, message in zip(_WRONG, messages, strict=True):
            if message and name not in message:
                fail(
                    f"{subject.title}, parameter {name!r} of {wrong!r}",
                    "the refusal does not name the parameter",
                    received=message,
                    remedy="Raise tradewind.errors.PluginError that says which parameter, what it was, what is allowed",
                )


def _refusal(subject: Subject, params: dict[str, Any]) -> str:
    """Return what the configuration's check says to parameters; empty if it takes them."""
    ref = subject.ref.model_copy(update={"params": params})
    problems = subject.registry.problems(subject.registered.kind, ref, directory=subject.directory)
    return "\n".join(map(str, problems))


def check_bounds(subject: Subject) -> None:
    """Fail unless numbers within their range make a plugin or say why not, and numbers outside are refused."""
    for parameter, inside, outside in _bounds(subject):
        where = f"{subject.title}, parameter {parameter!r} of {inside:g}"
        try:
            subject.create({**subject.ref.params, parameter: inside})
        except TradewindError as error:
            if _BARE in str(error) and not isinstance(error.__cause__, TradewindError):
                fail(
                    where,
                    "create raises a bare exception for a number that its annotation allows",
                    received=str(error),
                    remedy="Narrow the range in the annotation, or raise tradewind.errors.PluginError with a remedy",
                )
            if parameter not in str(error):
                fail(
                    where,
                    "it is refused without being named",
                    received=str(error),
                    remedy="Say which parameter, what it was and what is allowed",
                )
        if outside is None:
            continue
        try:
            subject.create({**subject.ref.params, parameter: outside})
        except ConfigError as error:
            if parameter in str(error):
                continue
        fail(
            f"{subject.title}, parameter {parameter!r} of {outside:g}",
            "a number out of its range is not refused by name",
            received=outside,
            remedy="State the range in the annotation: Annotated[float, Field(gt=0, le=1)]",
        )


def _bounds(subject: Subject) -> Iterator[_Bound]:
    """Yield each parameter's outermost allowed numbers, with the nearest that are not allowed."""
    schema = subject.registry.parameters(subject.registered).model_json_schema()
    for name, described in schema.get("properties", {}).items():
        for option in described.get("anyOf", [described]):
            if option.get("type") in ("integer", "number"):
                yield from _ends(name, option)


def _ends(name: str, option: Mapping[str, Any]) -> Iterator[_Bound]:
    whole = option["type"] == "integer"
    for least, sign in (("minimum", -1.0), ("maximum", 1.0)):
        exclusive = f"exclusive{least.capitalize()}"
        if least in option:
            bound = option[least]
            yield _Bound(name, bound, bound + sign if whole else _beyond(bound, sign))
        elif exclusive in option:
            bound = option[exclusive]
            yield _Bound(name, bound - sign if whole else _beyond(bound, -sign), bound)
        elif least == "minimum":
            yield from (_Bound(name, value if whole else float(value), None) for value in (0, -1))


def _beyond(bound: float, sign: float) -> float:
    return bound + sign * max(abs(bound), 1.0) * _STEP if math.isfinite(bound) else bound
