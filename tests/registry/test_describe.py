"""What `plugins info` tells: parameters, capabilities, source, and an example that loads."""

from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import Field

from tradewind import CostPlugin, SizerPlugin, StrategyPlugin
from tradewind.config.loader import check_plan, load_plan
from tradewind.contracts import Cost, Exit, Factor, Feed
from tradewind.registry import PluginRef, Registry
from tradewind.registry.describe import OPTIONAL_PARTS, describe

REGISTRY = Registry.load()
BUILT_IN = [pytest.param(one, id=f"{one.kind}-{one.name}") for one in REGISTRY.plugins()]
BASE = {"name": "example", "data": {"feed": "sample"}, "strategy": "high_52w", "sizer": "equal_weight"}


def described(record):
    registry = Registry.load(entry_points=False)
    registry.register(record, "acme:all", distribution="acme", version="1")
    assert registry.broken == ()
    return describe(registry, registry.get(record.kind, record.name))


@pytest.mark.parametrize("plugin", BUILT_IN)
def test_example_of_every_built_in_passes_the_schema(plugin, tmp_path):
    example = yaml.safe_load(describe(REGISTRY, plugin).example)
    if plugin.kind == "factor":
        ref = PluginRef.model_validate(example["factor"])
        assert REGISTRY.problems("factor", ref) == []
        return
    idea = tmp_path / "idea.yaml"
    overlay = tmp_path / "modes" / "paper.yaml"
    overlay.parent.mkdir()
    overlay.write_text(yaml.safe_dump(example if plugin.kind == "broker" else {}))
    idea.write_text(yaml.safe_dump(BASE if plugin.kind == "broker" else {**BASE, **example}))
    loaded = load_plan([idea], mode="paper")
    check_plan(loaded, REGISTRY)
    assert plugin.name in str(loaded.plan.model_dump(mode="json", exclude_defaults=True))


@pytest.mark.parametrize("plugin", BUILT_IN)
def test_every_built_in_has_a_source_that_holds_its_definition(plugin):
    found = describe(REGISTRY, plugin)
    line = Path(found.source).read_text().splitlines()[found.line - 1]
    assert line.startswith(("class ", "def "))
    assert found.api_version == 1
    assert (found.distribution, found.summary) == ("tradewind", plugin.plugin.summary)


def test_every_kind_has_its_optional_parts():
    from tradewind.contracts import KINDS

    assert set(OPTIONAL_PARTS) == set(KINDS)


class Rich:
    warmup = 5

    def __init__(
        self,
        top: Annotated[int, Field(ge=2, le=9, description="How many.")],
        share: Annotated[float, Field(gt=0.0)] = 0.5,
        schedule: str = "monthly",
        unit: str | None = None,
    ) -> None:
        self.schedule = schedule

    def on_bar(self, market, portfolio): ...

    def next_event(self, path): ...


def test_parameters_have_type_range_default_and_meaning():
    rows = described(StrategyPlugin(name="rich", create=Rich, summary="Rich.", needs=("high",))).parameters
    assert [(row.name, row.type, row.required, row.default, row.meaning) for row in rows] == [
        ("top", "integer ≥ 2, ≤ 9", True, None, "How many."),
        ("share", "number > 0", False, 0.5, ""),
        ("schedule", "string", False, "monthly", ""),
        ("unit", "string or null", False, None, ""),
    ]


def test_capabilities_are_attributes_methods_and_what_the_initialiser_sets():
    assert described(StrategyPlugin(name="rich", create=Rich, summary="Rich.")).capabilities == (
        "schedule",
        "warmup",
        "next_event",
    )


class Flat:
    def costs(self, trades): ...

    def for_data(self, adjusted, has_volume): ...


def make_flat(rate: float = 1.0) -> Flat: ...


def make_any(rate: float = 1.0) -> Cost: ...


def test_a_function_is_described_by_the_class_it_returns():
    assert described(CostPlugin(name="flat", create=make_flat, summary="Flat.")).capabilities == ("for_data",)
    assert described(CostPlugin(name="flat", create=make_any, summary="Flat.")).capabilities is None


class Nested:
    max_weight = budget = 1.0

    def __init__(self, factor: Factor, feeds: tuple[Feed, ...], exit: Exit | None = None) -> None: ...

    def weights(self, signals, market, portfolio): ...


def test_nested_plugins_are_shown_with_their_kind_and_with_one_that_exists():
    registry = Registry.load()
    registry.register(SizerPlugin(name="nested", create=Nested, summary="Nested."), "acme:all")
    found = describe(registry, registry.get("sizer", "nested"))
    assert [row.type for row in found.parameters] == [
        "a factor plugin",
        "list of a feed plugin",
        "an exit plugin or null",
    ]
    ref = PluginRef.model_validate(yaml.safe_load(found.example)["sizer"])
    assert registry.problems("sizer", ref) == []


def test_a_class_in_a_file_is_described_as_python(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    '''Buy low.'''\n    def __init__(self, top: int = 3) -> None: ...\n"
        "    def on_bar(self, market, portfolio): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    found = describe(REGISTRY, REGISTRY.resolve("strategy", PluginRef(python="./mine.py:Mine")))
    assert (found.name, found.summary, found.source) == ("Mine", "Buy low.", str(tmp_path / "mine.py"))
    assert yaml.safe_load(found.example) == {"strategy": {"python": "./mine.py:Mine", "params": {"top": 3}}}
    assert found.api_version is None
