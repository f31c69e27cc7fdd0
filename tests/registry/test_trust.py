"""Trust: which code a plugin is made of, what changed, and whom a live plan refuses."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.registry.distributions import sha256, sizer_source, write_distribution
from tradewind.config.loader import check_plan, load_plan
from tradewind.config.trust import require_trusted
from tradewind.errors import ConfigError, PluginError, UserError
from tradewind.registry import PluginRef, Registry
from tradewind.registry.trust import FILE_NAME, Code, TrustFile, changes, code_of

PLAN = "name: toy\ndata: {{feed: sample}}\nstrategy: {strategy}\nsizer: {sizer}\n"
FILES = {
    "acme_trust/__init__.py": sizer_source("acme_sizer", "from acme_trust import rules\n"),
    "acme_trust/rules.py": "LIMIT = 1\n",
    "acme_trust/data/table.csv": "a,b\n",
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of installed distributions on the path, and a folder of configurations beside it."""
    installed, configs = tmp_path / "installed", tmp_path / "configs"
    installed.mkdir()
    configs.mkdir()
    monkeypatch.syspath_prepend(str(installed))
    for name in ("acme_trust", "acme_trust.rules"):
        monkeypatch.delitem(os.sys.modules, name, raising=False)
    write_distribution(installed, "acme-trust", "1.0", FILES, {"all": "acme_trust"})
    return installed, configs


def loaded(configs, strategy="high_52w", sizer="acme_sizer", mode="live"):
    (configs / "plan.yaml").write_text(PLAN.format(strategy=strategy, sizer=sizer))
    plan, registry = load_plan([configs / "plan.yaml"], mode=mode), Registry.load()
    check_plan(plan, registry)
    return plan, registry


def require(configs, **changed):
    plan, registry = loaded(configs, **changed)
    require_trusted(plan.plan, registry, plan.directory)


def trust(configs, name="acme_sizer", kind="sizer"):
    registry = Registry.load()
    file = TrustFile.read(configs)
    file.add(code_of(registry.get(kind, name), configs), f"{kind} {name}")
    file.write()
    return file


def refusal(configs, **changed):
    with pytest.raises(PluginError) as caught:
        require(configs, **changed)
    return str(caught.value)


def test_code_of_a_distribution_is_every_file_of_its_packages_and_its_entry_points(place):
    installed, configs = place
    found = code_of(Registry.load().get("sizer", "acme_sizer"), configs)
    assert (found.origin, found.version) == ("acme-trust", "1.0")
    expected = {name: sha256(installed / name) for name in FILES}
    expected["entry_points.txt"] = sha256(installed / "acme_trust-1.0.dist-info" / "entry_points.txt")
    assert found.files == expected


def test_bytecode_is_no_part_of_it(place):
    installed, configs = place
    before = code_of(Registry.load().get("sizer", "acme_sizer"), configs)
    (installed / "acme_trust" / "__pycache__").mkdir(exist_ok=True)
    (installed / "acme_trust" / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"x")
    assert code_of(Registry.load().get("sizer", "acme_sizer"), configs) == before


def test_a_namespace_shared_with_others_is_not_hashed_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    one = {"acme_space/one/__init__.py": sizer_source("one")}
    write_distribution(tmp_path, "acme-space-one", "1.0", one, {"one": "acme_space.one"})
    write_distribution(tmp_path, "acme-space-two", "1.0", {"acme_space/two.py": "X = 1\n"}, {})
    assert set(code_of(Registry.load().get("sizer", "one"), tmp_path).files) == {*one, "entry_points.txt"}


def test_a_class_written_elsewhere_is_hashed_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme_elsewhere.py").write_text(sizer_source("elsewhere").partition("@")[0])
    source = sizer_source("elsewhere").replace("class Sizer:", "from acme_elsewhere import Sizer\nclass Other:")
    write_distribution(tmp_path, "acme-front", "1.0", {"acme_front.py": source}, {"front": "acme_front"})
    assert "acme_elsewhere:acme_elsewhere.py" in code_of(Registry.load().get("sizer", "elsewhere"), tmp_path).files


def test_built_in_plugins_need_no_trust(place):
    _, configs = place
    require(configs, sizer="equal_weight")
    assert code_of(Registry.load().get("sizer", "kelly"), configs) is None
    assert not (configs / FILE_NAME).exists()


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_other_modes_use_any_plugin(place, mode):
    require(place[1], mode=mode)


def test_an_unknown_plugin_is_refused_with_the_command_that_trusts_it(place):
    text = refusal(place[1])
    assert text.startswith("--mode live: refused before anything was sent, because it uses plugins that are not in ")
    assert (
        "sizer acme_sizer of acme-trust 1.0 is not trusted\n    do: tradewind plugins trust acme_sizer --kind" in text
    )
    assert f"--config-dir {place[1]}" in text


def test_a_trusted_plugin_is_used(place):
    trust(place[1])
    require(place[1])


def test_another_plugin_of_a_trusted_distribution_is_not_trusted(place):
    _, configs = place
    file = trust(configs)
    file.plugins["acme-trust"] = {"strategy acme_sizer"}
    file.write()
    assert "sizer acme_sizer of acme-trust 1.0 is not trusted" in refusal(configs)


def edit(installed):
    (installed / "acme_trust" / "rules.py").write_text("LIMIT = 2\n")


def add(installed):
    (installed / "acme_trust" / "sly.py").write_text("")


def add_data(installed):
    (installed / "acme_trust" / "data" / "more.csv").write_text("")


def remove(installed):
    (installed / "acme_trust" / "data" / "table.csv").unlink()


def redirect(installed):
    path = installed / "acme_trust-1.0.dist-info" / "entry_points.txt"
    path.write_text(path.read_text() + "more = acme_trust\n")


def upgrade(installed):
    path = installed / "acme_trust-1.0.dist-info" / "METADATA"
    path.write_text(path.read_text().replace("Version: 1.0", "Version: 1.1"))


def move(installed):
    path = installed / "acme_trust-1.0.dist-info" / "METADATA"
    path.write_text(path.read_text().replace("Name: acme-trust", "Name: evil-trust"))
    path.parent.rename(installed / "evil_trust-1.0.dist-info")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (edit, r"has changed since it was trusted: changed: acme_trust/rules\.py$"),
        (add, r"has changed since it was trusted: added: acme_trust/sly\.py$"),
        (add_data, r"has changed since it was trusted: added: acme_trust/data/more\.csv$"),
        (remove, r"has changed since it was trusted: removed: acme_trust/data/table\.csv$"),
        (upgrade, r"acme-trust 1\.1 has changed since it was trusted: version 1\.0 became 1\.1$"),
        (move, r"acme_sizer of evil-trust 1\.0 is not trusted; trusted is that of acme-trust 1\.0$"),
    ],
)
def test_a_changed_plugin_is_refused_with_what_changed(place, change, told):
    installed, configs = place
    trust(configs)
    change(installed)
    assert re.search(told, refusal(configs), flags=re.MULTILINE)


def test_other_entry_points_are_a_change(place):
    installed, configs = place
    trust(configs)
    registry = Registry.load()
    redirect(installed)
    fault = TrustFile.read(configs).fault("sizer acme_sizer", code_of(registry.get("sizer", "acme_sizer"), configs))
    assert fault.endswith("changed: entry_points.txt")


def test_a_python_file_needs_trust_by_its_hash(place):
    _, configs = place
    (configs / "mine.py").write_text("class Mine:\n    def on_bar(self, market, portfolio): ...\n")
    strategy = "{python: './mine.py:Mine'}"
    assert "strategy mine.py:Mine of python:mine.py is not trusted" in refusal(
        configs, strategy=strategy, sizer="equal_weight"
    )
    registry = Registry.load()
    file = TrustFile.read(configs)
    ref = PluginRef(python="mine.py:Mine")
    file.add(code_of(registry.resolve("strategy", ref, directory=configs), configs), "strategy mine.py:Mine")
    file.write()
    require(configs, strategy=strategy, sizer="equal_weight")
    (configs / "mine.py").write_text("class Mine:\n    def on_bar(self, market, portfolio): return 1\n")
    assert "changed: mine.py" in refusal(configs, strategy=strategy, sizer="equal_weight")


def test_a_backtrader_file_needs_trust_too(place):
    _, configs = place
    (configs / "old.py").write_text("import backtrader\nclass Old(backtrader.Strategy): ...\n")
    (configs / "plan.yaml").write_text("name: toy\ndata: {feed: sample}\nstrategy: {backtrader: './old.py:Old'}\n")
    plan = load_plan([configs / "plan.yaml"], mode="live")
    with pytest.raises(PluginError, match=r"strategy old\.py:Old of python:old\.py is not trusted"):
        require_trusted(plan.plan, Registry.load(), configs)


def test_a_nested_plugin_needs_trust_too(place, tmp_path):
    _, configs = place
    (configs / "feed.py").write_text(
        "from tradewind.contracts import Feed\n"
        "class Outer:\n    def __init__(self, source: Feed) -> None: ...\n    def history(self, request): ...\n"
        "class Inner:\n    def history(self, request): ...\n"
    )
    (configs / "inner.py").write_text("class Inner:\n    def history(self, request): ...\n")
    (configs / "plan.yaml").write_text(
        "name: toy\nstrategy: high_52w\nsizer: equal_weight\n"
        "data: {feed: {python: './feed.py:Outer', params: {source: {python: './inner.py:Inner'}}}}\n"
    )
    plan = load_plan([configs / "plan.yaml"], mode="live")
    with pytest.raises(PluginError) as caught:
        require_trusted(plan.plan, Registry.load(), configs)
    assert "feed feed.py:Outer of python:feed.py" in str(caught.value)
    assert "feed inner.py:Inner of python:inner.py" in str(caught.value)


def test_all_refused_plugins_are_named_at_once(place):
    _, configs = place
    (configs / "mine.py").write_text("class Mine:\n    def on_bar(self, market, portfolio): ...\n")
    text = refusal(configs, strategy="{python: './mine.py:Mine'}")
    assert text.count("do: tradewind plugins trust") == 2


def test_the_file_has_one_line_a_file_and_is_sorted(place):
    _, configs = place
    trust(configs)
    text = (configs / FILE_NAME).read_text()
    names = re.findall(r'^ +"(acme_trust/[^"]+|entry_points.txt)": "[0-9a-f]{64}",?$', text, flags=re.MULTILINE)
    assert names == sorted([*FILES, "entry_points.txt"])
    assert json.loads(text)["trusted"]["acme-trust"]["version"] == "1.0"
    assert text.endswith("}\n")


def test_trusting_again_changes_nothing(place):
    trust(place[1])
    before = (place[1] / FILE_NAME).read_bytes()
    trust(place[1])
    assert (place[1] / FILE_NAME).read_bytes() == before


def test_a_failed_write_leaves_the_file_as_it_was(place, monkeypatch):
    _, configs = place
    trust(configs)
    before = (configs / FILE_NAME).read_bytes()
    file = TrustFile.read(configs)
    file.add(Code("other", "1", {"a.py": "0"}), "sizer other")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot be written: No space left on device; name another folder"):
        file.write()
    assert (configs / FILE_NAME).read_bytes() == before
    assert [path.name for path in configs.iterdir()] == [FILE_NAME]


def test_a_file_whose_name_is_no_text_can_be_trusted(place):
    installed, configs = place
    odd = installed / "acme_trust" / os.fsdecode(b"caf\xe9.bin")
    odd.write_bytes(b"1")
    trust(configs)
    require(configs)
    odd.write_bytes(b"2")
    assert "changed: acme_trust/caf" in refusal(configs)


def test_what_another_process_has_changed_meanwhile_is_not_undone(place):
    _, configs = place
    trust(configs)
    slow, quick = TrustFile.read(configs), TrustFile.read(configs)
    quick.remove("acme_sizer")
    quick.write()
    slow.add(Code("other", "1", {"a.py": "0"}), "sizer other")
    with pytest.raises(UserError, match=f"{FILE_NAME}: was changed meanwhile by another process.*; give the command"):
        slow.write()
    assert TrustFile.read(configs).plugins == {}


def test_one_file_may_be_written_twice(place):
    _, configs = place
    file = trust(configs)
    file.add(Code("other", "1", {"a.py": "0"}), "sizer other")
    file.write()
    assert set(TrustFile.read(configs).code) == {"acme-trust", "other"}


def test_a_linked_file_stays_a_link(place, tmp_path):
    _, configs = place
    (tmp_path / "kept").mkdir()
    shared = tmp_path / "kept" / "shared.json"
    (configs / FILE_NAME).symlink_to("../kept/shared.json")
    trust(configs)
    assert (configs / FILE_NAME).readlink() == Path("../kept/shared.json")
    assert "acme-trust" in json.loads(shared.read_text())["trusted"]
    trust(configs)
    assert (configs / FILE_NAME).is_symlink()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["shared.json"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_permissions_of_the_file_stay_as_they_are(place, mode):
    _, configs = place
    trust(configs)
    (configs / FILE_NAME).chmod(mode)
    trust(configs)
    assert (configs / FILE_NAME).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "the file has no section 'trusted'; received '[]'"),
        ('{"trusted": {"acme": {}}}', "acme has no section 'files'"),
        ('{"trusted": {"acme": {"files": {"a": 1}, "plugins": [], "version": ""}}}', "acme: version is a text"),
        ('{"trusted": {"acme": {"files": {}, "plugins": "x", "version": ""}}}', "acme: version is a text"),
        ('{"trusted": {"acme": {"files": {}, "plugins": []}}}', "acme: version is a text"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_to_do(tmp_path, content, message):
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(ConfigError) as caught:
        TrustFile.read(tmp_path)
    assert message in str(caught.value)
    assert "restore it from version control, or delete it" in str(caught.value)


def test_a_damaged_file_stops_a_live_plan(place):
    _, configs = place
    (configs / FILE_NAME).write_text("{}")
    with pytest.raises(ConfigError, match="has no section 'trusted'"):
        require(configs)


def test_a_plugin_is_trusted_no_longer_after_its_removal(place):
    _, configs = place
    file = trust(configs)
    with pytest.raises(UserError, match=r"'acme_sizr' is not trusted; known: acme_sizer\. Did you mean 'acme_sizer'\?"):
        file.remove("acme_sizr")
    with pytest.raises(UserError, match="strategy 'acme_sizer' is not trusted"):
        file.remove("acme_sizer", "strategy")
    assert file.remove("acme_sizer") == ["acme-trust"]
    file.write()
    assert "is not trusted" in refusal(configs)


def test_changes_tell_at_most_five_files_of_a_sort():
    before, after = Code("a", "1", {}), Code("a", "1", {f"{n}.py": "0" for n in range(8)})
    assert changes(before, after) == ["added: 0.py, 1.py, 2.py, 3.py, 4.py and 3 more"]


def test_a_file_that_cannot_be_read_is_named(place, monkeypatch):
    _, configs = place
    registry, real = Registry.load(), Path.read_bytes

    def locked(path):
        if path.name == "rules.py":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", locked)
    with pytest.raises(PluginError, match=r"rules\.py: cannot be read to compute its hash: Permission denied; make it"):
        code_of(registry.get("sizer", "acme_sizer"), configs)
