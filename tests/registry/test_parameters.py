import datetime as dt
import enum
import functools
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Optional, Self

import pytest
from pydantic import Field, ValidationError

from tradewind import FactorPlugin, FeedPlugin, RegimePlugin
from tradewind.contracts import Directory, Exit, Factor, Feed, Regime, Seed
from tradewind.errors import PluginError
from tradewind.registry import PluginRef, Registry
from tradewind.registry.parameters import build_model, read_signature


def model_of(create):
    return build_model("plugin", read_signature(create))


def value_of(annotation, text):
    def create(x: annotation) -> None: ...

    return model_of(create).model_validate_json(f'{{"x": {text}}}').x


def names_of(create):
    return list(read_signature(create).parameters)


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "3", 3),
        (float, "3", 3.0),
        (float, "2.5", 2.5),
        (bool, "true", True),
        (str, '"NO"', "NO"),
        (dt.date, '"2020-01-31"', dt.date(2020, 1, 31)),
        (tuple[int, ...], "[1, 2]", (1, 2)),
        (tuple[str, float], '["a", 1]', ("a", 1.0)),
        (dict[str, float], '{"a": 1}', {"a": 1.0}),
        (int | None, "null", None),
        (Literal["a", "b"], '"a"', "a"),
        (Colour, '"red"', Colour.RED),
        (Path, '"a/b"', Path("a/b")),
    ],
)
def test_value_that_fits_is_accepted(annotation, text, value):
    found = value_of(annotation, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, '"3"'),
        (int, "3.0"),
        (int, "true"),
        (float, '"3"'),
        (float, "true"),
        (float, "Infinity"),
        (float, "NaN"),
        (bool, "1"),
        (bool, '"true"'),
        (str, "3"),
        (dt.date, "0"),
        (dt.date, '"31.1.2020"'),
        (tuple[int, ...], "3"),
        (tuple[int, ...], '["1"]'),
        (int, "null"),
        (Literal["a", "b"], '"c"'),
        (Annotated[int, Field(ge=2)], "1"),
    ],
)
def test_value_that_does_not_fit_is_refused(annotation, text):
    with pytest.raises(ValidationError):
        value_of(annotation, text)


def test_model_is_closed_and_frozen():
    def create(x: int = 1) -> None: ...

    model = model_of(create)
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate_json('{"y": 1}')
    with pytest.raises(ValidationError, match="frozen"):
        model().x = 2


def test_annotation_carries_range_default_and_description():
    def create(lookback_bars: Annotated[int, Field(ge=2, le=500, description="Bars to look back.")] = 252) -> None: ...

    schema = model_of(create).model_json_schema()
    assert schema["properties"]["lookback_bars"] == {
        "default": 252,
        "description": "Bars to look back.",
        "maximum": 500,
        "minimum": 2,
        "title": "Lookback Bars",
        "type": "integer",
    }


def test_injected_parameters_are_absent():
    def create(x: int, seed: Seed, home: Directory) -> None: ...

    signature = read_signature(create)
    assert list(signature.parameters) == ["x"]
    assert signature.injected == {"seed": Seed, "home": Directory}


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (Feed, "feed"),
        (Feed | None, "feed"),
        (Optional[Feed], "feed"),  # noqa: UP045 - both spellings count
        (tuple[Regime, ...], "regime"),
        (tuple[Exit, ...] | None, "exit"),
        (dict[str, Factor], "factor"),
        (Annotated[Feed, Field(description="x")], "feed"),
        (Annotated[tuple[Feed, ...], Field(min_length=1)], "feed"),
    ],
)
def test_parameter_of_a_contract_is_a_nested_plugin(annotation, kind):
    def create(part: annotation) -> None: ...

    assert read_signature(create).nested == {"part": kind}


def test_constraints_of_a_nested_tuple_are_kept():
    assert value_of(Annotated[tuple[Feed, ...], Field(min_length=1)], '["a"]') == (PluginRef(name="a"),)
    with pytest.raises(ValidationError, match="at least 1"):
        value_of(Annotated[tuple[Feed, ...], Field(min_length=1)], "[]")


def test_parameter_of_two_kinds_is_refused():
    def create(part: Feed | Regime) -> None: ...

    with pytest.raises(PluginError, match="parameter 'part' mixes plugin kinds feed, regime; annotate one contract"):
        read_signature(create)


class WithNew:
    def __new__(cls, x: int) -> Self:
        return super().__new__(cls)


class Child(WithNew): ...


class Nothing: ...


@dataclass
class Data:
    x: int = 3
    y: tuple[str, ...] = ()


class Caller:
    def __call__(self, x: int) -> None: ...


def two(x: int, y: int) -> None: ...


@pytest.mark.parametrize(
    ("create", "names"),
    [
        (WithNew, ["x"]),
        (Child, ["x"]),
        (Nothing, []),
        (Data, ["x", "y"]),
        (Caller(), ["x"]),
        (functools.partial(two, 1), ["y"]),
        (functools.partial(two, y=1), ["x", "y"]),
        (lambda: None, []),
    ],
)
def test_signature_of_every_kind_of_callable_is_read(create, names):
    assert list(read_signature(create).parameters) == names


def renewed_class():
    class Made:
        def __init__(self, old: int = 1) -> None: ...

    return Made, lambda new: setattr(Made, "__init__", new)


def renewed_new():
    class Made:
        def __new__(cls, old: int = 1) -> Self:
            return super().__new__(cls)

    return Made, lambda new: setattr(Made, "__new__", new)


def renewed_base():
    class Base:
        def __init__(self, old: int = 1) -> None: ...

    class Made(Base): ...

    return Made, lambda new: setattr(Base, "__init__", new)


def renewed_code():
    def made(self, old: int = 1) -> None: ...

    class Made:
        __init__ = made

    def renew(new):
        made.__code__, made.__annotations__ = new.__code__, new.__annotations__

    return Made, renew


def renewed_wrapped():
    def old(self, old: int = 1) -> None: ...

    class Made:
        @functools.wraps(old)
        def __init__(self, *args, **kwargs) -> None: ...

    return Made, lambda new: setattr(Made.__init__, "__wrapped__", new)


def renewed_object():
    class Made:
        def __call__(self, old: int = 1) -> None: ...

    return Made(), lambda new: setattr(Made, "__call__", new)


@pytest.mark.parametrize(
    "make",
    [
        renewed_class,
        renewed_new,
        renewed_base,
        renewed_code,
        renewed_wrapped,
        renewed_object,
    ],
)
def test_callable_that_is_changed_in_place_is_read_again(make):
    create, renew = make()

    def new(self, new: int = 2) -> None: ...

    names_of(create)
    renew(new)
    assert names_of(create) == list(inspect.signature(create).parameters) == ["new"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda function: setattr(function, "__kwdefaults__", {"x": 3}), (int, 3)),
        (lambda function: function.__kwdefaults__.update(x=3), (int, 3)),
        (lambda function: function.__annotations__.update(x=str), (str, 1)),
    ],
)
def test_defaults_and_annotations_that_change_are_read_again(change, expected):
    def create(*, x: int = 1) -> None: ...

    def read():
        signature = read_signature(create)
        return signature.annotations["x"], signature.parameters["x"].default

    before = read()
    change(create)
    assert (before, read()) == ((int, 1), expected)


def test_hash_of_a_plugin_is_not_asked():
    class Odd:
        def __hash__(self):
            raise ValueError("no hash")

        def __call__(self, level: int) -> None: ...

    assert names_of(Odd()) == ["level"]
    assert names_of(functools.partial(Odd(), 1)) == []


def test_signature_of_a_class_is_read_once():
    assert read_signature(Data) is read_signature(Data)


def test_a_class_whose_constructor_is_replaced_has_the_new_schema():
    class Feeder(Valued): ...

    registry = Registry.load(entry_points=False)
    registry.register(FeedPlugin(name="feeder", create=Feeder, summary="Feeder."), "acme")
    registry.create("feed", PluginRef(name="feeder", params={"value": 1}))

    def renewed(self, other: int) -> None:
        self.value = other

    Feeder.__init__ = renewed
    assert registry.create("feed", PluginRef(name="feeder", params={"other": 2})).value == 2


def test_default_that_breaks_its_own_range_is_the_plugins_fault():
    def create(x: Annotated[int, Field(ge=2)] = 1) -> None: ...

    with pytest.raises(
        PluginError, match=r"the default of parameter 'x' does not meet its own annotation: .*received 1"
    ):
        model_of(create)


def test_annotation_without_schema_is_the_plugins_fault():
    def create(x: Nothing) -> None: ...

    with pytest.raises(PluginError, match="no parameter schema can be made from the signature of create: "):
        model_of(create)


def test_fault_of_the_schema_names_the_plugin_when_it_is_used():
    class Bad:
        def __init__(self, x: Annotated[int, Field(ge=2)] = 1) -> None: ...

        def estimate(self, market): ...

    registry = Registry.load(entry_points=False)
    registry.register(RegimePlugin(name="bad", create=Bad, summary="Bad."), "acme:regimes")
    with pytest.raises(
        PluginError, match=r"^regime: regime 'bad' \(acme:regimes\) is broken: the default of parameter 'x'"
    ):
        registry.create("regime", PluginRef(name="bad"))


class High:
    needs = ("close",)

    def __init__(self, bars: int = 2) -> None:
        self.bars = bars

    def compute(self, bars): ...

    def start(self, symbols): ...


def test_default_object_of_a_nested_plugin_is_left_to_create():
    default = High(9)

    class Smoothed(High):
        def __init__(self, inner: Factor = default, names: tuple[str, ...] = ("a",)) -> None:
            self.inner = inner

    registry = Registry.load(entry_points=False)
    registry.register(FactorPlugin(name="high", create=High, summary="High."), "acme")
    registry.register(FactorPlugin(name="smoothed", create=Smoothed, summary="Smoothed."), "acme")
    assert registry.create("factor", PluginRef(name="smoothed")).inner is default
    made = registry.create("factor", PluginRef(name="smoothed", params={"inner": "high"}))
    assert made.inner.bars == 2


@pytest.mark.parametrize("name", ["copy", "schema", "json", "model_name"])
def test_parameter_may_have_the_name_of_a_pydantic_method(name):
    namespace = {}
    exec(f"def create({name}: int = 1): return made({name})", {"made": lambda value: Valued(value)}, namespace)
    registry = Registry.load(entry_points=False)
    registry.register(FeedPlugin(name="odd", create=namespace["create"], summary="Odd."), "acme")
    assert registry.create("feed", PluginRef(name="odd", params={name: 5})).value == 5


class Valued:
    def __init__(self, value: int) -> None:
        self.value = value

    def history(self, request): ...


def test_dates_and_paths_from_python_callers_are_accepted():
    def create(since: dt.date, path: Path) -> Valued:
        return Valued((since, path))

    registry = Registry.load(entry_points=False)
    registry.register(FeedPlugin(name="dated", create=create, summary="Dated."), "acme")
    params = {"since": dt.date(2020, 1, 31), "path": Path("a")}
    assert registry.create("feed", PluginRef(name="dated", params=params)).value == (dt.date(2020, 1, 31), Path("a"))


def test_object_as_parameter_is_a_config_error():
    registry = Registry.load(entry_points=False)
    registry.register(FeedPlugin(name="valued", create=Valued, summary="Valued."), "acme")
    problems = registry.problems("feed", PluginRef(name="valued", params={"value": object()}))
    assert [str(problem).partition(":")[0] for problem in problems] == ["params"]
    assert "only plain values can be parameters" in str(problems[0])
