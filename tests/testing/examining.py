"""Runs single tests of a conformance kit on plugins that are made to break them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tradewind.testing import PluginKit

__all__ = ["examine", "run_kit", "test_names"]


def test_names(kit: type[PluginKit]) -> list[str]:
    """Names of a kit's tests."""
    return [name for name in dir(kit) if name.startswith("test")]


test_names.__test__ = False  # type: ignore[attr-defined]  # a helper, not a test


def examine(
    kit: type[PluginKit],
    plugin: Any,
    test: str,
    *,
    folder: Path | None = None,
    params: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> None:
    """Run one test of a kit on a plugin, as pytest would; its failure is raised."""
    examined: Any = type(
        "Examined", (kit,), {"__module__": __name__, "plugin": plugin, "params": params or {}, **attributes}
    )
    one = examined()
    method: Callable[..., None] = getattr(one, test)
    given = {"tmp_path": folder} if "tmp_path" in inspect.signature(method).parameters else {}
    method(**given)


def run_kit(kit: type[PluginKit], plugin: Any, *, folder: Path | None = None, **options: Any) -> list[str]:
    """Run all tests of a kit on a plugin and return the names of those that pass."""
    names = test_names(kit)
    for number, name in enumerate(names):
        inside = None if folder is None else folder / str(number)
        if inside is not None:
            inside.mkdir()
        examine(kit, plugin, name, folder=inside, **options)
    return names
