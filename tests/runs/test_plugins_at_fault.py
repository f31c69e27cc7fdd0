"""A feed or a report that fails or answers wrongly is told with its name, file and line, and ends with exit code 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.config.loader import load_plan
from tradewind.engine.assemble import Builder
from tradewind.errors import DataError, PluginError
from tradewind.journal.store import open_store
from tradewind.registry import Registry
from tradewind.runs.capsule import list_capsules
from tradewind.runs.execute import read_data
from tradewind.runs.feeds import feed_of

MINE = """import sys
from tradewind.errors import DataError
from tradewind.model import Bars, Row
from tradewind_plugins.feeds import Sample


class Broken:
    def history(self, request):
        {line}


class Streams:
    def stream(self, request):
        bars = Sample().history(request)
        return bars.between(0, 0), self.rows(bars)

    def rows(self, bars):
        for number, row in enumerate(bars.rows()):
            if number == 3:
                {line}
            yield row


class Told:
    def __init__(self) -> None:
        {made}

    def write(self, result, directory):
        {line}
"""
RAISING = ["1 / 0", "sys.exit(5)", "sys.exit(0)", "raise BrokenPipeError('gone')"]


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(one) for one in arguments])
    return int(str(caught.value.code))


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as working directory."""
    monkeypatch.chdir(project)
    return project


def written(folder: Path, line: str, made: str = "pass") -> None:
    (folder / "mine.py").write_text(MINE.format(line=line, made=made))


@pytest.mark.parametrize("line", RAISING)
@pytest.mark.parametrize(
    "command", [("run", "rotate.yaml"), ("run", "rotate.yaml", "--mode", "paper"), ("verify", "rotate.yaml")]
)
def test_a_feed_that_raises_is_told_with_file_and_line(
    inside: Path, capsys: pytest.CaptureFixture[str], line: str, command: tuple[str, ...]
) -> None:
    written(inside, line)
    assert called(*command, "--set", "data.feed={python: ./mine.py:Broken}") == 3
    told = capsys.readouterr().err
    assert "./mine.py:Broken'" in told
    assert f"(mine.py:9 in `{line}`)" in told


@pytest.mark.parametrize("line", ["return None", "return [1.0]"])
def test_a_feed_that_answers_with_no_bars_is_told(inside: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    written(inside, line)
    assert called("run", "rotate.yaml", "--set", "data.feed={python: ./mine.py:Broken}") == 3
    told = capsys.readouterr().err
    assert "feed './mine.py:Broken': Broken.history returned" in told
    assert "return tradewind.Bars" in told


def test_an_error_of_tradewind_passes_as_it_is(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(inside, "raise DataError('the server has no bars')")
    assert called("run", "rotate.yaml", "--set", "data.feed={python: ./mine.py:Broken}") == 4
    assert capsys.readouterr().err == "error: the server has no bars\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [("1 / 0", "Streams.stream raised ZeroDivisionError after 3 rows"), ("row = None", "yielded None after 3 rows")],
)
def test_a_stream_that_breaks_off_is_told(inside: Path, line: str, told: str) -> None:
    written(inside, line)
    overrides = ["data.feed={python: ./mine.py:Streams}", "mode.feed={python: ./mine.py:Streams}"]
    loaded = load_plan([inside / "rotate.yaml"], overrides=overrides)
    _, rows, _ = read_data(Builder(loaded.plan, Registry.load(), loaded.directory), streaming=True)
    assert rows is not None
    with pytest.raises(PluginError, match=told):
        list(rows)


def test_rows_keep_saying_that_they_never_wait(inside: Path) -> None:
    loaded = load_plan([inside / "rotate.yaml"], mode="paper")
    feed = feed_of(Builder(loaded.plan, Registry.load(), loaded.directory))
    with pytest.raises(DataError):
        feed.stream(_asking("NOTHING"))
    assert feed.stream(_asking("KO"))[1].waits is False  # type: ignore[attr-defined]


def _asking(symbol: str) -> object:
    from tradewind.contracts import DataRequest

    return DataRequest(symbols=(symbol,))


@pytest.mark.parametrize("line", RAISING)
def test_a_report_that_raises_is_told_and_the_run_is_kept(
    inside: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    written(inside, line)
    assert called("run", "rotate.yaml", "--no-verify", "--set", "reports=[{python: ./mine.py:Told}]") == 3
    told = capsys.readouterr().err
    (kept,) = list_capsules(inside / "runs")
    assert "report './mine.py:Told': Told.write raised" in told
    assert f"(mine.py:29 in `{line}`)" in told
    assert f"the run is kept in runs/{kept.name}, and `tradewind report {kept.name}` writes its reports" in told
    assert called("report", kept.name) == 3
    assert f"(mine.py:29 in `{line}`)" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["return None", "return directory / 'none.txt'", "return 7"])
def test_a_report_that_writes_nothing_is_told(inside: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    written(inside, line)
    assert called("run", "rotate.yaml", "--no-verify", "--set", "reports=[{python: ./mine.py:Told}]") == 3
    assert "which is no file; return the path of the file written" in capsys.readouterr().err


def test_the_folder_of_the_runs_is_in_the_advice(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(inside, "1 / 0")
    wanted = ("--set", "reports=[{python: ./mine.py:Told}]")
    assert called("run", "rotate.yaml", "--no-verify", "--runs", "my runs", *wanted) == 3
    assert "--runs 'my runs'` writes its reports" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "check", "paper"])
def test_a_report_that_cannot_be_made_is_told_before_the_run(
    inside: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    written(inside, "return None", made="import nothing_of_this_name")
    words = ("run", "rotate.yaml", "--mode", "paper") if command == "paper" else (command, "rotate.yaml")
    assert called(*words, "--set", "reports=[{python: ./mine.py:Told}]") == 3
    assert "reports.0: Told (python:" in capsys.readouterr().err
    assert not (inside / "runs").exists()
    assert not (inside / "sessions").exists()


def test_no_report_is_made_where_none_is_wanted(inside: Path) -> None:
    written(inside, "return None", made="import nothing_of_this_name")
    wanted = ("--no-reports", "--no-verify", "--set", "reports=[{python: ./mine.py:Told}]")
    assert called("run", "rotate.yaml", *wanted) == 0


def test_a_paper_session_is_over_whatever_becomes_of_its_reports(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(inside, "1 / 0")
    assert called("run", "rotate.yaml", "--mode", "paper", "--set", "reports=[{python: ./mine.py:Told}]") == 3
    assert "the run is kept in" in capsys.readouterr().err
    with open_store(inside / "sessions" / "journal.db") as store:
        (session,) = store.sessions()
        assert session.status == "finished"


def test_every_report_is_printed(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(inside, "path = directory / 'mine.txt'; path.write_text('x'); return path")
    assert called("run", "rotate.yaml", "--no-verify", "--set", "reports=[html, {python: ./mine.py:Told}]") == 0
    (kept,) = list_capsules(inside / "runs")
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("report: ")]
    assert told == [f"report: runs/{kept.name}/report.html", f"report: runs/{kept.name}/mine.txt"]
