"""``tradewind test``: kits over installed plugins and over a file, without a test file."""

import os
import re
import subprocess
import sys

import pytest

from tests.registry.distributions import write_distribution

_SOUND = '''
import numpy as np
from tradewind.model import Signals


class Follow:
    """Hold what closed above its last close."""

    warmup = 1

    def on_bar(self, market, portfolio):
        rise = market.current("close") - market.current("close", -1)
        return Signals(scores=np.where(rise > 0, 1.0, 0.0))
'''


def test_a_file_is_tested_without_a_test_file(run, folder):
    (folder / "conftest.py").write_text("raise RuntimeError('read')", encoding="utf-8")
    (folder / "mine.py").write_text(_SOUND, encoding="utf-8")
    before = sorted(path.name for path in folder.iterdir())
    code, output, errors = run("test", "./mine.py:Follow", "--kind", "strategy")
    assert (code, errors) == (0, [])
    assert output[0].startswith("ok strategy 'Follow'")
    assert sorted(path.name for path in folder.iterdir()) == before


_INTERRUPTED = """

    def __init__(self):
        raise KeyboardInterrupt
"""


def test_kits_that_are_interrupted_end_with_130_and_say_nothing_good(run, folder):
    (folder / "slow.py").write_text(
        _SOUND.replace("    warmup = 1\n", f"    warmup = 1{_INTERRUPTED}"), encoding="utf-8"
    )
    code, output, _ = run("test", "./slow.py:Follow", "--kind", "strategy")
    assert code == 130
    assert not any(line.startswith("ok") for line in output)


def test_a_plugin_none_of_whose_tests_runs_is_not_sound(run, folder, monkeypatch):
    from tradewind.testing import installed

    monkeypatch.setattr(installed, "check_source", lambda *_: (installed.Verdict("strategy 'none'", skipped=19),))
    code, output, errors = run("test", "./mine.py:Follow", "--kind", "strategy")
    assert code == 3
    assert output == ["FAILED strategy 'none': 0 passed, 19 skipped"]
    assert errors == ["error: 1 of 1 plugins fail their kit; each message says what to do"]


@pytest.mark.parametrize("options", ['["params"]', '{"agree": print}', '{"params": None}', '{"name": "x"}'])
def test_options_that_no_kit_takes_end_with_3(run, folder, options):
    mine = _SOUND.replace("    warmup = 1\n", f"    warmup = 1\n    kit_options = {options}\n")
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    code, output, errors = run("test", "./mine.py:Follow", "--kind", "strategy")
    assert (code, output) == (3, [])
    assert re.search(r"strategy '.*Follow'.*: kit_options", errors[0])


def test_a_class_of_another_kind_fails_where_its_kind_has_no_kit_of_its_own(run, folder):
    (folder / "mine.py").write_text(_SOUND, encoding="utf-8")
    code, output, _ = run("test", "./mine.py:Follow", "--kind", "broker")
    assert code == 3
    assert any(
        "test_it_keeps_the_contract_of_its_kind" in line and "what it makes is no broker" in line for line in output
    )


def test_a_plugin_that_fails_its_kit_ends_with_3_and_says_what_to_do(run, folder):
    leaky = _SOUND.replace('market.current("close", -1)', 'market.fields["close"][min(market.bar + 1, 100)]')
    (folder / "leaky.py").write_text(leaky, encoding="utf-8")
    code, output, errors = run("test", "./leaky.py:Follow", "--kind", "strategy")
    text = "\n".join(output)
    assert code == 3
    assert "FAILED strategy 'Follow'" in text
    assert "test_the_future_changes_nothing: strategy 'Follow'" in text
    assert "it looks ahead" in text
    assert "a centred window" in text
    assert errors == ["error: 1 of 1 plugins fail their kit; each message says what to do"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tradewnid"], "no installed distribution 'tradewnid' gives plugins; known: .*Did you mean 'tradewind'"),
        (["tradewind", "--name", "kely"], "tradewind gives no 'kely'; .* Did you mean 'kelly'"),
        (["tradewind", "--kind", "sizr"], "no kind of plugin 'sizr'; .* Did you mean 'sizer'"),
        (["./mine.py:Mine"], "which kind of plugin is it. Add --kind"),
    ],
)
def test_what_cannot_be_tested_is_named(run, arguments, message):
    code, _, errors = run("test", *arguments)
    assert code == 1
    assert re.search(message, errors[0])


def test_without_pytest_it_tells_the_install_command(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytest", None)
    code, _, errors = run("test", "tradewind")
    assert code == 1
    assert "pip install 'tradewind[testing]'" in errors[0]


def test_the_kit_of_an_installed_plugin_runs_by_name(run):
    code, output, _ = run("test", "tradewind", "--name", "equal_weight")
    assert code == 0
    assert re.fullmatch(r"ok sizer 'equal_weight' \(tradewind:sizers\): \d\d passed", output[0])


_HALVES = '''
import numpy as np
import tradewind


class Halves:
    """Hold half of what equal weights would."""

    max_weight = 0.5
    budget = 0.5

    def weights(self, signals, market, portfolio):
        signs = np.where(market.tradable, np.sign(np.nan_to_num(signals.scores)), 0.0)
        return signs * 0.5 / max(np.count_nonzero(signs), 1)


@tradewind.hookimpl
def tradewind_sizers():
    yield tradewind.SizerPlugin(name="halves", create=Halves, summary="Half of equal weights.")
'''


def test_what_is_broken_in_a_distribution_fails_beside_what_is_sound(tmp_path):
    files = {"acme_sizers.py": _HALVES, "acme_broken.py": "import no_such_library"}
    write_distribution(tmp_path, "acme-sizers", "1.0", files, {"sizers": "acme_sizers", "broken": "acme_broken"})
    command = [sys.executable, "-m", "tradewind", "test", "Acme_Sizers"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    sound, broken = ran.stdout.splitlines()
    assert ran.returncode == 3
    assert sound.startswith("ok sizer 'halves' (acme-sizers:sizers): ")
    assert broken.startswith("FAILED acme-sizers:broken is broken: ")
    assert "no_such_library" in broken
    assert "1 of 2 plugins fail their kit" in ran.stderr


def test_a_kind_whose_kit_needs_a_session_is_tested_for_what_all_share(run):
    code, output, _ = run("test", "tradewind", "--kind", "broker")
    assert code == 0
    assert all(line.endswith("; this kind's own kit needs a test file") for line in output)
