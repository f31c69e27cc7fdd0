"""A built-in plugin with one line changed is found by the test meant for it."""

import pytest

from tests.zoo import mutants_builtin as mutants
from tests.zoo.table import (
    BATCH,
    BOUNDS,
    DEAD,
    FITTED,
    FUTURE,
    HELD,
    JUMPS,
    LABELS,
    MOVES,
    READS,
    RESTING,
    SAVED,
    SCENES,
    SHARED,
    TRADES,
    Sick,
)
from tradewind.testing.installed import kit_of
from tradewind.testing.kits import KitFailureError

MUTANTS = [
    Sick("factor", mutants.RocForward, FUTURE, "it looks ahead", {"bars": 3}),
    Sick("factor", mutants.SmaOfPandas, BATCH, "the step form differs from the batch form", {"bars": 7}),
    Sick("factor", mutants.RsiStandardised, FUTURE, "it looks ahead"),
    Sick("factor", mutants.AtrWithoutDeclaring, READS, "received high", {"bars": 3}),
    Sick("factor", mutants.SmaShared, SHARED, "instances influence each other", {"bars": 3}),
    Sick("strategy", mutants.HighAhead, FUTURE, "it looks ahead", {"lookback_bars": 20, "schedule": "weekly"}),
    Sick("strategy", mutants.HighWithoutWarmup, SCENES, "Declare `warmup` of at least", {"lookback_bars": 20}),
    Sick("strategy", mutants.MomentumWithoutMask, DEAD, "leaves no opinion of any other"),
    Sick("strategy", mutants.BuyOnceForAll, SHARED, "received BuyOnceForAll.bought"),
    Sick("strategy", mutants.CrossesLate, JUMPS, "passes over a bar", {"fast_bars": 3, "slow_bars": 8}),
    Sick("strategy", mutants.CorrelationUnscored, SCENES, "scores is infinite", {"lookback_bars": 20}),
    Sick("regime", mutants.ThresholdAhead, FUTURE, "it looks ahead", {"average_days": 20}),
    Sick("regime", mutants.ThresholdUnlabelled, LABELS, "an estimate has its declared labels"),
    Sick("regime", mutants.CompositeFittedLater, FITTED, "fitted_until lies between"),
    Sick("regime", mutants.CompositeForgetful, SAVED, "its state cannot be saved.*bands"),
    Sick("sizer", mutants.EqualOfAll, TRADES, "it holds what has"),
    Sick("sizer", mutants.InverseOfPrice, "test_the_size_of_the_account_does_not_matter", "ten times the capital"),
    Sick("sizer", mutants.TargetMissed, BOUNDS, "together more than budget"),
    Sick("sizer", mutants.KellyUnbounded, BOUNDS, "larger than max_weight 0.25", {"estimate_bars": 20}),
    Sick("exit", mutants.StopTheOtherWay, RESTING, "a stop lies below the entry price", {"fraction": 0.1}),
    Sick("exit", mutants.StopForAll, HELD, "closes, or sets a price for, what is not held", {"fraction": 0.1}),
    Sick("exit", mutants.TimeStopLate, MOVES, "passes over a bar on which it acts", {"bars": 3}),
    Sick("exit", mutants.TrailsSilently, MOVES, "passes over a bar on which it acts", {"fraction": 0.1}),
    Sick("exit", mutants.TrailsAhead, FUTURE, "it looks ahead", {"fraction": 0.5}),
    Sick("exit", mutants.AtrStopOfClass, SHARED, "received AtrStopOfClass.widest"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_changed_line_is_found(mutant):
    kit = kit_of(mutant.kind, mutant.plugin, mutant.params, "TestMutant")
    with pytest.raises(KitFailureError, match=mutant.message):
        getattr(kit(), mutant.test)()
