"""What an author may tell a kit, and that nothing else of it is replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from tradewind.contracts import DataRequest
from tradewind.errors import PluginError, choices
from tradewind.model import Instrument
from tradewind.testing.scenes import SCENES

__all__ = ["options_of", "refuse_replacements"]

_KITS = "tradewind.testing.kits."
_REHEARSED = ("strategy", "regime", "sizer", "exit", "factor")
_OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(_REHEARSED, ("refuses",)),
        "feed": ("request",),
        "cost": ("instruments",),
        "report": ("deterministic",),
        "gate": ("exceeded", "refuses_closings", "order_matters"),
    }
)
"""Kind to what ``kit_options`` may say beside ``params``."""
_ATTRIBUTES = frozenset({"kind", "plugin", "params", "make_session"}.union(*_OPTIONS.values()))
"""What a class of an author's may say."""
_LEFT_OUT = frozenset({"skip", "skipif", "xfail"})
"""Marks of a class that leave all of its tests out."""


def options_of(create: Any, kind: str, title: str) -> dict[str, Any]:
    """Return the ``kit_options`` of a plugin's class or function.

    Raises
    ------
    PluginError
        If they are no mapping, say what no kit of the kind takes, or say it wrongly.
    """
    options = getattr(create, "kit_options", {})
    where = f"{title}: kit_options"
    if not isinstance(options, Mapping):
        raise PluginError(
            f'{where} is a mapping of what the kit is told; received {options!r:.80}. Write {{"params": {{...}}}}'
        )
    known = ("params", *_OPTIONS.get(kind, ()))
    for name, value in options.items():
        if name not in known:
            raise PluginError(f"{where} names {name!r}, which no kit of a {kind} is told; {choices(str(name), known)}")
        wanted = _fault(name, value)
        if wanted:
            raise PluginError(f"{where}: {name} is {wanted}; received {value!r:.80}. Mend it, or leave it out")
    return dict(options)


def _fault(name: str, value: Any) -> str:
    """Return what an option is meant to be where it is not; empty where it is."""
    if name == "params":
        return "" if _is_mapping(value) else "a mapping of parameters by name"
    if name == "refuses":
        good = _is_mapping(value) and all(isinstance(one, str) and one for one in value.values())
        good = good and set(value) <= set(SCENES)
        return "" if good else f"a mapping of scene to a part of the message; scenes: {', '.join(SCENES)}"
    if name == "request":
        return "" if isinstance(value, DataRequest) else "a DataRequest"
    if name == "instruments":
        good = isinstance(value, tuple) and bool(value) and all(isinstance(one, Instrument) for one in value)
        return "" if good else "a tuple of one Instrument or more"
    if name == "exceeded":
        return "" if isinstance(value, Callable) else "a function (kit, batch, account) -> str"  # type: ignore[arg-type]
    return "" if isinstance(value, bool) else "True or False"


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def refuse_replacements(cls: type) -> None:
    """Raise where a class replaces, by itself or by a mixin, a test of its kit or what its tests stand on.

    Raises
    ------
    TypeError
        Unless a test that is replaced expects to fail, and says why.
    """
    if getattr(cls, "plugin", None) is not None and not getattr(cls, "__test__", True):
        raise TypeError(
            f"{cls.__qualname__}: `__test__ = False` leaves all tests of the kit out; take it away, or write "
            f"`__test__ = True` where it comes from a base"
        )
    for mark in _marks(cls):
        if mark.name in _LEFT_OUT:
            raise TypeError(
                f"{cls.__qualname__}: pytest.mark.{mark.name} leaves all tests of the kit out; replace the test that "
                f'the plugin does not pass by one marked @pytest.mark.xfail(reason="why")'
            )
    for name in dict.fromkeys(name for base in cls.__mro__[:-1] for name in vars(base)):
        holders = [base for base in cls.__mro__ if name in vars(base)]
        if name.startswith("__") or name in _ATTRIBUTES or name == "pytestmark" or _is_kit(holders[0]):
            continue
        replaced = next((base for base in holders[1:] if _is_kit(base) or name.startswith("test")), None)
        value = vars(holders[0])[name]
        if replaced is None or (name.startswith("_") and not _is_function(vars(replaced)[name])):
            continue
        if not name.startswith("test"):
            raise TypeError(
                f"{cls.__qualname__}: {holders[0].__qualname__}.{name} replaces what the tests of the kit stand on; "
                f"give it another name"
            )
        if not _expects_failure(value):
            raise TypeError(
                f"{cls.__qualname__}: {holders[0].__qualname__}.{name} replaces a test of the kit; mark it with "
                f'@pytest.mark.xfail(reason="why the plugin does not keep this"), or give it another name'
            )


def _is_kit(cls: type) -> bool:
    return cls.__module__.startswith(_KITS)


def _is_function(value: Any) -> bool:
    return callable(value) or isinstance(value, classmethod | staticmethod | property)


def _marks(holder: Any) -> list[pytest.Mark]:
    """Return the marks of a class or function; a decorator has the mark inside."""
    found = getattr(holder, "pytestmark", [])
    marks = found if isinstance(found, list | tuple) else [found]
    return [mark if isinstance(mark, pytest.Mark) else mark.mark for mark in marks]


def _expects_failure(test: Any) -> bool:
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in _marks(test))
