"""A strategy in a file of the user's project, and the configuration that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.scaffold.names import require_own_class
from tradewind.scaffold.render import render

if TYPE_CHECKING:
    from tradewind.scaffold.names import Name

__all__ = ["strategy_files"]


def strategy_files(name: Name) -> dict[str, str]:
    """Return the strategy and its configuration, by file name.

    Raises
    ------
    UserError
        If the name's class would hide what the strategy imports.
    """
    values = {"name": name.module, "yaml_name": name.yaml_name, "class": name.class_name, "title": name.title}
    files = {
        f"{name.module}.py": render("project/strategy.py", values),
        f"{name.module}.yaml": render("project/strategy.yaml", values),
    }
    require_own_class(name, files)
    return files
