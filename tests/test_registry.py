# ruff: noqa: E501 - tables of records and the messages they give
"""Finding and naming plugins; parameters, Python files and making plugins are tested in tests/registry."""

import importlib.metadata
import sys
import types

import pytest

from tradewind import SizerPlugin, StrategyPlugin, hookimpl
from tradewind.contracts import KINDS
from tradewind.errors import PluginError
from tradewind.hookspecs import HookSpecs
from tradewind.registry import Registry
from tradewind.registry.discovery import HOOK_KINDS


class Equal:
    max_weight = 1.0
    budget = 1.0

    def __init__(self, top: int = 3) -> None:
        self.top = top

    def weights(self, signals, market, portfolio):
        return None


class Hold:
    def on_bar(self, market, portfolio):
        return None


def sizer(**changes):
    return SizerPlugin(**{"name": "equal", "create": Equal, "summary": "Equal.", **changes})


def module_with(name="acme_module", **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


def yielding(hook, *records):
    def implementation():
        yield from records

    implementation.__name__ = hook
    return hookimpl(implementation)


def registry_of(*records, provider="acme:sizers"):
    registry = Registry.load(entry_points=False)
    for record in records:
        registry.register(record, provider)
    return registry


def only_reason(registry):
    (broken,) = registry.broken
    return broken.reason


def test_every_hook_and_kind_is_known_to_the_registry():
    hooks = {name for name in vars(HookSpecs) if name.startswith("tradewind_")}
    assert set(HOOK_KINDS) == hooks
    assert set(HOOK_KINDS.values()) == set(KINDS)


def test_installed_plugins_are_found_with_provider_and_version():
    registry = Registry.load()
    installed = {point.name for point in importlib.metadata.entry_points(group="tradewind")}
    found = registry.plugins("cost")[0]
    assert found.provider == "tradewind:costs"
    assert (found.distribution, found.version) == ("tradewind", importlib.metadata.version("tradewind"))
    assert {one.provider.partition(":")[2] for one in (*registry.plugins(), *registry.broken)} <= installed


def test_no_installed_plugin_is_broken():
    assert [str(broken) for broken in Registry.load().broken] == []


def test_parameters_of_every_installed_plugin_make_a_schema():
    registry = Registry.load()
    for plugin in registry.plugins():
        assert registry.parameters(plugin).model_json_schema()["type"] == "object"


def test_module_with_hooks_is_registered():
    module = module_with(
        tradewind_sizers=yielding("tradewind_sizers", sizer(), sizer(name="other")),
        tradewind_strategies=yielding(
            "tradewind_strategies", StrategyPlugin(name="hold", create=Hold, summary="Hold.")
        ),
    )
    registry = registry_of(module)
    assert registry.broken == ()
    assert [(one.kind, one.name) for one in registry.plugins()] == [
        ("sizer", "equal"),
        ("sizer", "other"),
        ("strategy", "hold"),
    ]
    assert [one.name for one in registry.plugins("sizer")] == ["equal", "other"]
    assert registry.get("sizer", "equal").provider == "acme:sizers"


def test_object_with_hooks_is_registered():
    class Provider:
        @hookimpl
        def tradewind_sizers(self):
            return [sizer()]

    assert registry_of(Provider()).get("sizer", "equal").plugin.create is Equal


def test_misspelt_hook_is_named_with_the_nearest_and_the_rest_is_kept():
    module = module_with(
        tradewind_sizer=yielding("tradewind_sizer", sizer(name="lost")),
        tradewind_sizers=yielding("tradewind_sizers", sizer()),
    )
    registry = registry_of(module)
    assert str(registry.broken[0]) == (
        "acme:sizers is broken: it implements an unknown hook 'tradewind_sizer'; known: tradewind_breakers, "
        "tradewind_brokers, tradewind_costs, tradewind_exits, tradewind_factors, tradewind_feeds, tradewind_gates, "
        "tradewind_regimes, tradewind_reports, tradewind_sizers, "
        "tradewind_strategies. Did you mean 'tradewind_sizers'?"
    )
    assert [one.name for one in registry.plugins()] == ["equal"]


def test_misspelt_hook_of_one_provider_is_not_blamed_on_the_next():
    registry = registry_of(module_with(tradewind_sizer=yielding("tradewind_sizer", sizer())))
    registry.register(module_with(tradewind_sizers=yielding("tradewind_sizers", sizer())), "sound:sizers")
    assert [one.provider for one in registry.broken] == ["acme:sizers"]


def test_hook_with_unknown_argument_is_broken():
    def tradewind_sizers(config):
        yield sizer()

    assert "config" in only_reason(registry_of(module_with(tradewind_sizers=hookimpl(tradewind_sizers))))


def test_module_without_hooks_is_broken():
    assert only_reason(registry_of(module_with())).startswith("it implements no hook; decorate")


def test_hook_that_raises_half_way_is_broken_and_yields_nothing():
    def tradewind_sizers():
        yield sizer()
        raise RuntimeError("no licence")

    registry = registry_of(module_with(tradewind_sizers=hookimpl(tradewind_sizers)))
    assert only_reason(registry) == "tradewind_sizers raised RuntimeError: no licence"
    assert registry.plugins() == ()


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, "tradewind_sizers must yield records; it returned NoneType"),
        (sizer(), "tradewind_sizers must yield records; it returned SizerPlugin"),
        ("kelly", "tradewind_sizers must yield records; it returned str"),
        ([], "tradewind_sizers yielded no record"),
    ],
)
def test_hook_that_yields_no_records_is_broken(returned, reason):
    def tradewind_sizers():
        return returned

    assert only_reason(registry_of(module_with(tradewind_sizers=hookimpl(tradewind_sizers)))) == reason


class NotFrozen(SizerPlugin):
    """A record whose class can be changed."""

    __dataclass_params__ = types.SimpleNamespace(frozen=False)


def bad_create_stars(*args: int) -> Equal:
    return Equal()


def bad_create_keywords(**options: int) -> Equal:
    return Equal()


def bad_create_unannotated(top) -> Equal:
    return Equal()


def bad_create_unresolved(top: "Missing") -> Equal:  # noqa: F821 - the point of it
    return Equal()


def bad_create_positional(top: int, /) -> Equal:
    return Equal()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (StrategyPlugin(name="hold", create=Hold, summary="x"), "the hook for kind 'sizer' yields SizerPlugin; received StrategyPlugin"),
        (SizerPlugin, "the hook for kind 'sizer' yields SizerPlugin; received the class SizerPlugin"),
        ({"name": "equal"}, "the hook for kind 'sizer' yields SizerPlugin; received dict"),
        (NotFrozen(name="equal", create=Equal, summary="x"), "NotFrozen is not frozen; use dataclass(frozen=True, kw_only=True)"),
        (sizer(name=3), "a sizer has the name 3; a name is text of letters"),
        (sizer(name=""), "a sizer has the name ''; a name is text of letters"),
        (sizer(name="two words"), "a sizer has the name 'two words'; a name is text of letters"),
        (sizer(summary=""), "sizer 'equal' needs a summary of one sentence; received ''"),
        (sizer(needs="close"), "sizer 'equal': needs is a tuple of field names; received 'close'"),
        (sizer(needs=(1,)), "sizer 'equal': needs is a tuple of field names; received (1,)"),
        (sizer(create="Equal"), "sizer 'equal': create must be a class or function; received 'Equal'"),
        (sizer(create=bad_create_stars), "sizer 'equal': create takes *args; name every parameter"),
        (sizer(create=bad_create_keywords), "sizer 'equal': create takes **options; name every parameter"),
        (sizer(create=bad_create_unannotated), "sizer 'equal': parameter 'top' of create has no annotation; write for example `top: float`"),
        (sizer(create=bad_create_positional), "sizer 'equal': parameter 'top' of create is positional-only"),
        (sizer(create=bad_create_unresolved), "sizer 'equal': an annotation of create cannot be resolved: name 'Missing' is not defined; import the type at run time"),
    ],
)  # fmt: skip
def test_wrong_record_is_broken_and_the_next_is_kept(record, reason):
    module = module_with(tradewind_sizers=yielding("tradewind_sizers", record, sizer(name="sound")))
    registry = registry_of(module)
    assert only_reason(registry).startswith(reason)
    assert [one.name for one in registry.plugins()] == ["sound"]


def test_entry_point_that_fails_to_import_is_named_and_others_load(tmp_path, monkeypatch):
    make_distribution(tmp_path, "acme-kelly", "2.1", {"sizers": "acme_kelly_sizers"})
    (tmp_path / "acme_kelly_sizers.py").write_text("import not_installed_anywhere\n")
    make_distribution(tmp_path, "beta-plugins", "0.3", {"sizers": "beta_sizers"})
    (tmp_path / "beta_sizers.py").write_text(
        "import tradewind\n"
        "class Beta:\n"
        "    max_weight = budget = 1.0\n"
        "    def weights(self, signals, market, portfolio): ...\n"
        "@tradewind.hookimpl\n"
        "def tradewind_sizers():\n"
        "    yield tradewind.SizerPlugin(name='beta', create=Beta, summary='Beta.')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry.load()
    broken = {one.provider: one for one in registry.broken}["acme-kelly:sizers"]
    assert (broken.distribution, broken.version) == ("acme-kelly", "2.1")
    assert broken.reason == (
        "importing acme_kelly_sizers raised ModuleNotFoundError: No module named 'not_installed_anywhere'"
    )
    beta = registry.get("sizer", "beta")
    assert (beta.provider, beta.distribution, beta.version) == ("beta-plugins:sizers", "beta-plugins", "0.3")
    with pytest.raises(PluginError) as caught:
        registry.get("sizer", "bta")
    first, *notes = str(caught.value).split("\n")
    assert first.startswith("unknown sizer 'bta'; known: ")
    assert first.endswith("Did you mean 'beta'?")
    assert f"  note: {broken}" in notes


def make_distribution(directory, name, version, points):
    folder = directory / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[tradewind]", *lines, ""]))


def test_loading_scans_the_metadata_once(monkeypatch):
    calls = []
    real = importlib.metadata.entry_points
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **query: calls.append(query) or real(**query))
    Registry.load()
    assert calls == [{"group": "tradewind"}]


def test_name_given_twice_is_unusable_with_both_providers_named():
    registry = registry_of(sizer(), provider="acme:sizers")
    registry.register(sizer(), "beta:sizers")
    registry.register(sizer(name="other"), "beta:sizers")
    assert registry.broken == ()
    assert [one.name for one in registry.plugins()] == ["other"]
    with pytest.raises(PluginError, match=r"^sizer 'equal' is given by acme:sizers and beta:sizers; uninstall one"):
        registry.get("sizer", "equal")


def test_same_name_in_two_kinds_is_no_duplicate():
    registry = registry_of(sizer(name="one"), StrategyPlugin(name="one", create=Hold, summary="Hold."))
    assert registry.get("strategy", "one").plugin.create is Hold


def test_unknown_kind_names_the_nearest():
    with pytest.raises(PluginError, match=r"^unknown plugin kind 'sizers'; known: .* Did you mean 'sizer'\?"):
        registry_of().get("sizers", "equal")


def test_registry_leaves_sys_path_and_modules_alone():
    before = list(sys.path)
    Registry.load()
    assert sys.path == before
