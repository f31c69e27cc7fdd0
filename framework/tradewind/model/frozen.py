"""Frozen values: changed copies, made quickly, and arrays that nobody can write into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["changed", "read_only", "seal"]

T = TypeVar("T")
Array = TypeVar("Array", bound="np.ndarray[Any, Any]")


def changed(value: T, **changes: Any) -> T:
    """Return a copy of a frozen dataclass with slots, some fields changed: `dataclasses.replace` without its checks.

    Four times as fast, for values that are good already and changes that cannot make them bad.
    """
    kind = type(value)
    copy = object.__new__(kind)
    put = object.__setattr__
    for name in kind.__slots__:  # type: ignore[attr-defined]
        put(copy, name, changes[name] if name in changes else getattr(value, name))
    return copy


def read_only(array: Array) -> Array:
    """Return a view of an array through which nothing can be written; the array itself stays as it is."""
    view: Array = array.view()
    view.flags.writeable = False
    return view


def seal(value: object, *names: str) -> None:
    """Replace arrays of a frozen dataclass by views through which nothing can be written."""
    for name in names:
        array = getattr(value, name)
        if array.flags.writeable:
            object.__setattr__(value, name, read_only(array))
