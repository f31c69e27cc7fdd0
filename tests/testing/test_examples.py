"""Parameters for plugins whose author gives none."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from tradewind.contracts import Factor, SizerPlugin
from tradewind.registry import Registry
from tradewind.registry.reference import PluginRef
from tradewind.testing.examples import example_params
from tradewind.testing.installed import kit_of_installed


class Asks:
    """Asks for one of each."""

    max_weight = 1.0
    budget = 1.0

    def __init__(
        self,
        bars: Annotated[int, Field(ge=200, le=300)],
        part: Annotated[float, Field(gt=0.0, lt=0.1)],
        least: Annotated[int, Field(ge=50)],
        way: Literal["up", "down"],
        names: tuple[str, ...],
        average: Factor,
        on: bool,
        given: int = 3,
    ) -> None:
        self.got = (bars, part, least, way, names, on, given)

    def weights(self, signals, market, portfolio): ...


class Prepared(Asks):
    """Says how it is to be tested."""

    kit_options = {"params": {"bars": 250}, "refuses": {"crowd": "too many"}}  # noqa: RUF012 - as authors write it


@pytest.fixture
def registry():
    registry = Registry.load()
    for create in (Asks, Prepared):
        registry.register(SizerPlugin(name=create.__name__, create=create, summary="Asks."), "test:asks")
    return registry


def test_middling_values_make_a_plugin(registry):
    params = example_params(registry, registry.get("sizer", "Asks"))
    made = registry.create("sizer", PluginRef(name="Asks", params=params))
    assert made.got == (250, 0.05, 51, "up", ("close",), False, 3)
    assert params["average"] == {"name": "sma", "params": {"bars": 20}}


def test_every_installed_plugin_of_a_rehearsed_kind_can_be_made(registry):
    for kind in ("strategy", "regime", "sizer", "exit", "factor", "cost", "gate", "breaker"):
        for one in registry.plugins(kind):
            ref = PluginRef(name=one.name, params=example_params(registry, one))
            assert registry.create(kind, ref) is not None


def test_a_plugin_says_how_it_is_to_be_tested(registry):
    kit = kit_of_installed(registry, registry.get("sizer", "Prepared"))
    assert kit.params["bars"] == 250
    assert kit.params["way"] == "up"
    assert kit.refuses == {"crowd": "too many"}
