"""``tradewind test``: kits over installed plugins and over a file, without a test file."""

import re
import sys

import pytest

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
