# ruff: noqa: E501 - messages are kept whole
import pickle
import sys

import pytest

from tradewind.errors import ConfigError, PluginError
from tradewind.registry import PluginRef, Registry, load_class

STRATEGY = """
class Mine:
    needs = ("close", "volume")
    def __init__(self, fast: int = 3) -> None:
        self.fast = fast
    def on_bar(self, market, portfolio):
        return None

class Unnamed:
    def __init__(self, fast) -> None: ...
    def on_bar(self, market, portfolio): ...

limit = 3
"""


@pytest.fixture
def registry():
    return Registry.load(entry_points=False)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGY)
    return tmp_path


def failure(folder, text, reference="./bad.py:Mine"):
    (folder / "bad.py").write_text(text)
    with pytest.raises(PluginError) as caught:
        load_class(reference, folder)
    return str(caught.value)


def test_class_in_a_file_is_made_with_parameters(registry, folder):
    made = registry.create("strategy", PluginRef(python="./mine.py:Mine", params={"fast": 8}), directory=folder)
    assert (type(made).__name__, made.fast) == ("Mine", 8)


def test_class_in_a_package_is_found(registry):
    assert load_class("collections:OrderedDict").__name__ == "OrderedDict"


def test_file_leaves_sys_path_alone_and_objects_can_be_pickled(folder):
    before = list(sys.path)
    made = load_class("./mine.py:Mine", folder)(4)
    assert sys.path == before
    assert pickle.loads(pickle.dumps(made)).fast == 4
    assert not (folder / "__pycache__").exists()


def test_file_is_loaded_once_and_again_when_it_changes(folder):
    first = load_class("./mine.py:Mine", folder)
    assert load_class("./mine.py:Mine", folder) is first
    (folder / "mine.py").write_text(STRATEGY + "\n# changed\n")
    assert load_class("./mine.py:Mine", folder) is not first


def test_files_of_one_name_in_two_folders_do_not_mix(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").write_text(STRATEGY)
    assert load_class("./mine.py:Mine", folder).__module__ != load_class("./mine.py:Mine", other).__module__


def test_provenance_names_file_and_hash(registry, folder):
    found = registry.resolve("strategy", PluginRef(python="./mine.py:Mine"), directory=folder)
    assert found.provider == "python:./mine.py"
    assert found.version.startswith("sha256:")
    assert (found.name, found.distribution) == ("Mine", "")


def test_needs_come_from_the_class(registry, folder):
    assert registry.needs("strategy", PluginRef(python="./mine.py:Mine"), directory=folder) == ("close", "volume")


def test_class_without_needs_reads_closes(registry, tmp_path):
    (tmp_path / "plain.py").write_text("class Plain:\n    def on_bar(self, market, portfolio): ...\n")
    assert registry.needs("strategy", PluginRef(python="./plain.py:Plain"), directory=tmp_path) == ("close",)


def test_missing_file_names_the_nearest(folder):
    with pytest.raises(
        PluginError, match=r"^\./mien\.py: no such file; looked for .*mien\.py\. Did you mean 'mine\.py'\?"
    ):
        load_class("./mien.py:Mine", folder)


def test_missing_class_names_the_nearest(folder):
    with pytest.raises(
        PluginError, match=r"^\./mine\.py has no class 'Mien'; known: Mine, Unnamed\. Did you mean 'Mine'\?"
    ):
        load_class("./mine.py:Mien", folder)


def test_name_that_is_no_class_is_refused(folder):
    with pytest.raises(PluginError, match=r"^\./mine\.py 'limit' is a int, not a class; known: Mine, Unnamed\."):
        load_class("./mine.py:limit", folder)


def test_syntax_error_names_file_and_line(folder):
    assert failure(folder, "x = 1\nclass Mine\n").startswith("./bad.py:2: syntax error: expected ':'")


def test_error_while_loading_names_file_and_line(folder):
    text = "def broken():\n    return 1 / 0\n\nbroken()\n"
    assert failure(folder, text) == "./bad.py:2: loading it raised ZeroDivisionError: division by zero"


def test_file_that_failed_leaves_no_module_behind(folder):
    before = set(sys.modules)
    failure(folder, "1 / 0")
    assert set(sys.modules) == before


def test_null_byte_in_a_file_is_a_plugin_error(folder):
    assert failure(folder, "x = 1\0") == (
        "./bad.py: holds null bytes, which Python source has not; save the file as UTF-8 text"
    )


def test_import_of_a_neighbour_is_explained(folder):
    assert failure(folder, "import mine\n") == (
        "./bad.py:1: loading it raised ModuleNotFoundError: No module named 'mine'; a file is loaded alone, without its "
        "directory on sys.path: put both into one file or a package"
    )


def test_missing_package_is_named():
    with pytest.raises(PluginError, match=r"^no_such_package\.module: there is no module 'no_such_package'; install"):
        load_class("no_such_package.module:Class")


def test_package_that_fails_to_import_is_named(tmp_path, monkeypatch):
    (tmp_path / "failing_package_of_test.py").write_text("import no_such_thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        PluginError,
        match=r"^failing_package_of_test: importing it raised ModuleNotFoundError: No module named 'no_such_",
    ):
        load_class("failing_package_of_test:Class")


@pytest.mark.parametrize("text", ["", "Mine", "./mine.py:", ":Mine", "./mine.py:3a", "a-b:C", "a..b:C", "./a.txt:C"])
def test_malformed_reference_shows_the_two_forms(text):
    with pytest.raises(ConfigError) as caught:
        load_class(text)
    assert str(caught.value) == (
        f"not a reference to a class; received {text!r}; allowed: './file.py:Class', with the path beside the config, or "
        "'package.module:Class'"
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("./mine:Mine", "'./mine.py:Mine'"),
        ("sub/mine:Mine", "'sub/mine.py:Mine'"),
        ("mine.py", "'mine.py:Class', with the name of the class"),
    ],
)
def test_half_a_reference_to_a_file_is_completed(text, meant):
    with pytest.raises(ConfigError) as caught:
        load_class(text)
    assert str(caught.value).endswith(f"'package.module:Class'. Did you mean {meant}?")


def test_parameter_without_annotation_is_explained(registry, folder):
    with pytest.raises(PluginError, match=r"Unnamed: parameter 'fast' of create has no annotation; write for example"):
        registry.create("strategy", PluginRef(python="./mine.py:Unnamed"), directory=folder)


def test_class_that_breaks_the_contract_is_refused(registry, folder):
    (folder / "lazy.py").write_text("class Lazy:\n    def on_bar(self, market): ...\n")
    with pytest.raises(PluginError, match=r"Lazy\.on_bar\(market\) cannot be called as the contract Strategy calls it"):
        registry.create("strategy", PluginRef(python="./lazy.py:Lazy"), directory=folder)


def test_wrong_needs_of_a_class_are_refused(registry, folder):
    (folder / "needy.py").write_text(
        "class Needy:\n    needs = 'close'\n    def on_bar(self, market, portfolio): ...\n"
    )
    with pytest.raises(PluginError, match=r"needs is a tuple of field names; received 'close'"):
        registry.create("strategy", PluginRef(python="./needy.py:Needy"), directory=folder)


def test_absolute_path_is_accepted(folder):
    assert load_class(f"{folder}/mine.py:Mine").__name__ == "Mine"
