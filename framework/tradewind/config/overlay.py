"""Put configuration trees together: later files over earlier ones, ``--set`` values, shorthand, environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tradewind.config.node import Node, Origin, Steps, dotted
from tradewind.config.scalars import resolve
from tradewind.config.yaml_source import parse_value
from tradewind.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SHORTHAND", "apply_overrides", "expand_environment", "expand_shorthand", "merge", "set_at"]

SHORTHAND = ("strategy", "sizer", "exits", "share")
"""Top-level keys that stand for one sleeve named ``main``."""

_PLUGIN_SOURCES = ("name", "python", "backtrader")
_PLUGIN_KEYS = (*_PLUGIN_SOURCES, "params")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{[^}]*\}?")


def merge(base: Node, over: Node) -> Node:
    """Return a tree with another laid over it: mappings are merged key by key, all else is replaced.

    A plugin given by name only (``kelly``) takes up ``params`` from above; one that names another plugin is replaced
    whole, so that parameters of the first do not reach the second.
    """
    if not isinstance(over.value, dict):
        return over
    if isinstance(base.value, str) and over.value and set(over.value) <= set(_PLUGIN_KEYS):
        base = _spelled_out(base)
    if not isinstance(base.value, dict) or _names_another(base.value, over.value):
        return over
    merged = dict(base.value)
    for name, node in over.value.items():
        merged[name] = merge(merged[name], node) if name in merged else node
    return Node(merged, base.origin, base.key)


def expand_shorthand(root: Node) -> Node:
    """Return the tree with top-level ``strategy``, ``sizer``, ``exits`` and ``share`` moved into the sleeve ``main``.

    Raises
    ------
    ConfigError
        If both ``sleeves`` and shorthand are given.
    """
    assert isinstance(root.value, dict)
    given = [name for name in SHORTHAND if name in root.value]
    if not given:
        return root
    first = root.value[given[0]]
    if "sleeves" in root.value:
        raise ConfigError(
            f"{first.key}: {given[0]}: given beside `sleeves` ({root.value['sleeves'].key}); "
            f"move it into one of the sleeves, or remove `sleeves`"
        )
    sleeve = Node({name: root.value[name] for name in given}, first.origin, first.key)
    rest = {name: node for name, node in root.value.items() if name not in given}
    return Node({**rest, "sleeves": Node([sleeve], first.origin, first.key)}, root.origin, root.key)


def apply_overrides(root: Node, overrides: Sequence[str]) -> Node:
    """Return the tree with ``path=value`` texts applied in order.

    Raises
    ------
    ConfigError
        If a text is no ``path=value``, or its path does not fit the tree.
    """
    for text in overrides:
        path_text, equals, value = text.partition("=")
        steps = tuple(path_text.strip().split("."))
        if not equals or not all(steps):
            raise ConfigError(f"--set {text!r}: expected path=value, for example --set sleeves.0.sizer=kelly")
        root = expand_shorthand(root)
        if steps[0] in SHORTHAND:
            steps = ("sleeves", *_only_sleeve(root, path_text), *steps)
        root = set_at(root, steps, parse_value(value, f"--set {path_text.strip()}"), f"--set {path_text.strip()}")
    return expand_shorthand(root)


def set_at(node: Node, steps: Sequence[str], value: Node, source: str, done: Steps = ()) -> Node:
    """Return the tree with a value at a path; mappings on the way are made where there is nothing.

    A list index may be the length of the list: the value is then appended.

    Raises
    ------
    ConfigError
        If the path leads through a scalar or to a list index that does not exist.
    """
    if not steps:
        return value.with_key(node.key or value.origin)
    origin = Origin(source)
    step, rest = steps[0], steps[1:]
    if node.value is None and step == "0":
        node = Node([], origin, node.key)
    if isinstance(node.value, list):
        if not _INDEX.fullmatch(step) or int(step) > len(node.value):
            last = len(node.value) - 1
            raise ConfigError(
                f"{source}: {dotted(done)} is a list; received the index '{step}'; "
                f"allowed: {f'0 to {last}, or ' if node.value else ''}{last + 1} to append"
            )
        items = [*node.value, *([Node(None, origin)] if int(step) == len(node.value) else [])]
        items[int(step)] = set_at(items[int(step)], rest, value, source, (*done, int(step)))
        return Node(items, node.origin, node.key)
    if isinstance(node.value, str) and step in _PLUGIN_KEYS and node.value:
        node = _spelled_out(node)
    entries = {} if node.value is None else node.value
    if not isinstance(entries, dict):
        raise ConfigError(
            f"{source}: {dotted(done)} is {node.plain()!r} ({node.origin}), not a mapping; it has no '{step}'"
        )
    below = entries.get(step, Node(None, origin, origin))
    changed = set_at(below, rest, value, source, (*done, step))
    return Node({**entries, step: changed.with_key(below.key)}, node.origin, node.key)


def expand_environment(node: Node, environment: Mapping[str, str]) -> Node:
    """Return the tree with ``${NAME}`` and ``${NAME:-default}`` in text values replaced; ``$${`` stands for ``${``.

    A value that is exactly one reference gets its type by the rules for unquoted scalars. Keys are left alone. A
    default counts where the variable is not set or empty.

    Raises
    ------
    ConfigError
        If a variable without default is not set or empty, or a reference is malformed; all faults at once.
    """
    expander = _Expander(environment)
    expanded = expander.expand(node, ())
    if expander.faults:
        raise ConfigError("\n".join(expander.faults))
    return expanded


class _Expander:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def expand(self, node: Node, path: Steps) -> Node:
        if isinstance(node.value, dict):
            entries = {name: self.expand(one, (*path, name)) for name, one in node.value.items()}
            return Node(entries, node.origin, node.key)
        if isinstance(node.value, list):
            items = [self.expand(one, (*path, index)) for index, one in enumerate(node.value)]
            return Node(items, node.origin, node.key)
        if isinstance(node.value, str) and "${" in node.value:
            return self._text(node, node.value, f"{node.origin}: {dotted(path)}")
        return node

    def _text(self, node: Node, text: str, where: str) -> Node:
        replaced = _REFERENCE.sub(lambda match: self._value(match, where), text)
        names = [match["name"] for match in _REFERENCE.finditer(text) if match["name"]]
        note = f"environment {', '.join(dict.fromkeys(names))}" if names else node.origin.note
        origin = Origin(node.origin.source, node.origin.line, node.origin.column, note)
        whole = _REFERENCE.fullmatch(text)
        if whole is None or whole["name"] is None:
            return Node(replaced, origin, node.key)
        try:
            return Node(resolve(replaced), origin, node.key)
        except ValueError as error:
            self.faults.append(f"{where}: {error}")
            return node

    def _value(self, match: re.Match[str], where: str) -> str:
        name = match["name"]
        if match[0] == "$${":
            return "${"
        if name is None:
            self.faults.append(f"{where}: '{match[0]}' is no reference; write ${{NAME}} or ${{NAME:-default}}")
            return ""
        value = self._environment.get(name) or match["default"]
        if value is None:
            state = "is empty" if name in self._environment else "is not set"
            self.faults.append(
                f"{where}: the environment variable {name} {state}; set it, or give a default: ${{{name}:-value}}"
            )
        return value or ""


def _spelled_out(node: Node) -> Node:
    return Node({"name": Node(node.value, node.origin, node.key)}, node.origin, node.key)


def _names_another(base: Mapping[str, Node], over: Mapping[str, Node]) -> bool:
    if "params" not in base and not any(name in base for name in _PLUGIN_SOURCES):
        return False
    if not set(base) <= set(_PLUGIN_KEYS):
        return False
    return any(name in over and (name not in base or over[name].value != base[name].value) for name in _PLUGIN_SOURCES)


def _only_sleeve(root: Node, path: str) -> tuple[str, ...]:
    sleeves = root.child("sleeves")
    if sleeves is None or not isinstance(sleeves.value, list) or len(sleeves.value) == 1:
        return ("0",)
    raise ConfigError(
        f"--set {path}: there are {len(sleeves.value)} sleeves; say which, for example --set sleeves.0.{path}=..."
    )
