"""A gate or a breaker that fails, answers wrongly or writes into what it is shown stops the run, and is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tradewind
from tradewind.errors import PluginError

PRICES = pd.DataFrame({"AA": np.linspace(10.0, 20.0, 40)}, index=pd.bdate_range("2024-01-01", periods=40))
HEAD = """import sys
from tradewind.contracts import Reading, Verdict
from tradewind.model import Standing
class Mine:
"""
GATE = HEAD + "    def check(self, batch, account):\n        {line}\n"
BREAKER = (
    HEAD + "    def observe(self, view):\n        {line}\n    def rearm(self, view): ...\n"
    "    def state(self): return {{}}\n    def restore(self, state): ...\n"
)
QUIET = BREAKER + "    def quiet(self, path):\n        {quiet}\n    def pass_over(self, path, bars): ...\n"


def idea(folder: Path, section: str, text: str) -> dict[str, object]:
    (folder / "mine.py").write_text(text)
    return {
        "strategy": {"name": "high_52w", "params": {"lookback_bars": 5}},
        "sizer": "equal_weight",
        "risk": {section: [{"python": f"{folder / 'mine.py'}:Mine"}]},
    }


def message_of(folder: Path, section: str, text: str) -> str:
    with pytest.raises(PluginError) as caught:
        tradewind.backtest(idea(folder, section, text), PRICES)
    return str(caught.value)


@pytest.mark.parametrize("line", ["return 1 / (account.bar - account.bar)", "sys.exit(0)", "return batch.nothing"])
def test_a_gate_that_raises_is_told_with_bar_file_and_line(tmp_path: Path, line: str) -> None:
    text = message_of(tmp_path, "gates", GATE.format(line=line))
    assert "Mine.check raised" in text
    assert "at bar" in text
    assert f"(mine.py:6 in `{line}`)" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("raise Mute", "Mine.check raised Mute at bar 4: its text cannot be made (mine.py:13 in `raise Mute`)"),
        ("return Mute()", "Mine.check returned a Mute, which cannot be shown at bar 4; return a list of Verdicts"),
    ],
)
def test_what_has_no_text_is_told_without_it(tmp_path: Path, line: str, told: str) -> None:
    mute = "class Mute(Exception):\n" + "".join(
        f"    def {name}(self):\n        raise ValueError\n\n" for name in ("__str__", "__repr__")
    )
    assert told in message_of(tmp_path, "gates", mute + GATE.format(line=line))


@pytest.mark.parametrize(
    "line", ["return [][view.bar]", "sys.exit('enough')", "view.references['vix'] = 12.0", "view.equity = 0.0"]
)
def test_a_breaker_that_raises_is_told_with_bar_file_and_line(tmp_path: Path, line: str) -> None:
    text = message_of(tmp_path, "breakers", BREAKER.format(line=line))
    assert "Mine.observe raised" in text
    assert "at bar 0" in text
    assert f"(mine.py:6 in `{line}`)" in text


@pytest.mark.parametrize(
    ("answer", "received"),
    [
        ("None", "returned None"),
        ("'no'", "returned 'no' (str)"),
        ("['no']", "a list with 'no' (str)"),
        ("[(0, 0.0, 'a', 'b')]", "a list with (0, 0.0, 'a', 'b') (tuple)"),
        ("[Verdict(0, '5', 'a', 'b')]", "a list with Verdict(order=0, quantity='5'"),
        ("[Verdict(True, 5.0, 'a', 'b')]", "a list with Verdict(order=True"),
        ("(one for one in ())", "(generator)"),
    ],
)
def test_a_gate_that_returns_no_verdicts_lets_nothing_pass(tmp_path: Path, answer: str, received: str) -> None:
    text = message_of(tmp_path, "gates", GATE.format(line=f"return {answer}"))
    assert received in text
    assert "; return " in text
    assert "Verdict" in text


@pytest.mark.parametrize(
    "answer", ["None", "'halted'", "Standing.HALTED", "Reading(4)", "Reading(Standing.HALTED, None)"]
)
def test_a_breaker_that_returns_no_reading_stops_the_run(tmp_path: Path, answer: str) -> None:
    text = message_of(tmp_path, "breakers", BREAKER.format(line=f"return {answer}"))
    assert "Mine.observe returned" in text
    assert "return tradewind.contracts.Reading(" in text


@pytest.mark.parametrize(
    ("quiet", "told"),
    [("return None", "returned None"), ("return 10**6", "1000000 (int)"), ("return -1", "-1"), ("1 / 0", "raised")],
)
def test_a_breaker_that_miscounts_the_quiet_bars_stops_the_run(tmp_path: Path, quiet: str, told: str) -> None:
    text = message_of(tmp_path, "breakers", QUIET.format(line="return Reading()", quiet=quiet))
    assert "Mine.quiet" in text
    assert told in text


def test_a_breaker_with_half_of_what_lets_a_backtest_jump_is_refused(tmp_path: Path) -> None:
    text = BREAKER.format(line="return Reading()") + "    def quiet(self, path): return 0\n"
    assert "has quiet and no pass_over" in message_of(tmp_path, "breakers", text)


@pytest.mark.parametrize(
    "line",
    [
        "batch.quantities[:] = batch.quantities * 3; return []",
        "batch.openings[:] = 0.0; return []",
        "batch.held[0] = 1e9; return []",
        "batch.prices *= 0.1; return []",
        "account.sector_values[:] = 0.0; return []",
        "account.working['AA'] = (); return []",
    ],
)
def test_a_gate_cannot_write_into_what_it_is_shown(tmp_path: Path, line: str) -> None:
    assert f"(mine.py:6 in `{line}`)" in message_of(tmp_path, "gates", GATE.format(line=line))


@pytest.mark.parametrize(
    "line",
    [
        "batch.quantities.base[:] *= 3; return []",
        "object.__setattr__(batch, 'quantities', batch.quantities * 3); return []",
    ],
)
def test_a_gate_that_writes_round_the_lock_is_found_out(tmp_path: Path, line: str) -> None:
    assert "has written into batch.quantities" in message_of(tmp_path, "gates", GATE.format(line=line))


def test_the_path_of_a_breaker_is_read_only(tmp_path: Path) -> None:
    text = QUIET.format(line="return Reading()", quiet="path.equity[:] = 1.0; return 0")
    assert "Mine.quiet raised ValueError" in message_of(tmp_path, "breakers", text)


def test_a_sound_breaker_and_gate_of_ones_own_act(tmp_path: Path) -> None:
    halts = idea(tmp_path, "breakers", BREAKER.format(line="return Reading(Standing.HALTED, 'mine')"))
    assert len(tradewind.backtest(halts, PRICES).orders) == 0
    refuses = GATE.format(line="return [Verdict(n, 0.0, 'mine', 'no') for n in range(len(batch))]")
    assert len(tradewind.backtest(idea(tmp_path, "gates", refuses), PRICES).orders) == 0
    allows = tradewind.backtest(idea(tmp_path, "gates", GATE.format(line="return ()")), PRICES)
    assert len(allows.orders) > 0


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("'high'", "Mine.stage is 'high' (str); it is a whole number: lower stages are asked first"),
        ("None", "Mine.stage is None; it is a whole number"),
        ("property(lambda self: 1 / 0)", "Mine.stage raised ZeroDivisionError before the first bar"),
    ],
)
def test_a_gate_without_a_place_among_others_is_told(tmp_path: Path, stage: str, told: str) -> None:
    assert told in message_of(tmp_path, "gates", GATE.format(line="return []") + f"    stage = {stage}\n")
