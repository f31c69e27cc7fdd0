"""Rules on what a strategy keeps outside of its instance."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tradewind.engine.doctor.source import methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.engine.doctor.source import Function, Unit

__all__ = ["shared_state", "state_findings"]

_DECLARATIONS = frozenset({"params", "lines", "plotinfo", "plotlines", "alias", "linealias", "packages"})
_CHANGES = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "popitem", "remove", "clear", "setdefault", "appendleft"}
)
_MAKERS = frozenset({"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "Counter"})


def shared_state(unit: ast.ClassDef) -> dict[str, int]:
    """Return the class attributes that an instance could change by accident, with their lines."""
    found: dict[str, int] = {}
    for statement in unit.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        found.update({name: statement.lineno for name in names if name not in _DECLARATIONS and _changeable(value)})
    return found


def state_findings(units: list[Unit]) -> Iterator[tuple[str, int, str]]:
    """Yield rule, line and text where a unit changes what outlives an instance."""
    classes = {unit.name for unit in units if isinstance(unit, ast.ClassDef)}
    for unit in units:
        shared = shared_state(unit) if isinstance(unit, ast.ClassDef) else {}
        own = _assigned(unit)
        changed = {name for name in shared if name not in own}
        for function in methods(unit):
            globals_ = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
            for node in ast.walk(function):
                yield from _changes(node, changed, classes, globals_)


def _changes(node: ast.AST, shared: set[str], classes: set[str], globals_: set[str]) -> Iterator[tuple[str, int, str]]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        name = _shared_name(node.func.value, shared, classes)
        if name:
            yield "class-state", node.lineno, f"`{ast.unparse(node.func)}` changes {name} of the class"
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    for target in targets:
        text = ast.unparse(target)
        if isinstance(target, ast.Subscript | ast.Attribute):
            holder = target.value if isinstance(target, ast.Subscript) else target
            in_place = isinstance(target, ast.Subscript) or isinstance(node, ast.AugAssign)
            name = _shared_name(holder, shared if in_place else set(), classes)
            if name:
                yield "class-state", target.lineno, f"`{text}` changes {name} of the class"
        elif isinstance(target, ast.Name) and target.id in globals_:
            yield "class-state", target.lineno, f"`{text}` is a global of the module"


def _shared_name(node: ast.expr, shared: set[str], classes: set[str]) -> str:
    """Return the class attribute an expression stands for; empty if it is none."""
    if not isinstance(node, ast.Attribute):
        return ""
    holder = node.value
    if isinstance(holder, ast.Name):
        if holder.id == "self":
            return node.attr if node.attr in shared else ""
        return node.attr if holder.id in classes or holder.id == "cls" else ""
    own_class = ast.unparse(holder) in {"self.__class__", "type(self)"}
    return node.attr if own_class else ""


def _assigned(unit: Unit) -> set[str]:
    """Return the attributes that methods give an instance of its own."""
    return {name for function in methods(unit) for name in _self_targets(function)}


def _self_targets(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                yield target.attr


def _changeable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return (value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")) in _MAKERS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
