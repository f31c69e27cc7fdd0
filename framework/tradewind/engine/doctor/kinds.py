"""Which expressions of a strategy are feeds and lines, so that lists, dicts and arrays are never taken for them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tradewind.engine.doctor.source import feed_number, methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.engine.doctor.source import Function, Source, Unit

__all__ = ["Kind", "Kinds"]

_NOT_LINES = frozenset({"p", "params", "plotinfo", "plotlines", "array", "owner", "info", "data", "datas", "broker"})
_LINE_FUNCTIONS = frozenset({"And", "Or", "All", "Any", "Max", "Min", "Sum", "If", "Cmp", "CmpEx", "DivByZero"})
_EMPTY_CALLS = frozenset({"dict", "list", "set", "tuple", "defaultdict", "OrderedDict"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What an expression is.

    Parameters
    ----------
    name
        ``feed``, ``line`` (an indicator too) or ``lines`` (the lines of something, by name).
    depth
        Containers around it: 1 for a list of feeds, 0 for a feed.
    """

    name: str
    depth: int = 0

    def inner(self) -> Kind:
        """Return the kind of one of its items."""
        return replace(self, depth=self.depth - 1)

    def outer(self) -> Kind:
        """Return the kind of a container of it."""
        return replace(self, depth=self.depth + 1)


@dataclass(slots=True)
class Kinds:
    """The kinds of expressions within one class or function.

    Parameters
    ----------
    source
        The file.
    unit
        The class or function.
    """

    source: Source
    unit: Unit
    _own: dict[str, Kind | None] = field(default_factory=dict)
    _local: dict[str, dict[str, Kind | None]] = field(default_factory=dict)
    _function: str = ""
    _settled: bool = False

    def __post_init__(self) -> None:
        # Twice, so that a method may use what a later one assigns.
        for self._settled in (False, True):
            for function in methods(self.unit):
                self.enter(function)
                for node in ast.walk(function):
                    self._learn(node)

    def enter(self, function: Function) -> None:
        """Take the local names of a function from here on."""
        self._function = function.name
        if function.name not in self._local:
            sizing = function.name == "_getsizing"
            self._local[function.name] = {"data": Kind("feed")} if sizing else {}

    def of(self, node: ast.AST) -> Kind | None:
        """Return what an expression is; None if it is not known to be a feed or line."""
        if isinstance(node, ast.Name):
            return self._local.get(self._function, {}).get(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            inner = self.of(node.elt)
            return inner.outer() if inner else None
        if isinstance(node, ast.DictComp):
            inner = self.of(node.value)
            return inner.outer() if inner else None
        if isinstance(node, ast.List | ast.Tuple) and node.elts:
            return self._same(node.elts)
        if isinstance(node, ast.Dict) and node.values:
            return self._same(node.values)
        return self._operation(node)

    def _same(self, nodes: list[ast.expr]) -> Kind | None:
        kinds = {self.of(node) for node in nodes}
        inner = kinds.pop() if len(kinds) == 1 else None
        return inner.outer() if inner else None

    def _operation(self, node: ast.AST) -> Kind | None:
        """Arithmetic on lines makes a line in __init__, and a number elsewhere."""
        if self._function != "__init__":
            return None
        operands: list[ast.expr] = []
        if isinstance(node, ast.BinOp):
            operands = [node.left, node.right]
        elif isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.UnaryOp):
            operands = [node.operand]
        found = (self.of(operand) for operand in operands)
        return Kind("line") if any(kind is not None and not kind.depth for kind in found) else None

    def _attribute(self, node: ast.Attribute) -> Kind | None:
        name = node.attr
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._of_self(name)
        base = self.of(node.value)
        if base is None or base.depth or name.startswith("_") or name in _NOT_LINES:
            return None
        return Kind("lines") if name in {"lines", "l"} else Kind("line")

    def _of_self(self, name: str) -> Kind | None:
        if name in self._own:
            return self._own[name]
        if name in {"lines", "l"}:
            return Kind("lines")
        if name == "datas":
            return Kind("feed", 1)
        if feed_number(name) is not None:
            return Kind("line" if "_" in name else "feed")
        return Kind("line") if name.startswith("data_") else None

    def _subscript(self, node: ast.Subscript) -> Kind | None:
        base = self.of(node.value)
        if base is None:
            return None
        if base.depth:
            return base if isinstance(node.slice, ast.Slice) else base.inner()
        return Kind("line") if base.name == "lines" else None

    def _call(self, node: ast.Call) -> Kind | None:
        name = self.source.dotted(node.func)
        if name.startswith(("backtrader.indicators.", "backtrader.ind.", "backtrader.talib.")):
            return Kind("line")
        if name.startswith("backtrader.") and name.rpartition(".")[2] in _LINE_FUNCTIONS:
            return Kind("line")
        if isinstance(node.func, ast.Name):
            if node.func.id in {"list", "tuple", "reversed"} and node.args:
                return self.of(node.args[0])
            return Kind("line") if self.source.is_indicator(node.func.id) else None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "getdatabyname":
            return Kind("feed")
        called = self.of(node.func)
        value = self.of(node.func.value) if isinstance(node.func, ast.Attribute) else None
        # `self.data.close(-1)` is a line; `self.data.close.get()` and `self.data.datetime.date()` are not.
        stays = called is not None and not called.depth and (value is None or value.name in {"feed", "lines"})
        return Kind("line") if stays and not _is_reader(node.func) else None

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign(node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            for target, kind in self._loop(node.target, node.iter):
                self._bind(target, kind)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            kind = self.of(node.args[0]) if node.args else None
            if kind is not None:
                self._bind(node.func.value, kind.outer())

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._assign(one, its)
            return
        kind = self.of(value)
        if kind is None and _is_empty(value):
            return
        self._bind(target, kind)

    def _bind(self, target: ast.expr, kind: Kind | None) -> None:
        while isinstance(target, ast.Subscript):
            if kind is None:
                return
            target, kind = target.value, kind.outer()
        names: dict[str, Kind | None]
        if isinstance(target, ast.Name):
            names, name = self._local[self._function], target.id
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            names, name = self._own, target.attr
        else:
            return
        if kind is None and not self._settled:
            return
        # A name that is a line here and something else there is not judged.
        names[name] = kind if names.get(name, kind) == kind else None

    def _loop(self, target: ast.expr, iterated: ast.expr) -> Iterator[tuple[ast.expr, Kind | None]]:
        function = iterated.func if isinstance(iterated, ast.Call) else None
        arguments = iterated.args if isinstance(iterated, ast.Call) else []
        parts = target.elts if isinstance(target, ast.Tuple) else []
        if isinstance(function, ast.Name) and function.id == "enumerate" and len(parts) == 2 and arguments:
            yield from self._loop(parts[1], arguments[0])
        elif isinstance(function, ast.Name) and function.id == "zip" and len(parts) == len(arguments):
            for part, argument in zip(parts, arguments, strict=True):
                yield from self._loop(part, argument)
        elif isinstance(function, ast.Attribute) and function.attr in {"items", "values"}:
            kind = self.of(function.value)
            value = parts[1] if function.attr == "items" and len(parts) == 2 else target
            yield value, kind.inner() if kind and kind.depth else None
        else:
            kind = self.of(iterated)
            yield target, kind.inner() if kind and kind.depth else None


def _is_reader(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in {"get", "buflen", "getzero", "plot", "plotrange"}


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return name in _EMPTY_CALLS
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.List | ast.Tuple) and not value.elts
