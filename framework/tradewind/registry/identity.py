"""Whether a callable still has the signature that was read: by identity, without asking the callable."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Unchanged", "unchanged"]

_MOST_WRAPPED = 100
_MAKERS = ("__init__", "__new__", "__signature__")


class Unchanged:
    """A callable as it is now: equal to another where nothing that its signature is read from is another object.

    Hash and equality of the callable itself are never used: they are the plugin's, and may be loose or raise.

    Parameters
    ----------
    create
        The callable.
    parts
        What its signature is read from. They are kept, so that their identities are not given to others.
    """

    __slots__ = ("_hash", "_parts", "create")

    def __init__(self, create: Callable[..., Any], parts: tuple[object, ...]) -> None:
        self.create = create
        self._parts = parts
        self._hash = hash(tuple(map(id, parts)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unchanged) or len(self._parts) != len(other._parts):
            return NotImplemented
        return all(mine is theirs for mine, theirs in zip(self._parts, other._parts, strict=True))


def unchanged(create: Callable[..., Any]) -> Unchanged | None:
    """Return a callable as it is now; None for one whose signature may change unseen, as an object with `__call__`."""
    parts = [create, *_parts_of(create)]
    return None if any(part is _UNSEEN for part in parts) else Unchanged(create, tuple(parts))


_UNSEEN = object()


def _parts_of(create: object) -> Iterator[object]:
    if isinstance(create, functools.partial):
        yield from (create.func, *create.args, *create.keywords, *create.keywords.values())
        yield from _parts_of(create.func)
    elif isinstance(create, type):
        yield from _parts_of_maker(_held("__call__", type(create)))
        for name in _MAKERS:
            yield from _parts_of_maker(_held(name, create))
    else:
        yield from _parts_of_function(create)


def _held(name: str, owner: type) -> object:
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)


def _parts_of_maker(found: object) -> Iterator[object]:
    yield found
    if isinstance(found, staticmethod | classmethod):
        yield from _parts_of_function(found.__func__)
    elif not isinstance(found, None | types.WrapperDescriptorType | types.BuiltinFunctionType | inspect.Signature):
        yield from _parts_of_function(found)


def _parts_of_function(function: object) -> Iterator[object]:
    for _ in range(_MOST_WRAPPED):
        if isinstance(function, types.MethodType):
            yield function.__self__
            function = function.__func__
        if not isinstance(function, types.FunctionType):
            break
        annotations, defaults = function.__annotations__, function.__kwdefaults__ or {}
        yield from (function, function.__code__, function.__defaults__)
        yield from (*defaults, *defaults.values(), *annotations, *annotations.values())
        within = vars(function)
        if "__signature__" in within:
            yield within["__signature__"]
        if "__wrapped__" not in within:
            return
        function = within["__wrapped__"]
    yield _UNSEEN
