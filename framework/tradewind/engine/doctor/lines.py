"""Rules on reading feeds and lines, judged from the source alone."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradewind.engine.doctor.kinds import Kinds
from tradewind.engine.doctor.source import constant, feed_number, methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.engine.doctor.source import Function, Source, Unit

__all__ = ["Hint", "hints", "line_findings"]

VECTOR_METHODS = frozenset({"once", "preonce", "oncestart"})
"""Methods of an indicator that are given whole arrays, and are right to use them."""

_WHOLE = frozenset({"getzero", "getzeroval", "plot", "plotrange"})
_MOMENTS = frozenset({"date", "time", "datetime", "dt", "tm", "tm_raw"})


@dataclass(frozen=True, slots=True)
class Hint:
    """What a strategy takes for granted about its feeds.

    Parameters
    ----------
    feeds
        The least number of feeds it indexes.
    many
        Whether it goes through all its feeds.
    names
        Feeds it asks for by name.
    """

    feeds: int = 1
    many: bool = False
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reader:
    """Judges one class or function."""

    kinds: Kinds
    function: str = ""
    found: list[tuple[str, int, str]] = field(default_factory=list)

    def judge(self, node: ast.AST) -> None:
        if isinstance(node, ast.Subscript):
            self._subscript(node)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Call):
            self._call(node)

    def _add(self, rule: str, node: ast.expr, text: str) -> None:
        self.found.append((rule, node.lineno, text))

    def _is_line(self, node: ast.AST) -> bool:
        kind = self.kinds.of(node)
        return kind is not None and not kind.depth and kind.name != "lines"

    def _subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load) or not self._is_line(node.value):
            return
        index = constant(node.slice)
        if index is not None and index > 0:
            self._add("future-index", node, f"`{ast.unparse(node)}` reads {_bars(index)} ahead")
        elif self.function == "__init__":
            self._add("read-in-init", node, f"`{ast.unparse(node)}` reads a value in __init__")

    def _attribute(self, node: ast.Attribute) -> None:
        if self.function in VECTOR_METHODS:
            return
        holder = node.value
        if node.attr == "dataname" and isinstance(holder, ast.Attribute):
            holder = holder.value
        if node.attr == "array" and self._is_line(holder):
            self._add("future-array", node, f"`{ast.unparse(node)}` takes the whole array of a line")
        elif node.attr in {"_dataname", "dataname"} and self._is_line(holder):
            self._add("future-array", node, f"`{ast.unparse(node)}` takes the frame or file behind a feed")

    def _call(self, node: ast.Call) -> None:
        function = node.func
        ago = _argument(node, 0, "ago")
        if self._is_line(function) and self.kinds.of(node) is not None and ago > 0:
            self._add("future-index", node, f"`{ast.unparse(node)}` shifts a line {_bars(ago)} into the future")
        if not isinstance(function, ast.Attribute) or not self._is_line(function.value):
            return
        text = f"`{ast.unparse(node)}`"
        if (function.attr == "get" or (function.attr in _MOMENTS and not self._is_feed(function.value))) and ago > 0:
            self._add("future-index", node, f"{text} reads {_bars(ago)} ahead")
        elif function.attr == "buflen" and self.function not in VECTOR_METHODS:
            self._add("whole-length", node, f"{text} is the length of the whole file")
        elif function.attr in _WHOLE and self.function not in VECTOR_METHODS:
            self._add("future-array", node, f"{text} counts from the file's first bar")

    def _is_feed(self, node: ast.AST) -> bool:
        kind = self.kinds.of(node)
        return kind is not None and kind.name == "feed"


def line_findings(source: Source, units: list[Unit]) -> Iterator[tuple[str, int, str]]:
    """Yield rule, line and text of whatever the units read that they should not."""
    for unit in units:
        kinds = Kinds(source, unit)
        reader = _Reader(kinds)
        for function in methods(unit):
            kinds.enter(function)
            reader.function = function.name
            for node in _within(function):
                reader.judge(node)
        yield from reader.found


def hints(units: list[Unit]) -> tuple[Hint, tuple[int, str] | None]:
    """Return what the units expect of their feeds, with the line and text that show it; None without any."""
    most, where, many = 0, None, False
    names: dict[str, None] = {}
    for unit in units:
        for node in ast.walk(unit):
            number = _feed_used(node)
            if number is not None and number > most:
                most, where = number, (getattr(node, "lineno", 0), f"`{ast.unparse(node)}` takes feed {number}")
            if isinstance(node, ast.Attribute):
                many = many or node.attr == "datas"
                if isinstance(node.value, ast.Attribute) and node.value.attr == "dnames":
                    names[node.attr] = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                name = node.args[0]
                asks = node.func.attr == "getdatabyname"
                if asks and isinstance(name, ast.Constant) and isinstance(name.value, str):
                    names[name.value] = None
    return Hint(most + 1, many, tuple(names)), where


def _feed_used(node: ast.AST) -> int | None:
    """Return the number of the feed an expression takes by position."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return feed_number(node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "datas":
        index = constant(node.slice)
        return index if index is not None and index >= 0 else None
    return None


def _within(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without functions made inside it, which run at another time."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _argument(node: ast.Call, position: int, name: str) -> int:
    given = next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    if given is None and len(node.args) > position:
        given = node.args[position]
    return constant(given) or 0


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
