import pytest

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
