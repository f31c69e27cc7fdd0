"""Each sick plugin is found by the test meant for it, in the words meant for it; no healthy one is."""

from collections import Counter

import pytest

from tests.zoo.table import HEALTHY, SICK
from tradewind.testing.installed import kit_of
from tradewind.testing.kits import KitFailureError


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


def test_there_are_enough_of_each():
    counts = Counter(sick.kind for sick in SICK)
    assert min(counts.values()) >= 10
    assert len(HEALTHY) >= 20
