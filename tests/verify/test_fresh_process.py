"""What a class or a module keeps hides nothing: the plan is run bar by bar in a process that knows no history."""

import pytest

from tradewind.config.loader import load_plan
from tradewind.errors import PluginError
from tradewind.registry import Registry
from tradewind.runs.verification import verify_plan

PLUGINS = '''
import os
from functools import lru_cache

import numpy as np
from tradewind import Signals

_KEPT = {}


def best(values):
    scores = np.zeros(len(values))
    scores[np.argsort(-np.nan_to_num(values, nan=-1.0), kind="stable")[:2]] = 1.0
    return Signals(scores=scores)


class Honest:
    """Hold what has risen."""

    schedule = "monthly"
    warmup = 40

    def on_bar(self, market, portfolio):
        return best(market.current("close") / market.current("close", -20))


class KeptInModule(Honest):
    """Remember what rises next, by what is known today."""

    def on_bar(self, market, portfolio):
        now = market.current("close")
        if now.tobytes() not in _KEPT:
            close = market.fields["close"]
            _KEPT[now.tobytes()] = close[min(market.bar + 20, len(close) - 1)] / now
        return best(_KEPT[now.tobytes()])


class KeptInClass(Honest):
    """Fit once, on all there is."""

    fits = {}

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        return best(self.fits.setdefault(close.shape[1], np.nanmax(close, axis=0) / close[0]))


class Rises:
    """The return of the next five bars, remembered by today's closes."""

    needs = ("close",)

    def compute(self, bars):
        close = bars.fields["close"]
        for bar in range(len(close)):
            _KEPT.setdefault(close[bar].tobytes(), close[min(bar + 5, len(close) - 1)] / close[bar])
        return np.array([_KEPT[row.tobytes()] for row in close])

    def start(self, symbols):
        return self

    def step(self, row):
        return _KEPT.setdefault(row["close"].tobytes(), row["close"] * 0.0)


class KeptInFactor(Honest):
    """Hold what the factor likes."""

    def __init__(self):
        self.factors = {"rises": Rises()}

    def on_bar(self, market, portfolio):
        return best(market.factor("rises"))


class KeptInSizer:
    """Weights by tomorrow, remembered by today."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        now = market.current("close")
        if now.tobytes() not in _KEPT:
            close = market.fields["close"]
            _KEPT[now.tobytes()] = close[min(market.bar + 1, len(close) - 1)] / now
        weights = np.where(signals.scores > 0, np.exp(np.nan_to_num(_KEPT[now.tobytes()])), 0.0)
        return weights / weights.sum()


class Notes:
    """The close, noted with the one before it."""

    needs = ("close",)

    def compute(self, bars):
        steps = self.start(0)
        return np.array([steps.step({"close": row}) for row in bars.fields["close"]])

    def start(self, symbols):
        return NotesStep()


class NotesStep:
    """The note is of what is known; what a factor has noted over a whole history is not."""

    before = b""

    def step(self, row):
        now = row["close"]
        _KEPT.setdefault(self.before, now.copy())
        self.before = now.tobytes()
        return now.copy()


class Noted(Notes):
    """What the notes say of the close that comes next."""

    def compute(self, bars):
        return np.array([self.step({"close": row}) for row in bars.fields["close"]])

    def start(self, symbols):
        return self

    def step(self, row):
        return _KEPT.get(row["close"].tobytes(), row["close"]) / row["close"]


class AsksNotes(Honest):
    """Hold what its factor has noted to rise."""

    def __init__(self):
        self.factors = {"notes": Notes()}

    def on_bar(self, market, portfolio):
        now = market.current("close")
        return best(_KEPT.get(now.tobytes(), now) / now)


class TakesNotes(Honest):
    """Have a factor take notes for whoever wants them."""

    def __init__(self):
        self.factors = {"notes": Notes()}


class SizesByNotes:
    """Weights by another plugin's notes of tomorrow."""

    max_weight = 1.0
    budget = 1.0

    def __init__(self):
        self.factors = {"noted": Noted()}

    def weights(self, signals, market, portfolio):
        weights = np.where(signals.scores > 0, np.exp(np.nan_to_num(market.factor("noted"))), 0.0)
        return weights / weights.sum()


@lru_cache(maxsize=None)
def risen(now, then):
    return tuple(np.array(now) / np.array(then))


class HonestCache(Honest):
    """What is kept rests on what is known."""

    def on_bar(self, market, portfolio):
        now, then = market.current("close"), market.current("close", -20)
        return best(np.array(risen(tuple(now.tolist()), tuple(then.tolist()))))


class Leaves(Honest):
    """End the process that is not the first."""

    def on_bar(self, market, portfolio):
        if os.environ.get("PYTHONHASHSEED") == "4711":
            os.write(2, b"no licence left\\n")
            os._exit(7)
        return super().on_bar(market, portfolio)
'''


def verdict_on(project, strategy="Honest", sizer="equal_weight"):
    (project / "kept.py").write_text(PLUGINS)
    (project / "kept.yaml").write_text(
        "name: kept\nrisk: off\n"
        "data: {feed: sample, symbols: [AAPL, KO, MSFT, XOM], start: 2007-01-03, end: 2008-06-30}\n"
        f'strategy: {{python: "./kept.py:{strategy}"}}\nsizer: {sizer}\n'
    )
    return verify_plan(load_plan([project / "kept.yaml"]), Registry.load(), cuts=2, whole_cuts=0, seed=0)


@pytest.mark.parametrize(
    ("strategy", "sizer", "culprit", "what"),
    [
        ("KeptInModule", "equal_weight", "strategy ./kept.py:KeptInModule of sleeve main", "signals"),
        ("KeptInClass", "equal_weight", "strategy ./kept.py:KeptInClass of sleeve main", "signals"),
        ("KeptInFactor", "equal_weight", "strategy ./kept.py:KeptInFactor of sleeve main", "factor 'rises' of AAPL"),
        ("Honest", '{python: "./kept.py:KeptInSizer"}', "sizer ./kept.py:KeptInSizer of sleeve main", "weights"),
        ("AsksNotes", "equal_weight", "strategy ./kept.py:AsksNotes of sleeve main", "signals"),
        (
            "TakesNotes",
            '{python: "./kept.py:SizesByNotes"}',
            "sizer ./kept.py:SizesByNotes of sleeve main",
            "factor 'noted' of AAPL",
        ),
    ],
)
def test_a_leak_that_a_process_remembers_is_found_in_a_fresh_one(project, strategy, sizer, culprit, what):
    (found,) = verdict_on(project, strategy, sizer).findings
    assert (found.rule, found.plugin, found.what) == ("stream_differs", culprit, what)
    assert "keeps from one run to the next hides what is read ahead" in found.remedy


def test_a_cache_of_what_is_known_is_no_finding(project):
    verdict = verdict_on(project, "HonestCache")
    assert verdict.passed
    assert any(check.name == "streamed" and check.extent.endswith("in a fresh process") for check in verdict.checks)
    assert not any("in one process" in line for line in verdict.not_checked)


def test_a_plugin_that_ends_the_fresh_process_is_told_with_its_last_words(project):
    with pytest.raises(PluginError, match=r"ended with 7: no licence left\. Look for a plugin that ends the process"):
        verdict_on(project, "Leaves")
