import sys

import pytest

from tests.registry.distributions import write_distribution
from tradewind.cli import main

TOYS = """
class Feed:
    def __init__(self, years: int = 5) -> None: ...
    def history(self, request): ...

class Strategy:
    def __init__(self, top_n: int = 3) -> None: ...
    def on_bar(self, market, portfolio): ...
"""
PLAN = "name: toy\ndata: {feed: {python: './toys.py:Feed'}}\nstrategy: {python: './toys.py:Strategy'}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with plan.yaml and the classes it names."""
    (tmp_path / "toys.py").write_text(TOYS)
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """Run the command line and return exit code, lines of output and lines of errors."""

    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return ended.value.code, output.out.splitlines(), output.err.splitlines()

    return run_command


@pytest.fixture
def installed(folder, monkeypatch):
    """A folder of distributions on the path; the working directory has plan.yaml."""
    place = folder / "installed"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("TRADEWIND_PLUGINS", "")
    monkeypatch.delenv("TRADEWIND_PLUGINS")
    for name in ("acme_cli", "beta_cli", "gamma_cli"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def install(name, source, version="1.0"):
        module = f"{name}_cli"
        write_distribution(place, f"{name}-cli", version, {f"{module}.py": source}, {"all": module})

    return install
