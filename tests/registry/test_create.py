# ruff: noqa: E501 - tables of objects and the messages they give
import pytest

from tradewind import ExitPlugin, FeedPlugin, SizerPlugin
from tradewind.contracts import Directory, Feed, Seed
from tradewind.errors import ConfigError, DataError, PluginError
from tradewind.registry import PluginRef, Registry


class Equal:
    max_weight = 1.0
    budget = 1.0

    def __init__(self, top: int = 3) -> None:
        self.top = top

    def weights(self, signals, market, portfolio):
        return None


def sizer(create=Equal):
    return SizerPlugin(name="equal", create=create, summary="Equal.")


def registry_of(*records):
    registry = Registry.load(entry_points=False)
    for record in records:
        registry.register(record, "acme:sizers")
    return registry


def test_create_makes_the_plugin_with_its_parameters():
    registry = registry_of(sizer())
    assert registry.create("sizer", PluginRef(name="equal")).top == 3
    assert registry.create("sizer", PluginRef(name="equal", params={"top": 7})).top == 7


def test_wrong_parameters_are_refused_all_at_once():
    registry = registry_of(sizer())
    with pytest.raises(ConfigError) as caught:
        registry.create("sizer", PluginRef(name="equal", params={"top": "7", "tpo": 1}), where="sleeves.0.sizer")
    assert str(caught.value).split("\n") == [
        "sleeves.0.sizer.params.top: expected a whole number; received '7' (text); write the number without quotes or "
        "leading zeros",
        "sleeves.0.sizer.params.tpo: equal has no parameter 'tpo'; received 1; known: top. Did you mean 'top'?",
    ]


class Wrapped:
    def __init__(
        self, source: Feed, *, seed: Seed, home: Directory, others: tuple[Feed, ...] = (), spare: Feed | None = None
    ) -> None:
        self.parts = (source, seed, home, others, spare)

    def history(self, request):
        return None


class Plain:
    def __init__(self, *, years: int = 1, seed: Seed) -> None:
        self.years, self.seed = years, seed

    def history(self, request):
        return None


def feeds():
    return registry_of(
        FeedPlugin(name="wrapped", create=Wrapped, summary="Wrapped.", needs=("volume",)),
        FeedPlugin(name="plain", create=Plain, summary="Plain.", needs=("close", "volume")),
    )


def test_nested_plugins_seed_and_directory_are_given(tmp_path):
    params = {"source": "plain", "others": ["plain", {"name": "plain", "params": {"years": 4}}]}
    made = feeds().create("feed", PluginRef(name="wrapped", params=params), seed=11, directory=tmp_path)
    source, seed, home, others, spare = made.parts
    assert (source.years, source.seed, seed, home) == (1, 11, 11, tmp_path)
    assert [one.years for one in others] == [1, 4]
    assert isinstance(others, tuple)
    assert spare is None


def test_nested_plugin_given_as_reference_object_is_made():
    inner = PluginRef(name="plain", params={"years": 2})
    assert feeds().create("feed", PluginRef(name="wrapped", params={"source": inner})).parts[0].years == 2


def test_fault_of_a_nested_plugin_is_told_with_its_place():
    params = {"source": "plain", "others": [{"name": "plain", "params": {"yaers": 4}}]}
    with pytest.raises(
        ConfigError, match=r"^feed\.params\.others\.0\.params\.yaers: plain has no parameter 'yaers'; .* mean 'years'\?"
    ):
        feeds().create("feed", PluginRef(name="wrapped", params=params))


def test_needs_of_nested_plugins_count():
    registry = feeds()
    assert registry.needs("feed", PluginRef(name="plain")) == ("close", "volume")
    assert registry.needs("feed", PluginRef(name="wrapped", params={"source": "plain"})) == ("volume", "close")
    assert registry.needs("strategy", PluginRef(backtrader="a.b:C")) == ()


def failing(error):
    def create(top: int = 1) -> Equal:
        raise error

    return sizer(create=create)


def test_create_that_raises_is_a_plugin_error_with_type_and_provider():
    with pytest.raises(PluginError) as caught:
        registry_of(failing(ZeroDivisionError("by zero"))).create("sizer", PluginRef(name="equal"), where="sizer")
    assert str(caught.value) == "sizer: equal (acme:sizers) could not be made: ZeroDivisionError: by zero"


def test_missing_extra_passes_its_install_command():
    error = ImportError("equal needs TA-Lib: pip install 'tradewind[ta]'")
    with pytest.raises(PluginError) as caught:
        registry_of(failing(error)).create("sizer", PluginRef(name="equal"))
    assert str(caught.value) == "sizer: equal (acme:sizers): equal needs TA-Lib: pip install 'tradewind[ta]'"


def test_error_of_tradewind_keeps_its_kind():
    with pytest.raises(DataError, match=r"^sizer: equal \(acme:sizers\): no such folder$"):
        registry_of(failing(DataError("no such folder"))).create("sizer", PluginRef(name="equal"))


def test_plugin_that_exits_does_not_end_the_process():
    with pytest.raises(PluginError, match="could not be made: SystemExit: 3"):
        registry_of(failing(SystemExit(3))).create("sizer", PluginRef(name="equal"))


def returning(value):
    def create() -> Equal:
        return value

    return sizer(create=create)


class NoBudget:
    max_weight = 1.0

    def weights(self, signals, market, portfolio):
        return None


class TwoArguments:
    max_weight = budget = 1.0

    def weights(self, signals, market):
        return None


class OptionalFourth:
    max_weight = budget = 1.0

    def weights(self, signals, market, portfolio, extra=None):
        return None


class NoMethod:
    max_weight = budget = 1.0
    weights = 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "it returned a NoneType, which is no Sizer: it lacks max_weight, budget, weights"),
        (Equal, "it returned the class Equal; return an object, `Equal(...)`"),
        (NoBudget(), "it returned a NoBudget, which is no Sizer: it lacks budget"),
        (TwoArguments(), "TwoArguments.weights(signals, market) cannot be called as the contract Sizer calls it: weights(signals, market, portfolio)"),
        (NoMethod(), "NoMethod.weights is 3; the contract Sizer wants the method weights(signals, market, portfolio)"),
    ],
)  # fmt: skip
def test_result_that_breaks_the_contract_is_refused(value, reason):
    with pytest.raises(PluginError) as caught:
        registry_of(returning(value)).create("sizer", PluginRef(name="equal"), where="sizer")
    assert str(caught.value) == f"sizer: equal (acme:sizers) breaks the contract of a sizer: {reason}"


def test_an_exit_has_its_article():
    registry = registry_of(ExitPlugin(name="nothing", create=lambda: None, summary="Nothing."))
    with pytest.raises(PluginError, match="breaks the contract of an exit: it returned a NoneType"):
        registry.create("exit", PluginRef(name="nothing"))


def test_method_with_a_further_optional_argument_keeps_the_contract():
    assert registry_of(returning(OptionalFourth())).create("sizer", PluginRef(name="equal"))


def test_either_contract_of_a_kind_is_enough():
    class Resting:
        def stop_prices(self, market, portfolio):
            return None

        def limit_prices(self, market, portfolio):
            return None

    registry = registry_of(ExitPlugin(name="resting", create=Resting, summary="Rests."))
    assert isinstance(registry.create("exit", PluginRef(name="resting")), Resting)


def test_backtrader_class_is_left_to_the_engine():
    with pytest.raises(ConfigError, match="is a Backtrader class; only a sleeve's strategy may be one"):
        registry_of().create("strategy", PluginRef(backtrader="a.b:C"))
