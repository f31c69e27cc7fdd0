"""JSON on standard output is JSON, whatever plugins print."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.registry.distributions import sizer_source, write_distribution
from tradewind.cli.standard_output import kept_for_json

NOISY = """
import os
from tradewind import Signals

print("a strategy says hello")


class Noisy:
    schedule = "monthly"

    def __init__(self, from_bar: int = 0) -> None:
        print("it is made")
        self.warmup = from_bar

    def on_bar(self, market, portfolio):
        print("it decides")
        os.write(1, b"a compiled library decides\\n")
        return Signals(scores=market.tradable.astype(float))
"""
CONFIG = """
name: noisy
data: {feed: sample, symbols: [KO, XOM], start: 2015-01-02, end: 2015-12-30}
strategy: {python: "./noisy.py:Noisy"}
sizer: acme_noisy
"""
OLD = """
import backtrader
print("loaded")
class Old(backtrader.Strategy):
    def next(self):
        print("next")
"""

needs_sample = pytest.mark.skipif(importlib.util.find_spec("skfolio") is None, reason="needs the sample prices")


@pytest.fixture
def project(folder, monkeypatch):
    """A project whose strategy prints, beside an installed sizer that does."""
    place = folder / "installed"
    place.mkdir()
    source = sizer_source("acme_noisy", "print('a sizer says hello')\n")
    source = source.replace(
        "portfolio): ...", "portfolio):\n        print('it sizes')\n        return signals.scores / 2"
    )
    write_distribution(place, "acme-noisy", "1.0", {"acme_noisy.py": source}, {"all": "acme_noisy"})
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "acme_noisy", raising=False)
    (folder / "noisy.py").write_text(NOISY)
    (folder / "noisy.yaml").write_text(CONFIG)
    (folder / "old.py").write_text(OLD)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["plugins", "list", "--json"],
        ["plugins", "info", "acme_noisy", "--json"],
        ["plugins", "info", "./noisy.py:Noisy", "--kind", "strategy", "--json"],
        ["plugins", "doctor", "--json"],
        ["plugins", "trust", "acme_noisy", "--json"],
        ["plugins", "trust", "--list", "--json"],
        ["doctor", "./old.py:Old", "--json"],
        ["schema"],
        pytest.param(["verify", "noisy.yaml", "--cuts", "2", "--whole-cuts", "0", "--json"], marks=needs_sample),
        pytest.param(["rebalance", "noisy.yaml", "--dry-run", "--json"], marks=needs_sample),
    ],
    ids=" ".join,
)
def test_json_is_alone_on_standard_output(project, run, monkeypatch, arguments):
    monkeypatch.delitem(sys.modules, "acme_noisy", raising=False)
    code, output, errors = run(*arguments)
    assert code in (0, 10, 11, 14), errors
    json.loads("\n".join(output))
    if arguments[0] != "doctor":
        assert "a sizer says hello" in errors


@needs_sample
def test_json_of_a_kept_run_is_alone_on_standard_output(project, run):
    for arguments in (
        ["run", "noisy.yaml", "--json"],
        ["reproduce", "latest", "--json"],
        ["risk", "stress", "latest", "--paths", "100", "--json"],
    ):
        code, output, errors = run(*arguments)
        assert code == 0, errors
        json.loads("\n".join(output))
        assert "it decides" in errors or arguments[0] == "risk"


@needs_sample
@pytest.mark.parametrize(
    "arguments",
    [["run", "noisy.yaml"], ["sweep", "noisy.yaml", "--grid", "strategy.params.from_bar=0,1"]],
    ids=" ".join,
)
def test_compiled_libraries_and_workers_print_elsewhere_too(project, arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "installed"), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", *arguments, "--json"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert "a compiled library decides" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="calls the C library")
def test_what_is_printed_at_the_end_goes_elsewhere_too(project):
    late = "import atexit, ctypes\natexit.register(print, 'goodbye')\nctypes.CDLL(None).puts(b'kept back by C')\n"
    write_distribution(project / "installed", "acme-late", "1.0", {"acme_late.py": late}, {"all": "acme_late"})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "installed"), *sys.path])}
    environment.pop("PYTHONUNBUFFERED", None)
    command = [sys.executable, "-m", "tradewind", "plugins", "info", "kelly", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert json.loads(done.stdout)["name"] == "kelly"
    assert "goodbye" in done.stderr
    assert "kept back by C" in done.stderr


def test_output_is_left_alone_where_no_json_is_printed(project, run):
    assert "a sizer says hello" in run("plugins", "list")[1]


def test_output_is_as_before_after_an_error(capsys):
    def fail():
        with kept_for_json():
            sys.stdout.write("aside")
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    sys.stdout.write("again")
    assert capsys.readouterr() == ("again", "aside")
