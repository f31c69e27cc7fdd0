"""`tradewind plugins install` and `uninstall` as they are typed: what is refused, what pip says, what is listed."""

import importlib.util
import os
import re
import sys

import pytest

from tests.registry.distributions import sizer_source
from tradewind.cli import plugins_pip


@pytest.fixture
def no_pip(monkeypatch):
    """Keeps pip away: a refusal that fails to come must not change the environment of the tests."""

    def called(arguments, quiet):
        pytest.fail(f"pip was called with {arguments}")

    monkeypatch.setattr(plugins_pip, "_pip", called)


def test_uninstall_refuses_tradewind_itself(run, no_pip):
    code, _, errors = run("plugins", "uninstall", "Tradewind")
    assert (code, errors) == (
        1,
        ["error: uninstall: 'Tradewind' is tradewind itself; use `python -m pip uninstall tradewind`"],
    )


def test_uninstall_refuses_what_gives_no_plugins(run, installed, no_pip):
    installed("acme", sizer_source("acme_kept"))
    code, _, errors = run("plugins", "uninstall", "numpy")
    assert code == 1
    assert errors[0].startswith("error: uninstall: 'numpy' is no installed distribution of plugins; known: acme-cli.")
    assert "Did you mean 'acme-cli'?" in run("plugins", "uninstall", "acme_clii")[2][0]


def test_install_refuses_options_of_pip(run, no_pip):
    code, _, errors = run("plugins", "install", "--", "--target=x")
    assert code == 1
    assert errors[0].startswith("error: install: '--target=x' is an option of pip, not a distribution; call `python -m")


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip in the environment of the tests")
def test_a_failure_of_pip_ends_with_3_and_its_last_lines(run, folder):
    code, output, errors = run("plugins", "install", "./absent-1.0-py3-none-any.whl")
    assert code == 3
    assert any("absent-1.0-py3-none-any.whl" in line for line in output), "pip's own words"
    assert re.fullmatch(r"error: pip install failed with exit code \d+; it said last:", errors[0])
    assert any("absent-1.0-py3-none-any.whl" in line for line in errors[1:])
    assert errors[-1] == "Mend what it names and give the command again"


def test_a_missing_pip_ends_with_3_and_says_how_to_get_it(run, monkeypatch, folder):
    script = folder / "python-without-pip"
    script.write_text(f"#!/bin/sh\necho '{script}: No module named pip' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(plugins_pip, "_plugins", lambda: {"ok": [], "unusable": []})
    monkeypatch.setattr(sys, "executable", str(script))
    code, _, errors = run("plugins", "install", "anything")
    assert code == 3
    assert errors[-1] == (
        f"error: {script} has no pip, so nothing was changed; install it with `python -m ensurepip`, or use the "
        "installer that made this environment (as `uv pip install`)"
    )


def test_what_came_and_what_is_unusable_is_told(run, monkeypatch):
    states = iter(
        [
            {"ok": ["sizer old (acme 1)"], "unusable": []},
            {"ok": ["sizer new (acme 2)"], "unusable": ["(beta:all)"]},
        ]
    )
    monkeypatch.setattr(plugins_pip, "_plugins", lambda: next(states))
    monkeypatch.setattr(plugins_pip, "_pip", lambda arguments, quiet: None)
    assert run("plugins", "install", "acme") == (
        0,
        ["added: sizer new (acme 2)", "removed: sizer old (acme 1)", "unusable: (beta:all)"],
        ["`tradewind plugins doctor` says why"],
    )


@pytest.mark.parametrize(("ending", "code"), [("os._exit(0)", 0), ("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -9)])
def test_a_plugin_that_ends_the_process_can_be_uninstalled(run, installed, monkeypatch, ending, code):
    installed("acme", f"import os\nprint('going')\n{ending}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def remove(arguments, quiet):
        assert arguments == ["uninstall", "--yes", "acme-cli"]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path[1:]))

    monkeypatch.setattr(plugins_pip, "_pip", remove)
    found, output, errors = run("plugins", "uninstall", "acme-cli")
    assert (found, output) == (0, ["no plugin came or went"])
    assert errors[0].startswith(f"warning: the plugins cannot be listed: Python ended with {code}; see")


def test_plugins_are_listed_though_one_prints_at_the_end(installed, monkeypatch):
    installed("acme", sizer_source("acme_late", "import atexit\natexit.register(print, 'goodbye')\n"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert "sizer acme_late (acme-cli 1.0)" in plugins_pip._plugins()["ok"]
