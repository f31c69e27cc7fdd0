"""What an unquoted YAML scalar means: a smaller set of rules than YAML's own, so that no text turns into a number."""

from __future__ import annotations

import math
import re

from tradewind.config.node import Scalar

__all__ = ["resolve"]

_DIGITS = r"(?:0|[1-9](?:_?[0-9])*)"
_INTEGER = re.compile(rf"[-+]?{_DIGITS}")
_FLOAT = re.compile(
    rf"[-+]?(?:{_DIGITS}\.[0-9]*(?:[eE][-+]?[0-9]+)?|{_DIGITS}[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+]?[0-9]+)?)"
)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DIGITS_LIMIT = 40


def resolve(text: str) -> Scalar:
    """Return the value of an unquoted scalar.

    ``true`` and ``false`` in lower case, ``null``, ``~`` and nothing, decimal whole numbers and decimal fractions
    (underscores between digits, exponents). Everything else is text: ``NO``, ``yes``, ``12:30``, ``010``, ``0x1F``,
    ``2020-01-01``, ``.inf``.

    Raises
    ------
    ValueError
        If a number is too large.

    >>> resolve("1_000"), resolve("1e-3"), resolve("010"), resolve("NO"), resolve("true")
    (1000, 0.001, '010', 'NO', True)
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > _DIGITS_LIMIT:
            raise ValueError(
                f"a whole number of {len(text)} characters; allowed: {_DIGITS_LIMIT}; quote it to keep text"
            )
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"the number {text[:_DIGITS_LIMIT]} is too large; quote it to keep text")
        return number
    return text
