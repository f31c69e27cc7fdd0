"""Conformance kits: one class of tests for each kind of plugin, to be subclassed by the plugin's author."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tradewind.testing.kits.failure import KitFailureError, fail

if TYPE_CHECKING:
    from tradewind.testing.kits.base import PluginKit
    from tradewind.testing.kits.subject import Subject, find_subject

_MODULES = {"PluginKit": "base", "Subject": "subject", "find_subject": "subject"}

__all__ = ["KitFailureError", "PluginKit", "Subject", "fail", "find_subject"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f"tradewind.testing.kits.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'tradewind.testing.kits' has no attribute {name!r}")
