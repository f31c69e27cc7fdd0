"""The parameter schema of a plugin: a pydantic model built from the annotated signature of ``create``."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from tradewind.contracts.plugin import KINDS, Directory, Seed
from tradewind.errors import PluginError
from tradewind.registry.identity import Unchanged, unchanged
from tradewind.registry.reference import PluginRef

__all__ = ["INJECTED", "NestedKind", "Signature", "build_model", "model_of", "read_signature"]

_MOST_KEPT = 1024

INJECTED: tuple[object, ...] = (Seed, Directory)
"""Annotations whose values come from the host, not from the configuration."""

_CONTRACT_KINDS: Mapping[object, str] = {
    contract: kind for kind, (_, contracts) in KINDS.items() for contract in contracts
}
_REFUSED = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


@dataclass(frozen=True, slots=True)
class NestedKind:
    """Marks a `PluginRef` in a parameter model with the kind of plugin it stands for."""

    kind: str

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """Return a placeholder that the configuration's JSON Schema resolves to the plugins of the kind."""
        return {"x-plugin": self.kind}


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of ``create``: those of the configuration, those injected, and the kinds of nested plugins."""

    parameters: Mapping[str, inspect.Parameter]
    annotations: Mapping[str, Any]
    injected: Mapping[str, object]
    nested: Mapping[str, str]


def read_signature(create: Callable[..., Any]) -> Signature:
    """Return the parameters of a plugin's ``create``.

    Raises
    ------
    PluginError
        If a parameter has no annotation or one that cannot be resolved, is positional-only, or is ``*args`` or
        ``**kwargs``; the message names the parameter and the remedy, not the plugin.
    """
    now = unchanged(create)
    return _read(create) if now is None else _read_once(now)


def _read(create: Callable[..., Any]) -> Signature:
    try:
        signature = inspect.signature(create)
    except (TypeError, ValueError) as error:
        raise PluginError(f"the signature of create cannot be read: {error}") from error
    hints = _hints(create)
    parameters, annotations, injected, nested = {}, {}, {}, {}
    for name, parameter in signature.parameters.items():
        _refuse(parameter, hints)
        annotation = hints[name]
        source = _without_metadata(annotation)
        if source in INJECTED:
            injected[name] = source
            continue
        parameters[name] = parameter
        kinds: set[str] = set()
        annotations[name] = _with_references(annotation, kinds)
        if len(kinds) > 1:
            raise PluginError(
                f"parameter {name!r} mixes plugin kinds {', '.join(sorted(kinds))}; annotate one contract"
            )
        if kinds:
            nested[name] = kinds.pop()
    return Signature(parameters, annotations, injected, nested)


@functools.lru_cache(maxsize=_MOST_KEPT)
def _read_once(now: Unchanged) -> Signature:
    """Kept for the process: a program that runs many backtests makes many registries of the same plugins."""
    return _read(now.create)


def model_of(name: str, create: Callable[..., Any]) -> type[BaseModel]:
    """Return `build_model` of a plugin's ``create``, built once a process unless its signature changes."""
    now = unchanged(create)
    return build_model(name, _read(create)) if now is None else _build_once(name, now)


@functools.lru_cache(maxsize=_MOST_KEPT)
def _build_once(name: str, now: Unchanged) -> type[BaseModel]:
    return build_model(name, _read_once(now))


def build_model(name: str, signature: Signature) -> type[BaseModel]:
    """Return the model of a plugin's parameters: strict, closed and frozen.

    Validate with JSON (``model_validate_json``): then whole numbers pass as floats, lists as tuples and ISO text as
    dates, and nothing else is converted.

    Raises
    ------
    PluginError
        If pydantic knows no schema for an annotation, or a default does not meet its own annotation.
    """
    fields: dict[str, Any] = {}
    for key, parameter in signature.parameters.items():
        annotation = signature.annotations[key]
        if parameter.default is inspect.Parameter.empty:
            fields[key] = (annotation, ...)
        elif key in signature.nested:
            # Its default may be an object, which is not what a configuration holds: `create` uses its own.
            fields[key] = (annotation, Field(default=None, validate_default=False))
        else:
            fields[key] = (annotation, parameter.default)
    configuration = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_default=True, protected_namespaces=()
    )
    try:
        with warnings.catch_warnings():
            # Only fields are read from the model, so one may hide a method of pydantic's (`copy`, `schema`).
            warnings.filterwarnings("ignore", message="Field name .* shadows an attribute", category=UserWarning)
            model = cast("type[BaseModel]", create_model(name, __config__=configuration, **fields))
    except (PydanticSchemaGenerationError, PydanticUserError, NameError, TypeError) as error:
        text = str(error).split("\n")[0]
        raise PluginError(f"no parameter schema can be made from the signature of create: {text}") from error
    _check_defaults(model)
    return model


def _check_defaults(model: type[BaseModel]) -> None:
    try:
        model.model_validate({})
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["type"] != "missing":
                raise PluginError(
                    f"the default of parameter {item['loc'][0]!r} does not meet its own annotation: {item['msg']}; "
                    f"received {item['input']!r}"
                ) from error


def _refuse(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> None:
    if parameter.kind in _REFUSED:
        stars = _REFUSED[parameter.kind]
        raise PluginError(f"create takes {stars}{parameter.name}; name every parameter, so that the schema is complete")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise PluginError(f"parameter {parameter.name!r} of create is positional-only; it must be passed by name")
    if parameter.name.startswith("_"):
        raise PluginError(f"parameter {parameter.name!r} of create begins with an underscore; rename it")
    if parameter.name not in hints:
        raise PluginError(
            f"parameter {parameter.name!r} of create has no annotation; write for example `{parameter.name}: float`"
        )


def _hints(create: Callable[..., Any]) -> Mapping[str, Any]:
    while isinstance(create, functools.partial):
        create = create.func
    owner: Any = create
    if isinstance(create, type):
        owner = inspect.getattr_static(create, "__init__")
        if owner is object.__init__:
            owner = create.__new__
        if owner is object.__new__:
            return {}
    elif not isinstance(create, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        owner = type(create).__call__
    try:
        return typing.get_type_hints(inspect.unwrap(owner), include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        if dataclasses.is_dataclass(create) and isinstance(create, type):
            return _class_hints(create, error)
        raise _unresolved(error) from error


def _class_hints(create: type, first: Exception) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(create, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        raise _unresolved(first) from first


def _unresolved(error: Exception) -> PluginError:
    return PluginError(
        f"an annotation of create cannot be resolved: {error}; import the type at run time, not under TYPE_CHECKING"
    )


def _without_metadata(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _with_references(annotation: Any, kinds: set[str]) -> Any:
    """Return the annotation with `PluginRef` in place of every contract, and collect the contracts' kinds."""
    if _is_hashable(annotation) and annotation in _CONTRACT_KINDS:
        kind = _CONTRACT_KINDS[annotation]
        kinds.add(kind)
        return Annotated[PluginRef, NestedKind(kind)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        found: set[str] = set()
        inner = _with_references(arguments[0], found)
        kinds |= found
        return Annotated[(inner, *arguments[1:])] if found else annotation
    if not arguments or origin is typing.Literal or isinstance(arguments[0], list):
        return annotation
    found = set()
    replaced = tuple(_with_references(argument, found) for argument in arguments)
    kinds |= found
    if not found:
        return annotation
    if origin in (Union, types.UnionType):
        return Union[tuple(dict.fromkeys(replaced))]  # noqa: UP007 - built at run time
    return origin[replaced]


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except Exception:  # noqa: BLE001 - an annotation is the plugin's, and so is its hash
        return False
    return True
