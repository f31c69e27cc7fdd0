"""What a kit asks of the class that its author writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tradewind.errors import PluginError
from tradewind.testing import PluginKit
from tradewind.testing.kits import KitFailureError, fail
from tradewind.testing.kits.children import elsewhere


class _Kit(PluginKit):
    kind = "sizer"
    plugin = "equal_weight"

    def test_something(self) -> None:
        """Hold."""


def test_the_plugin_is_found_and_made_by_name() -> None:
    subject = _Kit.subject()
    assert subject.title == "sizer 'equal_weight' (tradewind:sizers)"
    assert type(subject.create()).__name__ == "EqualWeight"
    assert _Kit.subject() is subject


def test_a_kit_without_its_plugin_is_refused() -> None:
    with pytest.raises(TypeError, match='a kit needs its plugin; write `plugin = "name"`'):
        type("TestNothing", (PluginKit,), {"__module__": "mine"})


def test_a_test_is_replaced_only_by_an_expected_failure() -> None:
    def test_something(self: Any) -> None: ...

    with pytest.raises(TypeError, match=r"TestMine\.test_something replaces a test of the kit; mark it with"):
        type("TestMine", (_Kit,), {"test_something": test_something})
    pytest.mark.xfail(reason=" ")(test_something)
    with pytest.raises(TypeError, match="replaces a test of the kit"):
        type("TestMine", (_Kit,), {"test_something": test_something})
    pytest.mark.xfail(reason="does not short")(test_something)
    type("TestMine", (_Kit,), {"test_something": test_something})


def test_an_import_that_was_slow_once_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    once = [replace(one, import_seconds=0.9) for one in elsewhere(_Kit.subject(), _Kit.plugin, None, ())]
    monkeypatch.setattr(_Kit, "_elsewhere", once)
    _Kit().test_importing_it_does_nothing_else()


def test_an_unknown_plugin_names_the_nearest() -> None:
    kit = type("TestTypo", (PluginKit,), {"kind": "sizer", "plugin": "equal_wieght"})
    with pytest.raises(PluginError, match=r"unknown sizer 'equal_wieght'.*Did you mean 'equal_weight'"):
        kit.subject()  # type: ignore[attr-defined]


def test_a_class_is_examined_as_it_is() -> None:
    class Half:
        """Half of everything."""

        max_weight = 0.5
        budget = 0.5

        def weights(self, signals: Any, market: Any, portfolio: Any) -> Any: ...

    kit = type("TestHalf", (PluginKit,), {"kind": "sizer", "plugin": Half})
    assert isinstance(kit.subject().create(), Half)  # type: ignore[attr-defined]


def test_a_failure_has_its_four_parts() -> None:
    with pytest.raises(KitFailureError, match=r"^sizer 'mine': weights are 3 wide; received \[1, 2, 3\]. Return one."):
        fail("sizer 'mine'", "weights are 3 wide", received=[1, 2, 3], remedy="Return one.")
