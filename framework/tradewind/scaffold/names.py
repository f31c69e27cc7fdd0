"""Names that become a file, a package, a plugin and a class."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import keyword
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tradewind.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Name", "require_no_library", "require_own_class"]

LONGEST = 40
_NAME = re.compile(rf"(?=.{{2,{LONGEST}}}$)[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_UNLISTED = ("test",)
"""Packages of the standard library that `sys.stdlib_module_names` leaves out."""
_OWN = ("tradewind", "tradewind_plugins", "tradewind_strategies", "tests", "numpy", "pandas", "pydantic", "pytest")
"""Packages that a module of the same name would hide."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as given: ``acme-gap`` or ``acme_gap``.

    Raises
    ------
    UserError
        If it cannot be the name of a plugin and of a Python package.
    """

    text: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.text):
            raise UserError(
                f"NAME: {self.text!r} cannot be a name; write 2 to {LONGEST} lower-case letters and digits, beginning "
                f"with a letter, with '-' or '_' between words{_instead(self.text)}"
            )
        if self.class_name in dir(builtins):
            raise UserError(
                f"NAME: {self.text!r} would make a class {self.class_name}, which is a word of Python's own; put a "
                f"word before it, as 'my_{self.module}'"
            )
        if keyword.iskeyword(self.module) or self.module in (*sys.stdlib_module_names, *_UNLISTED, *_OWN):
            raise _taken(self)

    @property
    def module(self) -> str:
        """Name of the plugin, its package and its file."""
        return self.text.replace("-", "_")

    @property
    def yaml_name(self) -> str:
        """Name of the plugin as YAML reads a text: quoted where it is a word of YAML, as ``null`` and ``yes``."""
        return self.module if yaml.safe_load(self.module) == self.module else f'"{self.module}"'

    @property
    def distribution(self) -> str:
        """Name for pip."""
        return self.text.replace("_", "-")

    @property
    def class_name(self) -> str:
        """Name of the class: ``AcmeGap``."""
        return "".join(word.capitalize() for word in self.module.split("_"))

    @property
    def title(self) -> str:
        """Name for headings: ``Acme gap``."""
        return self.module.replace("_", " ").capitalize()


def require_no_library(name: Name) -> None:
    """Refuse a name whose package would hide an installed library.

    Raises
    ------
    UserError
        If it would.
    """
    found = importlib.util.find_spec(name.module)
    # A plain folder on the path is found too, and has no origin.
    if found is not None and found.origin is not None:
        raise _taken(name)


def require_own_class(name: Name, texts: Mapping[str, str]) -> None:
    """Refuse a name whose class would hide what the files that are made for it import.

    Raises
    ------
    UserError
        If it would.
    """
    for path, text in texts.items():
        if path.endswith(".py") and name.class_name in _imported(text, but_from=name.module):
            raise UserError(
                f"NAME: {name.text!r} would make a class {name.class_name}, and {path} imports another of this name; "
                f"put a word before it, as 'my_{name.module}'"
            )


def _taken(name: Name) -> UserError:
    return UserError(
        f"NAME: {name.text!r} is taken by Python or a library, which a module of this name would hide; put a word "
        f"before it, as 'my_{name.module}'"
    )


def _imported(source: str, *, but_from: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] != but_from
        ):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def _instead(text: str) -> str:
    """Return a suggestion: the nearest name that there can be."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower())
    nearest = "_".join(words)[:LONGEST].strip("_")
    if nearest[:1].isdigit():
        nearest = f"my_{nearest}"[:LONGEST].strip("_")
    return f"; for example {nearest!r}" if _NAME.fullmatch(nearest) else ""
