"""Which keys and ranges a pydantic model allows at a path, for error messages."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Shape"]

_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Shape:
    """The keys and ranges of a model, by path of keys and list indexes."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def keys(self, path: tuple[str | int, ...]) -> tuple[str, ...]:
        """Return the keys of the section at a path; empty where any or none are allowed."""
        for annotation, _ in self._at(path):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                return tuple(annotation.model_fields)
        return ()

    def allowed(self, path: tuple[str | int, ...]) -> str:
        """Return the range of the number at a path, ``>= 0 and <= 1``; empty where there is none."""
        bounds = {}
        for _, metadata in self._at(path):
            for item in metadata:
                for name, sign in _SIGNS.items():
                    if (bound := getattr(item, name, None)) is not None:
                        bounds[name] = f"{sign} {bound:g}" if isinstance(bound, int | float) else f"{sign} {bound}"
        return " and ".join(bounds[name] for name in _SIGNS if name in bounds)

    def _at(self, path: tuple[str | int, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
        found: list[tuple[Any, tuple[Any, ...]]] = [(self._model, ())]
        for step in path:
            found = [below for annotation, _ in found for below in _children(annotation, step)]
        return found


def _children(annotation: Any, step: str | int) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        if field is not None:
            yield from _alternatives(field.annotation, tuple(field.metadata))
        return
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if not arguments or not isinstance(origin, type):
        return
    yield from _alternatives(arguments[-1] if isinstance(step, str) else arguments[0], ())


def _alternatives(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        flat = tuple(part for item in extra for part in (item.metadata if isinstance(item, FieldInfo) else (item,)))
        yield from _alternatives(inner, (*metadata, *flat))
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _alternatives(member, metadata)
    else:
        yield annotation, metadata
