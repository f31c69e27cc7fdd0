"""Scenarios by name, as shipped, or from a user's YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import to_json

from tradewind.config.loader import locate
from tradewind.config.yaml_source import read_file
from tradewind.errors import ConfigError, UserError, choices
from tradewind.registry.problems import Problem, problems_of
from tradewind.registry.shape import Shape
from tradewind.research.stress.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["load_scenarios", "read_scenario", "shipped_names"]

_FOLDER = Path(__file__).parent / "scenarios"
_SUFFIXES = (".yaml", ".yml")


def shipped_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with tradewind, oldest episode first."""
    return tuple(sorted((path.stem for path in _FOLDER.glob("*.yaml")), key=lambda name: name.rpartition("_")[2]))


def load_scenarios(wanted: Sequence[str] = ()) -> tuple[Scenario, ...]:
    """Return scenarios by name or by path of a YAML file; without any, those that come with tradewind.

    Raises
    ------
    UserError
        If there is no such name or file, or a name comes twice.
    ConfigError
        If a file is no scenario.
    """
    scenarios = tuple(_find(one) for one in wanted or shipped_names())
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"--scenario: {name!r} comes {names.count(name)} times; give each once, or rename one")
    return scenarios


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in a YAML file.

    Raises
    ------
    UserError
        If there is no such file; names the nearest one.
    ConfigError
        Naming everything that is wrong with it, one a line, each with file, line and column.
    """
    if path.is_file() and path.stat().st_size == 0:
        raise ConfigError(f"{path}:1:1: the file is empty; a scenario has at least `name`, `source` and a shock")
    root = read_file(path)
    data = root.plain()
    try:
        scenario = Scenario.model_validate_json(to_json(data))
    except ValidationError as error:
        raise ConfigError("\n".join(locate(root, problems_of(error, data, Shape(Scenario))))) from error
    if scenario.name in shipped_names() and path.resolve().parent != _FOLDER.resolve():
        text = f"{scenario.name!r} is a scenario that comes with tradewind; give yours another name"
        raise ConfigError("\n".join(locate(root, [Problem(("name",), text)])))
    return scenario


def _find(wanted: str) -> Scenario:
    if Path(wanted).suffix in _SUFFIXES or "/" in wanted or "\\" in wanted:
        return read_scenario(Path(wanted))
    names = shipped_names()
    if wanted not in names:
        raise UserError(
            f"--scenario: no scenario {wanted!r}; {choices(wanted, names)} Name your own by its path, as ./mine.yaml"
        )
    return read_scenario(_FOLDER / f"{wanted}.yaml")
