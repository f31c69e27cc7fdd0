"""The points of a sweep: a grid, random draws, or given rows."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradewind.config.yaml_source import parse_value
from tradewind.errors import ConfigError, UserError

__all__ = [
    "POINTS_LIMIT",
    "Axis",
    "Choices",
    "Point",
    "Range",
    "grid_points",
    "parse_axes",
    "random_points",
    "rows_points",
]

POINTS_LIMIT = 100_000
_RANGE = ".."
_DRAWS_PER_POINT = 50
_OPENING, _CLOSING = "[{", "]}"


@dataclass(frozen=True, slots=True)
class Choices:
    """Values that one parameter takes in turn."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from ``low`` to ``high``, both included; whole numbers if both are whole."""

    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float | int:
        """Return one of the numbers, each as likely as the others; fractions have six digits."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(random.integers(self.low, self.high, endpoint=True))
        return float(f"{random.uniform(self.low, self.high):.6g}")


Axis = Choices | Range
"""What one parameter can be."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep.

    Parameters
    ----------
    number
        From 1, in the order of the sweep.
    parameters
        Dotted path to value.
    """

    number: int
    parameters: Mapping[str, Any]

    @property
    def overrides(self) -> tuple[str, ...]:
        """The point as ``path=value`` texts."""
        return tuple(f"{path}={json.dumps(value)}" for path, value in self.parameters.items())

    def __str__(self) -> str:
        shown = ", ".join(f"{path}={shown_value(value)}" for path, value in self.parameters.items())
        return f"point {self.number} ({shown})"


def shown_value(value: Any) -> str:
    """Return a value as it would be written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)


def parse_axes(texts: Sequence[str], flag: str = "--grid") -> dict[str, Axis]:
    """Return the axes of ``path=value,value`` and ``path=low..high`` texts, in their order.

    Raises
    ------
    ConfigError
        If a text is neither, has an empty value, or a path is given twice.
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        path, equals, values = text.partition("=")
        path = path.strip()
        if not equals or not path or not all(path.split(".")):
            raise ConfigError(
                f"{flag} {text!r}: expected path=value,value, for example "
                f"{flag} sleeves.0.strategy.params.top_n=5,10,20"
            )
        if path in axes:
            raise ConfigError(f"{flag} {path}: given twice; write all its values after one '='")
        axes[path] = _range(values, f"{flag} {path}") or _choices(values, f"{flag} {path}")
    return axes


def grid_points(axes: Mapping[str, Axis]) -> list[Point]:
    """Return every combination; the last axis changes fastest.

    Raises
    ------
    ConfigError
        If an axis is a range.
    UserError
        If there are more than `POINTS_LIMIT`.
    """
    for path, axis in axes.items():
        if isinstance(axis, Range):
            raise ConfigError(
                f"--grid {path}: {axis.low}..{axis.high} is a range, from which --random N draws; give --random N, "
                f"or values: {path}={axis.low},{axis.high}"
            )
    values = [axis.values for axis in axes.values() if isinstance(axis, Choices)]
    count = math.prod(len(one) for one in values)
    if count > POINTS_LIMIT:
        raise UserError(
            f"the grid has {count:,} points; allowed: {POINTS_LIMIT:,}; give fewer values, or draw some with --random N"
        )
    return rows_points(dict(zip(axes, one, strict=True)) for one in itertools.product(*values))


def random_points(axes: Mapping[str, Axis], count: int, seed: int) -> list[Point]:
    """Return ``count`` different points drawn independently; all of them where there are no more.

    The same seed gives the same points.

    Raises
    ------
    UserError
        If ``count`` is not between 1 and `POINTS_LIMIT`, or ``seed`` is negative.
    """
    if not 1 <= count <= POINTS_LIMIT:
        raise UserError(f"--random {count}: out of range; allowed: 1 to {POINTS_LIMIT:,}")
    if seed < 0:
        raise UserError(f"--seed {seed}: out of range; allowed: 0 or more")
    if _size(axes) <= count:
        return grid_points({path: _all_values(axis) for path, axis in axes.items()})
    random = np.random.default_rng(seed)
    drawn: dict[str, dict[str, Any]] = {}
    for _ in range(count * _DRAWS_PER_POINT):
        row = {path: _draw(axis, random) for path, axis in axes.items()}
        drawn.setdefault(json.dumps(row), row)
        if len(drawn) == count:
            break
    return rows_points(drawn.values())


def rows_points(rows: Iterable[Mapping[str, Any]]) -> list[Point]:
    """Return rows as points; one that repeats an earlier one is left out.

    ``5`` and ``5.0`` are the same, and ``5`` is kept, which is allowed wherever ``5.0`` is.
    """
    different: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        key = _sameness(row)
        different[key] = _with_whole_numbers(different[key], row) if key in different else row
    return [Point(number, dict(row)) for number, row in enumerate(different.values(), start=1)]


def _draw(axis: Axis, random: np.random.Generator) -> Any:
    return axis.draw(random) if isinstance(axis, Range) else axis.values[int(random.integers(len(axis.values)))]


def _size(axes: Mapping[str, Axis]) -> float:
    """Return the number of different points; infinite with a range of fractions."""
    return math.prod(
        len(axis.values)
        if isinstance(axis, Choices)
        else axis.high - axis.low + 1
        if isinstance(axis.low, int) and isinstance(axis.high, int)
        else math.inf
        for axis in axes.values()
    )


def _all_values(axis: Axis) -> Choices:
    return axis if isinstance(axis, Choices) else Choices(tuple(range(int(axis.low), int(axis.high) + 1)))


def _range(text: str, where: str) -> Range | None:
    low_text, separator, high_text = text.strip().partition(_RANGE)
    if not separator:
        return None
    low, high = _number(low_text, where), _number(high_text, where)
    if low is None or high is None:
        return None
    if low >= high:
        raise ConfigError(f"{where}: the range {text.strip()} is empty; write the smaller number first")
    return Range(low, high)


def _number(text: str, where: str) -> float | int | None:
    value = parse_value(text, where).plain() if text.strip() else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _choices(text: str, where: str) -> Choices:
    parts = list(_parts(text))
    if not all(part.strip() for part in parts):
        raise ConfigError(f"{where}: an empty value in {text!r}; write null for nothing, and no comma at the end")
    values = [parse_value(part.strip(), where).plain() for part in parts]
    different: dict[str, Any] = {}
    for value in values:
        key = _sameness(value)
        different[key] = _with_whole_numbers(different[key], value) if key in different else value
    return Choices(tuple(different.values()))


def _sameness(value: Any) -> str:
    """Return a text that equal values share."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _with_whole_numbers(one: Any, other: Any) -> Any:
    return one if len(json.dumps(one)) <= len(json.dumps(other)) else other


def _parts(text: str) -> Iterator[str]:
    """Yield what stands between the commas outside of brackets and quotes."""
    depth, quote, start = 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and not text[start:place].strip(" [{,:"):
            quote = letter
        elif letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
        elif letter == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
