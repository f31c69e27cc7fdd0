"""A distribution with one plugin: what pip installs, and its tests."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from tradewind.contracts.plugin import API_VERSION
from tradewind.scaffold.licences import LICENCES
from tradewind.scaffold.names import require_own_class
from tradewind.scaffold.render import render

if TYPE_CHECKING:
    from tradewind.scaffold.names import Name

__all__ = ["HOOKS", "SUMMARIES", "plugin_files"]

HOOKS = {
    "strategy": "strategies",
    "regime": "regimes",
    "sizer": "sizers",
    "exit": "exits",
    "factor": "factors",
    "feed": "feeds",
    "cost": "costs",
    "broker": "brokers",
    "gate": "gates",
    "breaker": "breakers",
    "report": "reports",
}
"""Kind to the end of its hook's name."""
SUMMARIES = {
    "strategy": "Hold what has risen most.",
    "regime": "Calm where most of what trades has risen.",
    "sizer": "Weights in proportion to positive scores.",
    "exit": "Leave what fell below its entry price.",
    "factor": "Close over its average, less 1.",
    "feed": "Closes from a CSV file with one column a symbol.",
    "cost": "A fee for each order, and basis points of its value.",
    "broker": "A venue in memory, to be replaced by a real one.",
    "gate": "Bound the value that one order may open.",
    "breaker": "Halt after losing days in a row.",
    "report": "The figures of a run as a text file.",
}
"""What the example of each kind does."""
_MORE = {
    "factor": {"example.py": "examples/example.py"},
    "feed": {"tests/prices.csv": "tests/prices.csv"},
    "broker": {"modes/paper.yaml": "examples/paper.yaml"},
}
"""Kind to further files and their templates."""


def plugin_files(name: Name, kind: str, licence: str = "gpl") -> dict[str, str]:
    """Return the files of a distribution with a plugin of this kind, by path within its folder.

    Parameters
    ----------
    name, kind
        Of the plugin.
    licence
        A word of `LICENCES`.

    Raises
    ------
    UserError
        If the name's class would hide what the files import.
    """
    values = _values(name, kind, licence)
    package = f"src/{name.module}"
    files = {
        "pyproject.toml": render("plugin/pyproject.toml", values),
        "README.md": render("plugin/README.md", values),
        "LICENSE": LICENCES[licence].text,
        ".gitignore": render("plugin/gitignore", values),
        ".github/workflows/ci.yml": render("plugin/ci.yml", values),
        f"{package}/__init__.py": render("plugin/init.py", values),
        f"{package}/{kind}.py": render(f"kinds/{kind}.py", values),
        f"{package}/py.typed": "",
        f"tests/test_{name.module}.py": render(f"tests/{kind}.py", values),
        "example.yaml": render(f"examples/{kind}.yaml", values),
    }
    require_own_class(name, files)
    return files | {path: render(template, values) for path, template in _MORE.get(kind, {}).items()}


def _values(name: Name, kind: str, licence: str) -> dict[str, str]:
    major, minor = version("tradewind").split(".")[:2]
    return {
        "name": name.module,
        "yaml_name": name.yaml_name,
        "class": name.class_name,
        "title": name.title,
        "distribution": name.distribution,
        "kind": kind,
        "Kind": kind.capitalize(),
        "hook": HOOKS[kind],
        "summary": SUMMARIES[kind],
        "run": "tradewind run example.yaml --mode paper" if kind == "broker" else "tradewind run example.yaml",
        "stubs": ', "pandas-stubs>=2.2"' if kind == "feed" else "",
        "licence": LICENCES[licence].spdx,
        "api_version": str(API_VERSION),
        "tradewind": f"tradewind>={major}.{minor},<{int(major) + 1}",
        "tradewind_testing": f"tradewind[testing]>={major}.{minor},<{int(major) + 1}",
    }
