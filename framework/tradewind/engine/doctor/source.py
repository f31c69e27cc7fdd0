"""One source file as the doctor reads it: imports, classes, and what a class leans on."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Function", "Source", "Unit", "constant", "methods", "parse"]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Unit: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

_NUMBERED_FEED = re.compile(r"^data(\d+)(?:_\w+)?$")


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file.

    Parameters
    ----------
    path
        Where it lies.
    tree
        Its syntax tree.
    aliases
        Imported name to what it stands for, as ``bt`` to ``backtrader``.
    units
        Top-level classes and functions by name.
    """

    path: str
    tree: ast.Module
    aliases: dict[str, str] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)

    def dotted(self, node: ast.AST) -> str:
        """Return the full name of an imported thing, as ``backtrader.indicators.SMA``; empty if it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.aliases:
            return ""
        return ".".join((self.aliases[node.id], *reversed(parts)))

    def used_by(self, names: Iterable[str]) -> list[Unit]:
        """Return the named units and all units of this file that they mention, directly or not."""
        reached: dict[str, Unit] = {}
        waiting = [name for name in names if name in self.units]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached[name] = self.units[name]
            mentioned = {node.id for node in ast.walk(reached[name]) if isinstance(node, ast.Name)}
            waiting.extend(other for other in mentioned if other in self.units)
        return sorted(reached.values(), key=lambda unit: unit.lineno)

    def is_indicator(self, name: str) -> bool:
        """Tell whether a class of this file derives from a Backtrader indicator."""
        unit = self.units.get(name)
        if not isinstance(unit, ast.ClassDef):
            return False
        return any(
            self.dotted(base).startswith(("backtrader.Indicator", "backtrader.ind", "backtrader.talib"))
            or (isinstance(base, ast.Name) and base.id != name and self.is_indicator(base.id))
            for base in unit.bases
        )


def parse(path: str, text: str) -> Source:
    """Return the parsed file.

    Raises
    ------
    SyntaxError
        If it is not Python.
    """
    source = Source(path, ast.parse(text, path))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                first = name.name.partition(".")[0]
                source.aliases[name.asname or first] = name.name if name.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                source.aliases[name.asname or name.name] = f"{node.module}.{name.name}"
    for statement in source.tree.body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            source.units[statement.name] = statement
    return source


def methods(unit: Unit) -> Iterator[Function]:
    """Yield the methods of a class, or the function itself."""
    if isinstance(unit, ast.ClassDef):
        yield from (node for node in unit.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    else:
        yield unit


def constant(node: ast.AST | None) -> int | None:
    """Return the whole number an expression spells out; None if it is anything else."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = constant(node.operand)
        if value is not None:
            return -value if isinstance(node.op, ast.USub) else value
    return None


def feed_number(attribute: str) -> int | None:
    """Return the feed an attribute of a strategy stands for, as 1 for ``data1_close``; None if it is none."""
    if attribute == "data":
        return 0
    match = _NUMBERED_FEED.match(attribute)
    return int(match[1]) if match else None
