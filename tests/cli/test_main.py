import importlib
import importlib.metadata
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tradewind import errors
from tradewind.cli import app, version

HEAVY = ("pydantic", "numpy", "pandas", "yaml", "rich.console", "backtrader", "pluggy")


def in_process(*arguments, **options):
    command = [sys.executable, "-c", "from tradewind.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_help_lists_every_command_of_the_table_with_its_line(run):
    code, output, errors_ = run("--help")
    assert (code, errors_) == (0, [])
    listed = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", "\n".join(output).partition("Commands:")[2], flags=re.MULTILINE))
    assert list(listed) == list(app.COMMANDS)


def test_no_arguments_show_the_help(run):
    assert run() == run("--help")


@pytest.mark.parametrize("name", list(app.COMMANDS))
def test_every_command_of_the_table_can_be_loaded_and_has_help(run, name):
    code, output, _ = run(name, "--help")
    assert code == 0
    assert output[0].startswith(f"Usage: tradewind {name}")
    module, _, function = app.COMMANDS[name][0].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom tradewind.cli import main\nsys.argv = ['tradewind', '--help']\n"
        f"try: main()\nfinally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"


def test_help_appears_at_once():
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert in_process("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) <= 0.4, "processor time, which a busy machine stretches less than the clock's"


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_version_is_the_only_output(run, argument):
    code, output, errors_ = run(argument)
    own = re.escape(importlib.metadata.version("tradewind"))
    assert (code, errors_) == (0, [])
    assert re.fullmatch(rf"tradewind {own} \(Python 3\.\d+\.\d+, backtrader [\d.]+\)", output[0])
    assert len(output) == 1


def test_unknown_command_names_the_nearest_and_ends_with_1(run):
    code, output, lines = run("chek", "plan.yaml")
    assert (code, output) == (1, [])
    assert lines[0].startswith("error: no command 'chek'; known: audit, check, ")
    assert lines[0].endswith("Did you mean 'check'?")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "error: Missing argument 'CONFIG'."),
        (["check", "plan.yaml", "--mod", "paper"], "error: No such option: --mod"),
        (["check", "plan.yaml", "--mode"], "error: Option '--mode' requires an argument."),
        (["show-config", "plan.yaml", "other.yaml"], "error: Got unexpected extra argument"),
        (["--nonsense"], "error: No such option: --nonsense"),
    ],
)
def test_wrong_usage_ends_with_1_and_points_to_the_help(run, arguments, message):
    code, output, lines = run(*arguments)
    assert (code, output) == (1, [])
    assert lines[0].startswith(message)
    assert re.fullmatch(r"Try 'tradewind( [a-z-]+)? --help'\.", lines[1])


def raising(monkeypatch, error):
    def command():
        raise error

    monkeypatch.setattr(version, "version", command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UserError, 1),
        (errors.ConfigError, 2),
        (errors.PluginError, 3),
        (errors.LookAheadError, 3),
        (errors.DataError, 4),
        (errors.RiskHaltError, 5),
        (errors.GateError, 6),
    ],
)
def test_error_of_tradewind_ends_with_its_code_and_one_message(run, monkeypatch, error, code):
    raising(monkeypatch, error("what is wrong"))
    assert run("version") == (code, [], ["error: what is wrong"])


def test_interruption_ends_with_130(run, monkeypatch):
    raising(monkeypatch, KeyboardInterrupt())
    assert run("version") == (130, [], ["error: interrupted"])


def test_an_interruption_says_what_was_interrupted(run, monkeypatch):
    raising(monkeypatch, KeyboardInterrupt("while acme was loaded"))
    assert run("version") == (130, [], ["error: interrupted while acme was loaded"])


def test_what_is_no_exception_is_a_crash_with_a_message(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(monkeypatch, type("Panic", (BaseException,), {})("a Rust extension"))
    code, _, lines = run("version")
    assert (code, lines[0]) == (70, "error: tradewind failed unexpectedly: Panic: a Rust extension")


def test_details_of_an_unexpected_error_hold_no_password(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(monkeypatch, RuntimeError("postgresql+psycopg://me:s3cret@host/database is odd"))
    code, _, lines = run("version")
    assert code == 70
    told = "\n".join([*lines, *(path.read_text() for path in tmp_path.iterdir())])
    assert "s3cret" not in told
    assert "postgresql+psycopg://me:***@host/database is odd" in told


def test_unexpected_error_ends_with_70_and_writes_the_details_to_a_file(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(monkeypatch, RuntimeError("boom"))
    code, output, lines = run("version")
    assert (code, output) == (70, [])
    assert lines[0] == "error: tradewind failed unexpectedly: RuntimeError: boom"
    path = Path(re.fullmatch(r"details are in (.*); please report it with that file", lines[1])[1])
    assert path.parent == tmp_path
    details = path.read_text()
    assert details.startswith("tradewind version\n")
    assert "Traceback (most recent call last)" in details
    assert "RuntimeError: boom" in details


@pytest.mark.parametrize("text", [b"[console_scripts]\nno equals sign\n", b"[tradewind]\nm\xe9 = acme\n"])
def test_a_distribution_that_keeps_python_from_listing_plugins_is_named(tmp_path, text):
    folder = tmp_path / "unrelated-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: unrelated\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_bytes(text)
    command = [sys.executable, "-c", "from tradewind.cli import main; main()", "plugins", "list"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: {folder}{os.sep}entry_points.txt: cannot be read (")
    assert done.stderr.endswith("install this distribution again, or remove it\n")


def test_unexpected_error_without_a_place_for_details_is_still_readable(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    raising(monkeypatch, RuntimeError("boom"))
    code, _, lines = run("version")
    assert code == 70
    assert lines[1].startswith("the details could not be written: ")


@pytest.mark.skipif(os.name != "posix", reason="pipes close with a signal on POSIX only")
@pytest.mark.parametrize("lines", [1, 100_000], ids=["on the last flush", "while writing"])
def test_closed_pipe_is_quiet(lines):
    code = (
        "import tradewind.cli.version as command, typer\n"
        f"command.version = lambda: [typer.echo('line') for _ in range({lines})] and None\n"
        "from tradewind.cli import main\nmain(['version'])"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("arguments", "escaped"),
    [(("plugins", "info", "kelly"), r"\u2264"), (("init", os.fsdecode(b"caf\xe9")), r"\udce9")],
)
def test_what_the_output_has_no_character_for_is_escaped(tmp_path, arguments, escaped):
    done = in_process(*arguments, cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert (done.returncode, done.stderr) == (0, "")
    assert escaped in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_interrupted_process_leaves_no_traceback():
    code = (
        "import tradewind.cli.version as command, signal, os\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "command.version = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "from tradewind.cli import main\nmain(['version'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "error: interrupted\n")


@pytest.mark.parametrize("arguments", [["--no-color", "version"], ["version", "--no-color"]])
def test_no_color_is_accepted_anywhere_and_reaches_rich(run, monkeypatch, arguments):
    from rich.console import Console

    monkeypatch.setenv("NO_COLOR", "")
    seen = []
    monkeypatch.setattr(version, "version", lambda: seen.append(Console(force_terminal=True).no_color))
    assert run(*arguments)[0] == 0
    assert seen == [True]


def test_colour_is_rich_s_own_choice_without_the_flag(run, monkeypatch):
    from rich.console import Console

    seen = []
    monkeypatch.setattr(version, "version", lambda: seen.append(Console(force_terminal=True).no_color))
    assert run("version")[0] == 0
    assert seen == [False]


def test_little_is_imported_before_an_interruption_can_be_told():
    """Until then Ctrl-C ends in Python's own traceback."""
    code = (
        "import sys; import tradewind.cli; print([n for n in ('tempfile', 'traceback', 'typer') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
