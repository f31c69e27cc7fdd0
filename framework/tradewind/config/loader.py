"""Configuration files, overlays and flags to one checked `Plan`, every value with its origin."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from tradewind.config.modes import mode_row
from tradewind.config.node import Node, Origin, Steps, dotted
from tradewind.config.overlay import apply_overrides, expand_environment, merge, set_at
from tradewind.config.places import check_plan, effective_feed
from tradewind.config.plan import Plan
from tradewind.config.yaml_source import read_file
from tradewind.errors import ConfigError, PluginError, UserError, choices
from tradewind.registry.problems import Problem, problems_of, show
from tradewind.registry.shape import Shape

__all__ = ["LoadedPlan", "Origin", "check_plan", "effective_feed", "load_nodes", "load_plan", "validate_plan"]

_DEFAULT = Origin("default")
_LED_BY_PATH = re.compile(r"(?P<path>\w+(?:\.\w+)+): (?P<message>.*)", flags=re.DOTALL)
_MISPLACED = {"cash": "account.cash", "start": "data.start", "end": "data.end", "feed": "data.feed"}


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan and where each of its values comes from.

    Parameters
    ----------
    plan
        The checked plan.
    origins
        Dotted path of every value of the plan to its origin: file, line and column, ``--set ...``, ``--start``,
        ``default`` ...
    directory
        Directory of the first file; relative paths in the configuration start there.
    source
        The merged plain data the plan was made from.
    tree
        The same with positions.
    """

    plan: Plan
    origins: Mapping[str, Origin]
    directory: Path
    source: Mapping[str, Any]
    tree: Node

    def locate(self, problems: Sequence[Problem]) -> list[str]:
        """Return each problem as a line that begins with file, line and column, in their order."""
        return locate(self.tree, problems)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Give errors that begin with a path of the plan, as plugins raise them when they are made, file and line."""
        try:
            yield
        except (ConfigError, PluginError) as error:
            match = _LED_BY_PATH.fullmatch(str(error))
            if match is None or match["path"].partition(".")[0] not in Plan.model_fields:
                raise
            path = tuple(int(step) if step.isdigit() else step for step in match["path"].split("."))
            (line,) = self.locate([Problem(path, match["message"], plugin=True)])
            raise type(error)(line) from error


def load_plan(
    paths: Sequence[Path],
    *,
    mode: str = "backtest",
    mode_file: Path | None = None,
    overrides: Sequence[str] = (),
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedPlan:
    """Return the plan that configuration files, mode and flags make together.

    Files are merged in order, mappings deep and lists replaced; then the mode's row, ``overrides``, ``start`` and
    ``end``; environment references are replaced last, so that an overridden one need not be set.

    Parameters
    ----------
    paths
        One file or more.
    mode
        ``backtest``, ``paper`` or ``live``.
    mode_file
        Overlay of the mode; default: ``modes/<mode>.yaml`` beside the first file, or a built-in row.
    overrides
        ``path=value`` texts, as with ``--set``.
    start, end
        First and last session, inclusive; instead of ``data.start`` and ``data.end``.
    environment
        Variables for ``${NAME}``; default: those of the process.

    Raises
    ------
    UserError
        If a file does not exist, or the mode is unknown.
    ConfigError
        For all faults of one stage at once, one a line, each with file, line and column.
    """
    if not paths:
        raise UserError("no configuration file; give one, for example configs/quickstart.yaml")
    paths = [Path(path) for path in paths]
    root = read_file(paths[0])
    for path in paths[1:]:
        root = merge(root, read_file(path))
    return load_nodes(
        root,
        paths[0].parent,
        mode=mode,
        mode_file=mode_file,
        overrides=overrides,
        start=start,
        end=end,
        environment=environment,
    )


def load_nodes(
    root: Node,
    directory: Path,
    *,
    mode: str = "backtest",
    mode_file: Path | None = None,
    overrides: Sequence[str] = (),
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedPlan:
    """Return the plan of a merged tree, mode and flags: `load_plan` after its files are read."""
    _refuse_misplaced(root)
    root = set_at(root, ("mode",), mode_row(mode, mode_file, directory), "--mode")
    root = apply_overrides(root, overrides)
    for name, session in (("start", start), ("end", end)):
        if session is not None:
            root = set_at(root, ("data", name), Node(str(session), Origin(f"--{name}")), f"--{name}")
    root = expand_environment(root, os.environ if environment is None else environment)
    return validate_plan(root, directory.resolve())


def validate_plan(root: Node, directory: Path) -> LoadedPlan:
    """Return the plan of a merged tree.

    Raises
    ------
    ConfigError
        Naming everything that the schema refuses.
    """
    source = root.plain()
    try:
        plan = Plan.model_validate_json(to_json(source))
    except ValidationError as error:
        problems = [_advised(problem) for problem in problems_of(error, source, Shape(Plan))]
        raise ConfigError("\n".join(locate(root, problems))) from error
    return LoadedPlan(plan, _origins(plan, root), directory, source, root)


def locate(root: Node, problems: Sequence[Problem]) -> list[str]:
    """Return problems as ``file:line:column: path: message``, in the order of the files."""
    placed = [(_origin_of(root, problem), problem) for problem in problems]
    placed.sort(key=lambda pair: (pair[0].line is None, pair[0].source, pair[0].line or 0, pair[0].column or 0))
    return list(dict.fromkeys(f"{origin}: {problem}" for origin, problem in placed))


def _origin_of(root: Node, problem: Problem) -> Origin:
    node = root.nearest(problem.path)
    at_key = problem.at_key and root.at(problem.path) is node
    if problem.plugin and isinstance(node.value, dict):
        node = node.value.get("name") or node.value.get("python") or node
    container = isinstance(node.value, dict | list)
    return node.key if node.key is not None and (at_key or container) else node.origin


def _refuse_misplaced(root: Node) -> None:
    assert isinstance(root.value, dict)
    if "mode" in root.value:
        node = root.value["mode"]
        raise ConfigError(
            f"{node.key}: mode: a configuration is the same in every mode; received {show(node.plain())}; choose with "
            f"--mode, and keep the mode's feed, broker and clock in modes/<mode>.yaml"
        )


def _advised(problem: Problem) -> Problem:
    """Return the problem with the right place of a key that stands at the top by mistake."""
    if not problem.at_key or len(problem.path) != 1:
        return problem
    name = str(problem.path[0])
    if name in _MISPLACED:
        return Problem(problem.path, f"unknown key '{name}' at the top; write {_MISPLACED[name]}", at_key=True)
    head, _, _ = problem.message.partition("; known:")
    known = [*(key for key in Plan.model_fields if key != "mode"), "strategy", "sizer", "exits", "share"]
    return Problem(problem.path, f"{head}; {choices(name, known)}", at_key=True)


def _origins(plan: Plan, root: Node) -> dict[str, Origin]:
    found: dict[str, Origin] = {}
    for path, _ in _leaves(plan.model_dump(mode="json"), ()):
        node = root.at(path)
        if node is None:
            nearest = root.nearest(path)
            # A plugin written as its name only: the name's origin is that of the text.
            named = path[-1] == "name" and isinstance(nearest.value, str) and root.at(path[:-1]) is nearest
            found[dotted(path)] = nearest.origin if named else _DEFAULT
        else:
            found[dotted(path)] = node.origin
    return found


def _leaves(value: Any, path: Steps) -> list[tuple[Steps, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for name, one in value.items() for leaf in _leaves(one, (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for index, one in enumerate(value) for leaf in _leaves(one, (*path, index))]
    return [(path, value)]
