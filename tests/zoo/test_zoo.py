"""Each sick plugin is found by the test meant for it, in the words meant for it; no healthy one is."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from tests.zoo import sick_memories
from tests.zoo.table import HEALTHY, SICK
from tradewind.testing.installed import kit_of
from tradewind.testing.kits import KitFailureError


class UnequalForms:
    """Mean of the last twenty closes: pandas for all bars, a sum of its own bar by bar."""

    needs = ("close",)

    def compute(self, bars):
        return pd.DataFrame(bars.fields["close"]).rolling(20).mean().ffill().to_numpy()

    def start(self, symbols):
        return SummedSteps(symbols)


class SummedSteps:
    def __init__(self, symbols):
        self.closes = [[] for _ in range(symbols)]
        self.last = np.full(symbols, np.nan)

    def step(self, row):
        for column, close in enumerate(row["close"]):
            if close == close:
                self.closes[column] = [*self.closes[column], float(close)][-20:]
                if len(self.closes[column]) == 20:
                    self.last[column] = sum(self.closes[column]) / 20.0
        return self.last.copy()


def _kit(kind, plugin, params=None):
    return kit_of(kind, plugin, params or {}, "TestZoo")


@pytest.mark.parametrize("sick", SICK, ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_sick_plugin_is_found_by_the_test_meant_for_it(sick):
    kit = _kit(sick.kind, sick.plugin, sick.params)
    with pytest.raises(KitFailureError, match=sick.message):
        getattr(kit(), sick.test)()


@pytest.mark.parametrize(("kind", "plugin"), HEALTHY, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_healthy_plugin_passes_every_test(kind, plugin):
    kit = _kit(kind, plugin)
    tests = [name for name in dir(kit) if name.startswith("test_")]
    assert len(tests) >= 14
    for name in tests:
        getattr(kit(), name)()


def test_a_factor_whose_forms_differ_is_not_said_to_look_ahead():
    kit = _kit("factor", UnequalForms)()
    kit.test_the_future_changes_nothing()
    with pytest.raises(KitFailureError, match="the step form differs from the batch form"):
        kit.test_batch_and_step_are_equal_to_the_last_bit()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_a_class_keeps_is_found_whatever_was_asked_before():
    kit = _kit("strategy", sick_memories.KeptInClass)
    kit().test_it_answers_in_every_scene()
    with pytest.raises(KitFailureError, match=r"an attribute of the class.*received KeptInClass\.fits"):
        kit().test_two_of_them_share_nothing()


def test_there_are_enough_of_each():
    counts = Counter(sick.kind for sick in SICK)
    assert min(counts.values()) >= 10
    assert len(HEALTHY) >= 20
