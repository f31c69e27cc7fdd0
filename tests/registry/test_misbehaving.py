"""A sibling that does what no plugin should: it is named, and what does not need it goes on."""

import os
from pathlib import Path

import pytest

from tests.registry.distributions import sizer_source, write_distribution
from tradewind import FeedPlugin, SizerPlugin
from tradewind.cli import main
from tradewind.errors import PluginError
from tradewind.registry import PluginRef, Registry
from tradewind.registry.python_source import load_class

SOUND = sizer_source("sibling")
PANIC = "class Panic(BaseException): ...\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a registry with a sibling of some source beside what is installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(os.sys.modules, "acme_sibling", raising=False)

    def load_sibling(source):
        write_distribution(tmp_path, "acme-sibling", "1.0", {"acme_sibling.py": source}, {"all": "acme_sibling"})
        return Registry.load()

    yield load_sibling
    monkeypatch.delitem(os.sys.modules, "acme_sibling", raising=False)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (PANIC + "raise Panic('a Rust extension')\n", "importing acme_sibling raised Panic: a Rust extension"),
        (
            PANIC + SOUND.replace("    yield", "    raise Panic('late')\n    yield"),
            "tradewind_sizers raised Panic: late",
        ),
        (
            SOUND + "def __getattr__(name):\n    raise ImportError(f'no {name}')\n",
            "reading acme_sibling raised ImportError: no TRADEWIND_API",
        ),
        (
            SOUND + "class Odd:\n    def __get__(self, one, kind): ...\n    @property\n    def __class__(self): 1 / 0\n"
            "odd = Odd()\n",
            "reading acme_sibling raised ZeroDivisionError: division by zero",
        ),
        (
            "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute\n",
            "importing acme_sibling raised Mute: its text cannot be made",
        ),
    ],
)
def test_what_it_raises_is_written_down(load, source, reason):
    registry = load(source)
    assert [(one.provider, one.reason) for one in registry.broken] == [("acme-sibling:all", reason)]
    assert registry.get("sizer", "kelly").distribution == "tradewind"


def test_a_signature_that_cannot_be_asked_for_is_written_down():
    class Odd:
        @property
        def __signature__(self):
            raise ConnectionError("no licence server")

        def __call__(self, x: int = 1): ...

    registry = Registry.load(entry_points=False)
    registry.register(SizerPlugin(name="odd", create=Odd(), summary="Odd."), "acme")
    (broken,) = registry.broken
    reason = "sizer 'odd': reading the signature of create raised ConnectionError: no licence server"
    assert broken.reason == reason


def test_an_interruption_names_who_was_being_loaded(load, capsys):
    with pytest.raises(KeyboardInterrupt, match="while acme-sibling:all was loaded"):
        load("raise KeyboardInterrupt\n")
    with pytest.raises(SystemExit) as ended:
        main(["plugins", "list"])
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "error: interrupted while acme-sibling:all was loaded\n")


def test_an_interruption_in_a_hook_names_it_too(load):
    with pytest.raises(KeyboardInterrupt, match="while acme-sibling:all was loaded"):
        load(SOUND.replace("    yield", "    raise KeyboardInterrupt\n    yield"))


@pytest.mark.parametrize("inside", ["module", "hook"])
def test_the_working_directory_is_restored_and_the_sibling_named(load, tmp_path, monkeypatch, inside):
    monkeypatch.chdir(tmp_path)
    change = "import os; os.chdir('/')"
    source = f"{change}\n{SOUND}" if inside == "module" else SOUND.replace("    yield", f"    {change}\n    yield")
    registry = load(source)
    assert Path.cwd() == tmp_path
    (broken,) = registry.broken
    assert broken.provider == "acme-sibling:all"
    assert broken.reason.startswith("loading acme_sibling changed the working directory to /, where the paths")
    assert "sibling" not in {one.name for one in registry.plugins("sizer")}


def test_a_working_directory_that_is_gone_harms_nothing(load, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load(SOUND).broken == ()


def test_a_file_may_raise_anything_too(tmp_path):
    (tmp_path / "mine.py").write_text(PANIC + "raise Panic('x')\n")
    with pytest.raises(PluginError, match=r"^\./mine\.py:2: loading it raised Panic: x$"):
        load_class("./mine.py:Mine", tmp_path)


def test_an_interrupted_file_is_loaded_anew(tmp_path):
    place = tmp_path / "place.txt"
    (tmp_path / "mine.py").write_text(
        f"from pathlib import Path\nif not Path({str(place)!r}).exists(): raise KeyboardInterrupt\nclass Mine: ...\n"
    )
    with pytest.raises(KeyboardInterrupt, match=r"while \./mine\.py was loaded"):
        load_class("./mine.py:Mine", tmp_path)
    place.touch()
    assert load_class("./mine.py:Mine", tmp_path).__name__ == "Mine"


def test_a_module_may_raise_anything_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme_panics.py").write_text(PANIC + "raise Panic('x')\n")
    (tmp_path / "acme_stops.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(PluginError, match=r"^acme_panics: importing it raised Panic: x$"):
        load_class("acme_panics:Mine", tmp_path)
    with pytest.raises(KeyboardInterrupt, match="while acme_stops was imported"):
        load_class("acme_stops:Mine", tmp_path)


@pytest.mark.parametrize(
    ("error", "raised", "text"),
    [
        (type("Panic", (BaseException,), {})("x"), PluginError, r"feed: odd \(acme\) could not be made: Panic: x"),
        (KeyboardInterrupt(), KeyboardInterrupt, r"while feed: odd \(acme\) was made"),
    ],
)
def test_what_making_it_raises_names_it(error, raised, text):
    def create() -> None:
        raise error

    registry = Registry.load(entry_points=False)
    registry.register(FeedPlugin(name="odd", create=create, summary="Odd."), "acme")
    with pytest.raises(raised, match=text):
        registry.create("feed", PluginRef(name="odd"))
