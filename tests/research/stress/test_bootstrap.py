"""The bootstrap against direct simulation and closed forms."""

import math
import tracemalloc

import numpy as np
import pytest

from tradewind.errors import DataError
from tradewind.research.stress.bootstrap import (
    block_length,
    politis_white,
    resample_rows,
    survival,
    worst_drawdowns,
)

RETURNS = np.random.default_rng(11).normal(0.0004, 0.011, 1_500)


def naive_drawdown(logarithms):
    """Return the largest logarithmic drawdown from 0, step by step."""
    level = high = worst = 0.0
    for one in logarithms:
        level += one
        high = max(high, level)
        worst = max(worst, high - level)
    return worst


def worst_drawdowns_of_each(returns):
    return np.array([naive_drawdown(row) for row in np.log1p(returns)])


def test_survival_never_rises_with_the_horizon_nor_falls_with_the_limit():
    limits, horizons = (0.05, 0.08, 0.12, 0.2, 0.4), (20, 60, 252, 500)
    found = survival(
        RETURNS, drawdowns=limits, horizons=horizons, mean_block=10.0, paths=500, histories=20, paths_per_history=50
    )
    table = np.array([one.probability for one in found]).reshape(len(limits), len(horizons))
    assert (np.diff(table, axis=0) >= 0.0).all()
    assert (np.diff(table, axis=1) <= 0.0).all()
    assert table.min() < 0.1 < 0.9 < table.max()
    for one in found:
        low, high = one.history_interval
        inner_low, inner_high = one.simulation_interval
        assert 0.0 <= low <= inner_low <= one.probability <= inner_high <= high <= 1.0


def test_the_order_of_horizons_means_nothing():
    def drawn(horizons):
        return worst_drawdowns(RETURNS, horizons, 50, 5.0, np.random.default_rng(1))

    assert drawn((252, 20))[:, ::-1].tolist() == drawn((20, 252)).tolist()


def test_independent_returns_survive_as_often_as_in_a_direct_simulation():
    generator = np.random.default_rng(5)
    history = generator.normal(0.0003, 0.01, 200_000)
    fresh = generator.normal(0.0003, 0.01, (4_000, 252))
    direct = worst_drawdowns_of_each(fresh)
    found = survival(history, drawdowns=(0.08, 0.12, 0.15), horizons=(252,), mean_block=1.0, paths=10_000, histories=0)
    for one in found:
        share = float((direct < -math.log1p(-one.drawdown)).mean())
        error = math.sqrt(share * (1 - share) * (1 / 4_000 + 1 / 10_000))
        assert one.probability == pytest.approx(share, abs=4.0 * error)


def test_drawdowns_are_those_of_a_plain_loop():
    logarithms = np.log1p(RETURNS)
    worst = worst_drawdowns(logarithms, (100, 300), 40, 7.0, np.random.default_rng(2))
    rows = resample_rows(len(RETURNS), 40, 300, 7.0, np.random.default_rng(2))
    for path in range(40):
        curve = logarithms[rows[path]]
        assert worst[path] == pytest.approx([naive_drawdown(curve[:100]), naive_drawdown(curve)], abs=1e-12)


def test_endless_blocks_are_stretches_of_the_history():
    rows = resample_rows(1_000, 200, 2_500, math.inf, np.random.default_rng(3))
    assert ((np.diff(rows, axis=1) % 1_000) == 1).all()
    assert len(np.unique(rows[:, 0])) > 150


def test_blocks_of_one_are_independent_draws():
    rows = resample_rows(1_000, 100, 1_000, 1.0, np.random.default_rng(4))
    assert ((np.diff(rows, axis=1) % 1_000) == 1).mean() == pytest.approx(1e-3, abs=5e-4)
    assert np.corrcoef(rows[:, :-1].ravel(), rows[:, 1:].ravel())[0, 1] == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("mean_block", [2.0, 10.0, 50.0])
def test_blocks_are_geometric_with_the_mean_asked_for(mean_block):
    rows = resample_rows(100_000, 20, 100_000, mean_block, np.random.default_rng(5))
    goes_on = (np.diff(rows, axis=1) % 100_000) == 1
    assert goes_on.mean() == pytest.approx(1.0 - 1.0 / mean_block, abs=0.002)
    # Whether a block ends does not depend on whether the one before it just did.
    assert goes_on[:, 1:][goes_on[:, :-1]].mean() == pytest.approx(goes_on.mean(), abs=0.004)


def test_every_return_is_drawn_equally_often():
    rows = resample_rows(50, 1_000, 500, 8.0, np.random.default_rng(6))
    counts = np.bincount(rows.ravel(), minlength=50)
    assert counts / counts.mean() == pytest.approx(np.ones(50), abs=0.06)


def test_the_seed_decides():
    def drawn(seed):
        return survival(RETURNS, drawdowns=(0.15,), horizons=(252,), mean_block=5.0, paths=400, seed=seed, histories=5)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_calm_history_always_survives_and_a_falling_one_never():
    (calm,) = survival(np.full(100, 0.001), drawdowns=(0.01,), horizons=(252,), mean_block=5.0, paths=100)
    (falling,) = survival(np.full(100, -0.001), drawdowns=(0.01,), horizons=(252,), mean_block=5.0, paths=100)
    assert (calm.probability, falling.probability) == (1.0, 0.0)
    # Wilson's interval at 100 of 100: 100 / (100 + 1.96^2).
    assert calm.simulation_interval == (pytest.approx(100 / 103.8415, abs=1e-6), 1.0)


def test_exactly_the_limit_is_no_survival():
    (one,) = survival(np.array([-0.5, *[0.0] * 99]), drawdowns=(0.5,), horizons=(100,), mean_block=math.inf, paths=100)
    assert one.probability == 0.0


@pytest.mark.parametrize("correlation", [0.1, 0.4, 0.7, -0.4])
def test_the_block_rule_finds_the_optimum_of_an_autoregression(correlation):
    noise = np.random.default_rng(7).normal(size=100_000)
    values = np.empty_like(noise)
    values[0] = noise[0]
    for number in range(1, len(noise)):
        values[number] = correlation * values[number - 1] + noise[number]
    # G and D of an AR(1) in closed form (Patton, Politis and White 2009, section 2).
    best = (2.0 * abs(correlation) / (1.0 - correlation**2)) ** (2.0 / 3.0) * len(noise) ** (1.0 / 3.0)
    assert politis_white(values) == pytest.approx(best, rel=0.1)


def test_independent_values_need_blocks_of_about_one():
    lengths = [politis_white(np.random.default_rng(seed).normal(size=2_000)) for seed in range(20)]
    assert np.median(lengths) < 4.0
    assert politis_white(np.zeros(500)) == 1.0


def test_clusters_of_turmoil_make_blocks_longer_than_the_returns_alone_would():
    generator = np.random.default_rng(8)
    turmoil = np.repeat(generator.choice([0.5, 2.0], 60), 40)
    values = generator.normal(0.0, 0.01, 2_400) * turmoil
    assert block_length(values) > 3.0 * politis_white(values)
    assert block_length(values) <= math.ceil(3.0 * math.sqrt(2_400))


def clustered(paths, bars, seed):
    """Return returns whose variance is a persistent GARCH(1, 1), shape (paths, bars)."""
    generator = np.random.default_rng(seed)
    variance = np.full(paths, 1e-4)
    found = np.empty((paths, bars + 500))
    for bar in range(bars + 500):
        found[:, bar] = np.sqrt(variance) * generator.normal(size=paths)
        variance = 2e-6 + 0.08 * found[:, bar] ** 2 + 0.90 * variance
    return found[:, 500:]


def test_with_clusters_the_chosen_blocks_come_nearer_the_truth_than_single_bars():
    limits = (0.1, 0.15, 0.2)
    depths = worst_drawdowns_of_each(clustered(4_000, 252, 1))
    truth = np.array([(depths < -math.log1p(-limit)).mean() for limit in limits])
    histories = clustered(20, 8_000, 2)

    def error(mean_block):
        found = [
            [
                one.probability
                for one in survival(
                    history, drawdowns=limits, horizons=(252,), mean_block=mean_block(history), paths=1_000, histories=0
                )
            ]
            for history in histories
        ]
        return float(np.abs(np.mean(found, axis=0) - truth).sum())

    assert error(block_length) < 0.7 * error(lambda _: 1.0)


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.full(59, 0.01), "received 59 returns; at least 60"),
        (np.array([0.01] * 99 + [np.nan]), "finite and above -1"),
        (np.array([0.01] * 99 + [-1.0]), "finite and above -1"),
        (np.array([0.01] * 99 + [np.inf]), "finite and above -1"),
    ],
)
def test_returns_that_say_nothing_are_refused(returns, words):
    with pytest.raises(DataError, match=words):
        survival(returns, drawdowns=(0.1,), horizons=(10,), mean_block=2.0, paths=10)


def test_ten_thousand_paths_of_five_years_need_less_than_200_megabytes():
    tracemalloc.start()
    survival(RETURNS, drawdowns=(0.12,), horizons=(252, 1_260), mean_block=10.0, histories=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6
