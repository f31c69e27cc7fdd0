"""Whether two answers of a plugin are the same to the last bit, and where they differ."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tradewind.model.bars import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Answer", "digest_of", "plain", "same", "where_different"]


class Answer(NamedTuple):
    """What a plugin answered on a bar."""

    bar: int
    value: Any


def plain(value: Any) -> Any:
    """Return a value as nested tuples that are equal exactly if the values are the same, NaN being equal to NaN."""
    if isinstance(value, np.ndarray):
        content = canonical_bytes(value) if value.dtype == np.float64 else value.tobytes()
        return ("array", str(value.dtype), value.shape, content)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return ("float", "nan" if value != value else (value + 0.0).hex())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = tuple((one.name, plain(getattr(value, one.name))) for one in dataclasses.fields(value))
        return (type(value).__name__, *fields)
    if isinstance(value, Mapping):
        return ("mapping", *sorted(((str(key), plain(one)) for key, one in value.items()), key=lambda item: item[0]))
    if isinstance(value, set | frozenset):
        return ("set", *sorted(map(repr, value)))
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(plain, value))
    return repr(value)


def same(first: Any, second: Any) -> bool:
    """Tell whether two answers are the same to the last bit."""
    return bool(plain(first) == plain(second))


def digest_of(answers: Iterable[Any]) -> str:
    """Return a hash of answers."""
    digest = hashlib.sha256()
    for answer in answers:
        digest.update(repr(plain(answer)).encode())
    return digest.hexdigest()


def where_different(first: Any, second: Any, symbols: Sequence[str]) -> str:
    """Return the first difference of two answers in words, with the symbol where it is one of a column."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray) and first.shape == second.shape:
        wrong = ~((first == second) | ((first != first) & (second != second)))
        places = np.argwhere(np.atleast_1d(wrong))
        if not len(places):
            return f"{first.dtype} instead of {second.dtype}"
        column = int(places[0][-1])
        name = symbols[column] if column < len(symbols) else f"column {column}"
        values = (float(np.atleast_1d(one)[tuple(places[0])]) for one in (first, second))
        return "{}: {!r} instead of {!r}".format(name, *values)
    if type(first) is type(second) and dataclasses.is_dataclass(first) and not isinstance(first, type):
        for one in dataclasses.fields(first):
            mine, other = getattr(first, one.name), getattr(second, one.name)
            if not same(mine, other):
                return f"{one.name}: {where_different(mine, other, symbols)}"
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        for mine, other in zip(first, second, strict=True):
            if not same(mine, other):
                return where_different(mine, other, symbols)
    return f"{_short(first)} instead of {_short(second)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]} ..."
