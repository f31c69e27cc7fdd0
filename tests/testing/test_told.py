"""What authors may tell a kit, and how nothing of it can be left out unseen."""

from __future__ import annotations

from typing import Any

import pytest

from tradewind.contracts import SizerPlugin
from tradewind.errors import PluginError
from tradewind.registry import Registry
from tradewind.testing import GateKit, StrategyKit
from tradewind.testing.installed import kit_of, kit_of_installed
from tradewind.testing.kits import KitFailureError
from tradewind.testing.kits.told import options_of

FUTURE = "test_the_future_changes_nothing"


def _nothing(self: Any, *_: Any, **__: Any) -> None: ...


def _kit(*bases: type, **attributes: Any) -> Any:
    return type("TestMine", (*bases, StrategyKit), {"plugin": "momentum", "__module__": "mine", **attributes})


@pytest.mark.parametrize("name", [FUTURE, "agree", "begin", "subject", "_play_stripped", "rehearsal"])
def test_neither_a_test_nor_what_it_stands_on_is_replaced(name: str) -> None:
    with pytest.raises(TypeError, match=rf"TestMine\.{name} replaces"):
        _kit(**{name: _nothing})


def test_a_mixin_replaces_no_test_either() -> None:
    mixin = type("OurWay", (), {FUTURE: _nothing})
    with pytest.raises(TypeError, match=rf"TestMine: OurWay\.{FUTURE} replaces a test of the kit; mark it with"):
        _kit(mixin)


@pytest.mark.parametrize("mark", [pytest.mark.skip, pytest.mark.skipif(True, reason="x"), [pytest.mark.xfail]])
def test_a_class_does_not_leave_all_tests_out(mark: Any) -> None:
    with pytest.raises(TypeError, match=r"TestMine: pytest\.mark\.\w+ leaves all tests of the kit out"):
        _kit(pytestmark=mark)


def test_what_is_put_in_place_of_a_test_later_is_found_by_the_others() -> None:
    kit = _kit()
    setattr(kit, FUTURE, _nothing)
    with pytest.raises(TypeError, match="replaces a test of the kit"):
        kit().test_its_record_is_complete()


def test_what_the_guide_names_may_be_said_and_tests_added() -> None:
    def exceeded(self: Any, batch: Any, account: Any) -> str:
        return ""

    type("TestGate", (GateKit,), {"plugin": "position_size", "exceeded": exceeded, "order_matters": True})

    @pytest.mark.xfail(reason="reads the whole year")
    def expected(self: Any) -> None: ...

    mixin = type("Ours", (), {"test_of_our_own": _nothing, "helper": _nothing})
    _kit(mixin, refuses={"crowd": "too many"}, pytestmark=[pytest.mark.soak], **{FUTURE: expected})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["params"], r" is a mapping of what the kit is told; received \['params'\]"),
        ({"params": None}, "params is a mapping of parameters by name; received None"),
        ({"params": {1: 2}}, "params is a mapping of parameters by name"),
        ({"plugin": "nope"}, "names 'plugin', which no kit of a strategy is told; known: params, refuses"),
        ({"name": "x"}, "names 'name', which no kit"),
        ({"refuse": {}}, "Did you mean 'refuses'"),
        ({FUTURE: _nothing}, f"names '{FUTURE}', which no kit"),
        ({"agree": _nothing}, "names 'agree', which no kit"),
        ({"pytestmark": pytest.mark.skip}, "names 'pytestmark', which no kit"),
        ({"refuses": {"crowds": "x"}}, "refuses is a mapping of scene to a part of the message; scenes: .*crowd"),
        ({"refuses": {"crowd": ""}}, "refuses is a mapping of scene"),
    ],
)
def test_options_of_a_plugin_are_checked(options: Any, message: str) -> None:
    class Mine:
        kit_options = options

    with pytest.raises(
        PluginError, match=rf"strategy 'mine': kit_options.*{message}" if message[0] != "k" else message
    ):
        options_of(Mine, "strategy", "strategy 'mine'")


@pytest.mark.parametrize(
    ("kind", "option"),
    [("gate", "exceeded"), ("gate", "order_matters"), ("cost", "instruments"), ("feed", "request")],
)
def test_options_of_other_kinds_are_checked(kind: str, option: str) -> None:
    class Mine:
        kit_options = {option: "wrong"}  # noqa: RUF012 as authors write it

    with pytest.raises(PluginError, match=rf"kit_options: {option} is .*; received 'wrong'"):
        options_of(Mine, kind, f"{kind} 'mine'")


def test_an_installed_plugin_cannot_take_tests_out() -> None:
    class Heavy:
        """Hold all."""

        kit_options = {"agree": _nothing}  # noqa: RUF012 as authors write it
        max_weight = budget = 1.0

        def weights(self, signals: Any, market: Any, portfolio: Any) -> Any: ...

    registry = Registry.load()
    registry.register(SizerPlugin(name="heavy", create=Heavy, summary="Holds all."), "test:heavy")
    with pytest.raises(PluginError, match="sizer 'heavy': kit_options names 'agree'"):
        kit_of_installed(registry, registry.get("sizer", "heavy"))


class Opinion:
    """Hold all."""

    schedule = "daily"

    def on_bar(self, market: Any, portfolio: Any) -> Any: ...


def test_a_class_that_pytest_would_not_collect_is_refused() -> None:
    with pytest.raises(TypeError, match=r"TestMine: `__test__ = False` leaves all tests of the kit out"):
        type("TestMine", (GateKit,), {"plugin": "position_size", "__test__": False})
    base = type("Ours", (GateKit,), {"__test__": False, "params": {}})
    type("TestMine", (base,), {"plugin": "position_size", "__test__": True})


@pytest.mark.parametrize("kind", ["broker", "gate", "breaker", "cost"])
def test_a_class_of_another_kind_is_found(kind: str) -> None:
    kit: Any = kit_of(kind, Opinion, {}, "TestOpinion", shared_only=True)
    with pytest.raises(
        KitFailureError, match=rf"what it makes is no {kind}; received .*breaks the contract of a {kind}"
    ):
        kit().test_it_keeps_the_contract_of_its_kind()


def test_what_cannot_be_made_here_is_skipped() -> None:
    class Asks:
        """Hold all."""

        def __init__(self) -> None:
            raise RuntimeError("no licence")

    kit: Any = kit_of("sizer", Asks, {}, "TestAsks", shared_only=True)
    with pytest.raises(pytest.skip.Exception, match=r"it cannot be made here: .*no licence"):
        kit().test_it_keeps_the_contract_of_its_kind()
