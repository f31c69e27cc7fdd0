"""What all conformance kits have in common."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tradewind.contracts.plugin import KINDS
from tradewind.testing.kits.subject import Subject, find_subject

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PluginKit"]


class PluginKit:
    """Tests that every plugin passes; a kit of a kind adds its own.

    An author makes a subclass with one property, and all tests arrive::

        from tradewind.testing import StrategyKit

        class TestMine(StrategyKit):
            plugin = "mine"

    A test may be replaced only by one that is marked ``pytest.mark.xfail(reason=...)``: what a plugin does not keep is
    written down, never left out.

    Attributes
    ----------
    plugin
        Name of an installed plugin, ``./file.py:Class`` beside the test, a class, or a record.
    params
        Parameters to make it with; needed where some have no default.
    """

    kind: ClassVar[str] = ""
    plugin: ClassVar[Any] = None
    params: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    _subject: ClassVar[Subject | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a subclass that leaves tests out."""
        super().__init_subclass__(**options)
        if cls.plugin is None and cls.__name__.startswith("Test"):
            raise TypeError(
                f'{cls.__qualname__}: a kit needs its plugin; write `plugin = "name"`, with the name of an installed '
                f"{cls.kind or 'plugin'}, './file.py:Class' or a class"
            )
        if cls.kind and cls.kind not in KINDS:
            raise TypeError(f"{cls.__qualname__}: kind is one of {', '.join(KINDS)}; received {cls.kind!r}")
        if not cls.__module__.startswith("tradewind.testing."):
            _refuse_replacements(cls)
        cls._subject = None

    @classmethod
    def subject(cls) -> Subject:
        """Return the plugin under test, found once a class."""
        if cls._subject is None:
            cls._subject = find_subject(cls.kind, cls.plugin, cls.params, _directory_of(cls))
        return cls._subject


def _refuse_replacements(cls: type) -> None:
    for name, value in vars(cls).items():
        inherited = any(name in vars(base) for base in cls.__mro__[1:])
        if name.startswith("test") and inherited and not _expects_failure(value):
            raise TypeError(
                f"{cls.__qualname__}.{name} replaces a test of the kit; mark it with "
                f'@pytest.mark.xfail(reason="why the plugin does not keep this"), or give it another name'
            )


def _expects_failure(test: Any) -> bool:
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks)


def _directory_of(cls: type) -> Path:
    try:
        return Path(inspect.getfile(cls)).resolve().parent
    except (OSError, TypeError):
        return Path.cwd()
