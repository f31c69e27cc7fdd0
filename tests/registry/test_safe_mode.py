"""Safe mode, API versions and what is listed of entry points."""

import sys
import time

import pytest

from tests.registry.distributions import sizer_source, write_distribution
from tradewind.contracts import API_VERSION
from tradewind.errors import PluginError, UserError
from tradewind.registry import Registry
from tradewind.registry.discovery import installed_distributions
from tradewind.registry.listing import findings, plugin_rows
from tradewind.registry.safe_mode import VARIABLE, allowed_distributions, normalised


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder on the path with two distributions, one of which leaves a trace when it is imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    trace = f"open({str(tmp_path / 'imported')!r}, 'a').close()\n"
    for name in ("acme_safe", "beta_safe"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    write_distribution(
        tmp_path, "Acme.Safe", "2.1", {"acme_safe.py": sizer_source("acme_one", trace)}, {"all": "acme_safe"}
    )
    write_distribution(tmp_path, "beta-safe", "0.3", {"beta_safe.py": sizer_source("beta_one")}, {"all": "beta_safe"})
    return tmp_path


def third_party(registry):
    return {one.name for one in registry.plugins() if one.distribution != "tradewind"}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, {"acme_one", "beta_one"}),
        ("", set()),
        (" , ", set()),
        ("acme_safe", {"acme_one"}),
        ("ACME-Safe, beta.safe", {"acme_one", "beta_one"}),
        ("tradewind", set()),
    ],
)
def test_the_variable_chooses_distributions_beside_the_built_in_ones(installed, monkeypatch, value, names):
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    registry = Registry.load()
    assert third_party(registry) == names
    assert registry.get("sizer", "kelly").distribution == "tradewind"


def test_what_is_disabled_is_not_imported(installed, monkeypatch):
    monkeypatch.setenv(VARIABLE, "beta-safe")
    Registry.load()
    assert not (installed / "imported").exists()
    monkeypatch.delenv(VARIABLE)
    Registry.load()
    assert (installed / "imported").exists()


def test_an_unknown_distribution_is_an_error_with_the_nearest(installed, monkeypatch):
    monkeypatch.setenv(VARIABLE, "acme-saef")
    with pytest.raises(UserError) as caught:
        Registry.load()
    text = str(caught.value)
    assert text.startswith(
        "TRADEWIND_PLUGINS: no installed distribution 'acme-saef' gives plugins; known: acme-safe, b"
    )
    assert "Did you mean 'acme-safe'? Separate several with commas; empty: built-in plugins only" in text


def test_a_distribution_without_plugins_cannot_be_chosen():
    with pytest.raises(UserError, match="no installed distribution 'numpy' gives plugins"):
        allowed_distributions({VARIABLE: "numpy"}, {"tradewind"})


def test_a_plugin_of_a_disabled_distribution_is_said_to_be_disabled(installed, monkeypatch):
    monkeypatch.setenv(VARIABLE, "beta_safe")
    with pytest.raises(PluginError) as caught:
        Registry.load().get("sizer", "acme_one")
    note = str(caught.value).split("\n")[1]
    assert note == (
        "  note: sizer 'acme_one' is disabled by safe mode (TRADEWIND_PLUGINS): Acme.Safe 2.1 seems to give it; run "
        "without --no-plugins, or set TRADEWIND_PLUGINS=Acme.Safe"
    )


def test_a_name_that_no_disabled_distribution_has_still_tells_of_safe_mode(installed, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(PluginError, match=r"is on, and these are disabled: Acme\.Safe, beta-safe; run without --no-pl"):
        Registry.load().get("sizer", "gamma_one")


def test_nothing_is_said_of_safe_mode_where_it_is_off(installed):
    with pytest.raises(PluginError) as caught:
        Registry.load().get("sizer", "gamma_one")
    assert "safe mode" not in str(caught.value)


def test_disabled_entry_points_are_listed(installed, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    rows = [row for row in plugin_rows(Registry.load()) if row.state == "disabled"]
    assert [(row.provider, row.version, row.kind, row.name) for row in rows] == [
        ("Acme.Safe:all", "2.1", "", ""),
        ("beta-safe:all", "0.3", "", ""),
    ]
    assert findings(Registry.load()) == ()


@pytest.mark.parametrize("name", ["Acme_Kelly", "acme--kelly", "ACME.kelly"])
def test_names_are_compared_as_installers_do(name):
    assert normalised(name) == "acme-kelly"


def test_names_and_versions_come_from_the_head_of_the_metadata(installed):
    found = installed_distributions()
    assert (found["Acme.Safe"], found["beta-safe"]) == ("2.1", "0.3")
    assert "readme" not in found


def test_an_installation_without_metadata_stops_nothing(installed):
    (installed / "beta_safe-0.3.dist-info" / "METADATA").unlink()
    assert Registry.load().get("sizer", "beta_one").distribution == ""


def test_a_distribution_without_a_name_stops_no_hint(installed, monkeypatch):
    (installed / "beta_safe-0.3.dist-info" / "METADATA").unlink()
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(PluginError, match=r"unknown sizer 'beta_one'.*\n  note: safe mode"):
        Registry.load().get("sizer", "beta_one")


def test_metadata_of_an_old_encoding_stop_nothing(installed):
    head = "Metadata-Version: 2.1\nName: beta-safe\nAuthor: Jos\u00e9\nVersion: 0.4\n\n"
    (installed / "beta_safe-0.3.dist-info" / "METADATA").write_bytes(head.encode("latin-1"))
    assert installed_distributions()["beta-safe"] == "0.4"
    assert Registry.load().get("sizer", "beta_one").version == "0.4"


def with_version(folder, version):
    source = sizer_source("versioned", f"TRADEWIND_API = {version}\n")
    sys.modules.pop("gamma_versioned", None)
    write_distribution(folder, "gamma", "1.0", {"gamma_versioned.py": source}, {"all": "gamma_versioned"})
    registry = Registry.load()
    (provider,) = [one for one in registry.providers if one.distribution == "gamma"]
    return registry, provider


def test_a_module_for_this_api_is_loaded_and_its_version_kept(installed):
    registry, provider = with_version(installed, API_VERSION)
    assert registry.get("sizer", "versioned").distribution == "gamma"
    assert provider.api_version == API_VERSION == 1


def test_a_module_that_states_no_version_is_for_the_first(installed):
    (provider,) = [one for one in Registry.load().providers if one.distribution == "beta-safe"]
    assert provider.api_version == 1


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (2, "gamma 1.0 is made for plugin API 2, and this tradewind supports 1 only; upgrade tradewind, or install an"),
        (0, "gamma 1.0 is made for plugin API 0, and this tradewind supports 1 only; upgrade it, or uninstall it"),
        ("'1'", "TRADEWIND_API is '1'; write the number of the plugin API it is made for, as TRADEWIND_API = 1"),
        (True, "TRADEWIND_API is True; write the number"),
    ],
)
def test_a_module_for_another_api_is_broken_and_gives_nothing(installed, version, told):
    registry, _ = with_version(installed, version)
    (broken,) = registry.broken
    assert (broken.provider, broken.reason[: len(told)]) == ("gamma:all", told)
    assert "versioned" not in third_party(registry)


def test_the_time_of_an_entry_point_is_that_of_import_and_hooks(installed):
    source = sizer_source("slow", "import time\ntime.sleep(0.05)\n").replace(
        "    yield", "    time.sleep(0.05)\n    yield"
    )
    write_distribution(installed, "slow", "1", {"slow_plugin.py": source}, {"all": "slow_plugin"})
    sys.modules.pop("slow_plugin", None)
    begun = time.perf_counter()
    registry = Registry.load()
    most = time.perf_counter() - begun
    (row,) = [row for row in plugin_rows(registry) if row.distribution == "slow"]
    assert 100.0 <= row.load_milliseconds <= 1e3 * most


def test_ambiguous_names_are_listed_with_the_other_and_found(installed):
    write_distribution(installed, "copy", "9", {"copied.py": sizer_source("beta_one")}, {"all": "copied"})
    sys.modules.pop("copied", None)
    registry = Registry.load()
    rows = [row for row in plugin_rows(registry) if row.name == "beta_one"]
    assert [(row.provider, row.state) for row in rows] == [("beta-safe:all", "ambiguous"), ("copy:all", "ambiguous")]
    assert rows[0].reason == "copy:all gives the sizer 'beta_one' too"
    (finding,) = findings(registry)
    assert finding.provider == "beta-safe:all (0.3) and copy:all (9)"
    assert finding.problem == "both give the sizer 'beta_one', so neither is used"
    assert "`tradewind plugins uninstall beta-safe` or `tradewind plugins uninstall copy`" in finding.advice


def test_a_plugin_whose_parameters_make_no_schema_is_broken(installed):
    source = sizer_source("odd").replace(
        "    def weights", "    def __init__(self, a: int = 'x'): ...\n    def weights"
    )
    write_distribution(installed, "odd", "1", {"odd_plugin.py": source}, {"all": "odd_plugin"})
    sys.modules.pop("odd_plugin", None)
    registry = Registry.load()
    (row,) = [row for row in plugin_rows(registry) if row.name == "odd"]
    assert (row.state, "default of parameter 'a'" in row.reason) == ("broken", True)
    assert [one.provider for one in findings(registry)] == ["odd:all"]
