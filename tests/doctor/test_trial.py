"""The guarded process: what a strategy may not do to the caller, and what is said when it tries."""

import socket
import sqlite3
import sys
from contextlib import closing
from textwrap import dedent

import pytest

from tradewind.engine.doctor import diagnose
from tradewind.errors import ConfigError, PluginError

STRATEGY = """
import backtrader as bt

class Mine(bt.Strategy):
    params = (("period", 5),)

    def next(self):
        {next}
"""


@pytest.fixture
def examine(tmp_path):
    """Write a file and examine its class Mine; return the findings by rule."""

    def run(text, **options):
        path = tmp_path / "mine.py"
        path.write_text(dedent(text))
        report = diagnose("./mine.py:Mine", directory=tmp_path, **options)
        return {finding.rule: finding for finding in report.findings}

    return run


def line_of(text, part):
    return next(number for number, line in enumerate(dedent(text).splitlines(), start=1) if part in line)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX timers")
def test_endless_loop_is_stopped_and_its_line_is_named(examine):
    text = STRATEGY.format(next="while True: self.x = 1")
    found = examine(text, timeout_seconds=1.0)
    assert found["too-slow"].line == line_of(text, "while True")
    assert "after 1 s" in found["too-slow"].message


def test_a_process_that_ends_itself_is_a_finding(examine):
    found = examine(STRATEGY.format(next="__import__('os')._exit(3)"))
    assert "exit code 3" in found["trial-ended"].message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the limit of address space")
def test_exhausted_memory_is_a_finding_with_its_line(examine):
    text = STRATEGY.format(next="self.x = bytearray(8 * 1024**3)")
    found = examine(text)
    assert "MemoryError" in found["raised"].message
    assert found["raised"].line == line_of(text, "bytearray")


def test_connection_at_import_is_refused_before_it_reaches_anyone(examine):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        text = f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}))\n{STRATEGY}"
        found = examine(text.format(next="pass"))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found["network"].line == 2
    assert "at import" in found["network"].message
    assert "raised" not in found


def test_a_process_at_import_is_refused(examine, tmp_path):
    text = f"import os\nos.system('touch {tmp_path}/made')\n{STRATEGY}"
    assert examine(text.format(next="pass"))["process"].line == 2
    assert not (tmp_path / "made").exists()


def test_a_written_file_is_found_and_neither_made_nor_changed(examine, tmp_path):
    kept = tmp_path / "kept.csv"
    kept.write_text("before")
    text = f"""
    import backtrader as bt
    from pathlib import Path

    class Mine(bt.Strategy):
        def start(self):
            Path({str(kept)!r}).write_text("after")
            self.back = Path({str(kept)!r}).read_text()
            assert self.back == "after"

        def next(self):
            pass
    """
    found = examine(text)
    assert kept.read_text() == "before"
    assert found["file-write"].line == line_of(text, "write_text")
    assert "raised" not in found


def test_a_database_is_copied_and_left_as_it_was(examine, tmp_path):
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(kept)) as database:
        database.execute("create table prices (close)")
        database.execute("insert into prices values (5)")
        database.commit()
    text = f"""
    import backtrader as bt
    import sqlite3

    class Mine(bt.Strategy):
        def start(self):
            self.database = sqlite3.connect({str(kept)!r})
            assert self.database.execute("select close from prices").fetchone() == (5,)
            self.database.execute("insert into prices values (6)")
            self.database.commit()

        def next(self):
            pass
    """
    before = kept.read_bytes()
    found = examine(text)
    assert set(found) == {"file-write"}
    assert found["file-write"].line == line_of(text, "sqlite3.connect")
    assert kept.read_bytes() == before


def test_removing_a_file_is_refused(examine, tmp_path):
    kept = tmp_path / "kept.csv"
    kept.write_text("before")
    found = examine(STRATEGY.format(next=f"__import__('os').remove({str(kept)!r})"))
    assert kept.exists()
    assert "os.remove" in found["file-write"].message


def test_error_at_import_is_a_finding_with_its_line(examine):
    text = "import math\nmath.sqrt(-1.0)\n" + STRATEGY.format(next="pass")
    found = examine(text)
    assert found["fails-at-import"].line == 2
    assert "ValueError: math domain error, at import" in found["fails-at-import"].message
    assert "--param" not in found["fails-at-import"].advice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import backtrader as bt\n\nclass Mine(bt.Strategy:\n    pass\n", r":3: syntax error: "),
        ("import nothing_of_that_name\n", r":1: loading it raised ModuleNotFoundError: No module named 'nothing_of"),
        ("import backtrader\nfrom backtrader import Never\n", r":2: loading it raised ImportError: cannot import"),
        ("x = 1\0", r"mine\.py: holds null bytes"),
    ],
)
def test_a_file_that_is_no_module_is_refused_with_its_line(examine, text, message):
    with pytest.raises(PluginError, match=message):
        examine(text)


def test_error_that_needs_falling_prices_says_so(examine):
    found = examine(STRATEGY.format(next="assert self.data.close[0] > 40.0, 'too cheap'"))
    assert "AssertionError: too cheap (while prices fall)" in found["raised"].message


def test_secret_source_of_chance_shows_in_two_equal_runs(examine):
    text = """
    import backtrader as bt
    import itertools

    clock = itertools.count()

    class Mine(bt.Strategy):
        def next(self):
            if next(clock) % 7 == 0:
                self.buy()
    """
    found = examine(text)
    assert set(found) == {"not-repeatable"}
    assert found["not-repeatable"].line == line_of(text, "class Mine")
    assert "first: " in found["not-repeatable"].message


def test_seeded_generator_is_left_alone(examine):
    text = """
    import backtrader as bt
    import random

    class Mine(bt.Strategy):
        params = (("seed", 7),)

        def __init__(self):
            self.dice = random.Random(self.p.seed)

        def next(self):
            if self.dice.random() < 0.1:
                self.buy()
    """
    assert examine(text) == {}


def test_script_around_the_class_is_told_apart_from_it(examine):
    text = """
    import backtrader as bt

    class Mine(bt.Strategy):
        def next(self):
            self.buy()

    if __name__ == "__main__":
        cerebro = bt.Cerebro()
        cerebro.addsizer(bt.sizers.FixedSize, stake=10)
        cerebro.broker.setcommission(0.001)
        cerebro.run()
    """
    path_lines = {line_of(text, "addsizer"), line_of(text, "setcommission")}
    found = examine(text)
    assert set(found) == {"script-setup"}
    assert found["script-setup"].severity == "note"
    assert found["script-setup"].line in path_lines


def test_backtest_at_the_top_level_is_an_error(examine):
    text = """
    import backtrader as bt

    class Mine(bt.Strategy):
        def next(self):
            pass

    cerebro = bt.Cerebro()
    cerebro.addstrategy(Mine)
    cerebro.run()
    """
    found = examine(text)
    assert found["runs-at-import"].line == line_of(text, "cerebro.run()")


def test_base_class_in_another_module_is_examined_too(tmp_path, monkeypatch):
    package = tmp_path / "pack_of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text(STRATEGY.format(next="self.data.close[1]").replace("Mine", "Base"))
    (package / "mine.py").write_text("from pack_of_mine.base import Base\n\nclass Mine(Base):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (finding,) = diagnose("pack_of_mine.mine:Mine").findings
    assert (finding.rule, finding.line, finding.observed) == ("future-index", 8, True)
    assert finding.file == str(package / "base.py")


def test_named_feeds_and_positions_are_supplied(examine):
    text = """
    import backtrader as bt

    class Mine(bt.Strategy):
        def __init__(self):
            self.one, self.two = self.getdatabyname("GLD"), self.datas[3]
            assert self.one._name == "GLD"

        def next(self):
            self.buy(self.two)
    """
    assert set(examine(text)) == {"feed-position"}


def test_parameters_are_given_to_the_strategy(examine):
    text = STRATEGY.format(next="assert self.p.period == 8")
    assert examine(text, params={"period": 8}) == {}
    assert "AssertionError" in examine(text)["raised"].message


def test_unknown_parameter_names_the_nearest(examine):
    with pytest.raises(ConfigError, match=r"no parameter 'perod'; known: period\. Did you mean 'period'\?"):
        examine(STRATEGY.format(next="pass"), params={"perod": 8})


def test_missing_class_names_the_nearest(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGY.format(next="pass"))
    with pytest.raises(PluginError, match=r"has no class 'Mien'; known: Mine. Did you mean 'Mine'\?"):
        diagnose("./mine.py:Mien", directory=tmp_path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(PluginError, match=r"absent\.py: no such file"):
        diagnose("./absent.py:Mine", directory=tmp_path)


def test_missing_module_is_named():
    with pytest.raises(PluginError, match="no_such_module_here"):
        diagnose("no_such_module_here:Mine")


def test_a_class_that_is_no_strategy_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text("class Mine:\n    pass\n")
    with pytest.raises(PluginError, match=r"is not a bt\.Strategy; name a class that derives from it"):
        diagnose("./mine.py:Mine", directory=tmp_path)
