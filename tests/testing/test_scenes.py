"""The made-up markets: sound bars, always the same, with the trouble that each is named after."""

import subprocess
import sys

import numpy as np
import pytest

from tradewind.testing.scenes import SCENES, another_future, copied, scene, with_dead_symbol, with_series
from tradewind.validation import validate

BARS = 180


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_made_of_possible_bars(name):
    fields = scene(name, BARS).fields
    opened, high, low, close, volume = (fields[one] for one in ("open", "high", "low", "close", "volume"))
    there = np.isfinite(close)
    for values in fields.values():
        assert (np.isfinite(values) == there).all()
    assert (low[there] > 0).all()
    assert (volume[there] >= 0).all()
    assert (low[there] <= np.minimum(opened, close)[there]).all()
    assert (high[there] >= np.maximum(opened, close)[there]).all()


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_says_what_it_shows_and_has_its_references(name):
    assert (SCENES[name].__doc__ or "").strip().endswith(".")
    assert set(scene(name, BARS).references) == {"benchmark", "vix"}
    assert len(scene(name, BARS)) == BARS


def test_scenes_hold_what_they_are_named_after():
    shown = {name: scene(name, BARS).fields for name in SCENES}
    close = {name: fields["close"] for name, fields in shown.items()}
    moves = {name: np.abs(np.log(values[1:] / values[:-1])) for name, values in close.items()}
    assert np.isfinite(close["ordinary"]).all()
    assert np.isnan(close["halts"][3:]).any()
    assert np.isfinite(close["halts"][:3]).all()
    assert np.nanmax(np.abs(shown["gaps"]["open"][1:] / close["gaps"][:-1] - 1.0)) > 0.25
    assert (shown["zero_volume"]["volume"] == 0.0).any()
    assert close["one_symbol"].shape[1] == 1
    assert close["crowd"].shape[1] == 500
    assert scene("late_start", BARS).first_bars.max() > BARS - 10
    assert scene("early_end", BARS).end_bars.min() < BARS - 20
    locked = shown["limit_days"]["high"] == shown["limit_days"]["low"]
    assert np.allclose(np.abs(close["limit_days"][1:] / close["limit_days"][:-1] - 1.0)[locked[1:]], 0.1)
    assert locked.any()
    assert np.nanmax(moves["splits"]) > 2.0
    assert (np.diff(close["flat"], axis=0)[-30:] == 0.0).all()
    assert np.nanmin(close["extreme"]) < 1e-3
    assert np.nanmax(close["extreme"]) > 1e5
    assert np.isnan(close["dark_bars"]).all(axis=1).any()


def test_only_named_troubles_make_moves_of_a_tenth_of_a_year():
    ordinary = scene("ordinary", BARS).fields["close"]
    assert np.abs(ordinary[1:] / ordinary[:-1] - 1.0).max() < 0.1


@pytest.mark.parametrize("name", SCENES)
def test_the_check_before_a_run_accepts_the_prices(name):
    found = [one for one in validate(scene(name, BARS)).errors if one.reason != "not a session of XNYS"]
    assert not found


def test_another_process_makes_the_same_scenes():
    text = "from tradewind.testing.scenes import SCENES, scene\nprint(*(scene(name, 90).sha256() for name in SCENES))"
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [scene(name, 90).sha256() for name in SCENES]


@pytest.mark.parametrize("name", ["ordinary", "halts", "early_end"])
def test_another_future_begins_after_the_cut(name):
    bars, cut = scene(name, BARS), 100
    changed = another_future(bars, cut)
    for field, values in bars.fields.items():
        assert np.array_equal(changed.fields[field][: cut + 1], values[: cut + 1], equal_nan=True)
        later = values[cut + 1 :] == changed.fields[field][cut + 1 :]
        assert not later.any()
    before, after = (one.references["vix"].fields["close"] for one in (bars, changed))
    assert np.array_equal(before[: cut + 1], after[: cut + 1])
    assert not (before[cut + 1 :] == after[cut + 1 :]).any()
    assert changed.sha256() == another_future(bars, cut).sha256()
    assert changed.sha256() != another_future(bars, cut, seed=1).sha256()


def test_another_future_goes_on_from_the_last_close():
    bars = scene("ordinary", BARS)
    close = another_future(bars, 100).fields["close"]
    first = np.nanmax(np.abs(close[101] / close[100] - 1.0))
    assert 0.0 < first < 0.4


def test_series_that_scenes_lack_are_made_up():
    bars = with_series(scene("halts", BARS), ("earnings",), ("credit",))
    assert np.array_equal(np.isfinite(bars.fields["earnings"]), np.isfinite(bars.fields["close"]))
    assert "credit" in bars.references
    assert with_series(bars, ("earnings",), ("vix",)) is bars


def test_a_dead_symbol_stands_in_front_and_never_trades():
    bars = with_dead_symbol(scene("ordinary", BARS))
    assert bars.symbols[0] == "DEAD"
    assert np.isnan(bars.fields["close"][:, 0]).all()


def test_a_copy_can_be_written_to_without_harm():
    bars = scene("ordinary", BARS)
    mine = copied(bars)
    behind = mine.fields["close"].base
    behind[:] = 0.0
    assert (bars.fields["close"] > 0).all()
