"""The guide says what the command does, and its example of a cheat is one."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from tests.verify.planted import Plain, idea, one, prices, verdict_on
from tradewind.cli.verify import FOUND, verify
from tradewind.verify.futures import FUTURES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide" / "verify.md").read_text()


def test_every_option_is_told():
    documented = set(re.findall(r"`--([\w-]+)", GUIDE))
    names = {"overrides": "set", "as_json": "json", "extra": "config", "runs": "run", "config": "run"}
    options = {names.get(name, name).replace("_", "-") for name in inspect.signature(verify).parameters}
    assert options <= documented


def test_every_check_is_told():
    config = idea({"name": "high_52w", "params": {"lookback_bars": 20}})
    told = {check.name for check in verdict_on(config, cuts=1, whole_cuts=1).checks}
    assert told == {"again", "windows", "history", "step forms", "streamed", "warm-up"}
    assert told <= set(re.findall(r"^\| `([\w -]+)` \|", GUIDE, flags=re.MULTILINE))


def test_what_is_not_checked_is_told():
    text = GUIDE[GUIDE.index("It says nothing of") :]
    for line in verdict_on(idea(), cuts=1, whole_cuts=0).not_checked:
        words = [word for word in re.findall(r"\w{8,}", line.lower()) if word in text.lower()]
        assert words, line


def test_the_exit_code_is_in_the_reference_and_the_readme():
    assert re.search(
        rf"^\| {FOUND} \| .*tradewind verify", (ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE
    )
    assert f"{FOUND} a finding of verify" in (ROOT / "README.md").read_text()
    assert f"| {FOUND} |" in GUIDE


def test_there_are_as_many_futures_as_told():
    sentence = re.search(r"The futures: (.*?)\.", GUIDE)
    assert sentence is not None
    assert len(re.split(r", and |, ", sentence[1])) == len(FUTURES)


def test_the_confidence_is_the_one_told():
    assert pytest.approx(0.985, abs=5e-4) == 1.0 - 0.9**40
    assert "40 find it with 98.5 %" in GUIDE


class BuyTheWeek(Plain):
    """The guide's cheat: the week's last close on its first day."""

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        friday = min(market.bar + 4, len(close) - 1)
        return one(close[friday] / close[market.bar - 5])


def test_the_cheat_of_the_guide_is_found_with_the_close_of_the_friday():
    bars = prices(200)
    (finding,) = verdict_on(idea(BuyTheWeek), bars, cuts=4, whole_cuts=0).findings
    bar = int(re.search(r"of bar (\d+)", finding.cause)[1])
    day = bars.timestamps[finding.bar].astype("datetime64[D]")
    assert bars.timestamps[bar].astype("datetime64[D]") - day == np.timedelta64(4, "D")
