"""Risk over time: each sample is what the single measures say at that close, and sees nothing after it."""

import math

import numpy as np
import pytest

from tests.risk.measures.oracles import managers
from tradewind.errors import DataError, UserError
from tradewind.risk.measures import (
    RiskHistory,
    factor_exposure,
    measure_concentration,
    measure_diversification,
    measure_exposure,
    risk_history,
    tail_risk,
)

BARS, ASSETS, WINDOW, EVERY = 200, 6, 40, 7
SECTORS = ("tech", "energy", "tech", "", "energy", "health")


def _run(seed: int = 1) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    market = generator.normal(0.0003, 0.01, BARS)
    moves = market[:, np.newaxis] + generator.standard_t(5, (BARS, ASSETS)) * 0.01
    weights = generator.normal(0.1, 0.2, (BARS, ASSETS)) * (generator.random((BARS, ASSETS)) < 0.7)
    weights[90:120] = 0.0
    equity = np.concatenate([[0.0], (weights[:-1] * moves[1:]).sum(axis=1)])
    dates = np.datetime64("2020-01-01", "ns") + np.arange(BARS) * np.timedelta64(1, "D")
    return {"dates": dates, "equity_returns": equity, "weights": weights, "asset_returns": moves, "market": market}


def _history(run: dict[str, np.ndarray], **changes) -> RiskHistory:
    settings = {"window": WINDOW, "every": EVERY, "factors": {"market": run["market"]}, **changes}
    return risk_history(run["dates"], run["equity_returns"], run["weights"], run["asset_returns"], SECTORS, **settings)


def test_samples_are_every_k_bars_and_end_with_the_last() -> None:
    run = _run()
    found = _history(run)
    assert found.bars[-1] == BARS - 1
    assert found.bars[0] == (BARS - 1) % EVERY
    assert set(np.diff(found.bars)) == {EVERY}
    assert (found.dates == run["dates"][found.bars]).all()
    assert (found.window, found.every) == (WINDOW, EVERY)


def test_exposures_and_concentration_are_those_of_the_single_measures_from_the_first_sample_on() -> None:
    run = _run()
    found = _history(run)
    assert found.sectors == ("energy", "health", "tech", "unknown")
    for sample, bar in enumerate(found.bars):
        exposure = measure_exposure(run["weights"][bar], SECTORS)
        concentration = measure_concentration(run["weights"][bar])
        assert found.gross[sample] == pytest.approx(exposure.gross)
        assert found.net[sample] == pytest.approx(exposure.net)
        assert found.sector_gross[sample] == pytest.approx([sector.gross for sector in exposure.sectors])
        assert found.sector_net[sample] == pytest.approx([sector.net for sector in exposure.sectors])
        assert found.largest[sample] == pytest.approx(concentration.largest)
        assert found.herfindahl[sample] == pytest.approx(concentration.herfindahl, nan_ok=True)
        assert found.effective_positions[sample] == pytest.approx(concentration.effective_positions, nan_ok=True)


def test_what_looks_back_is_that_of_the_single_measures_on_the_window_that_ends_with_the_bar() -> None:
    run = _run()
    found = _history(run)
    compared = 0
    for sample, bar in enumerate(found.bars):
        window = slice(bar - WINDOW + 1, bar + 1)
        if bar < WINDOW - 1:
            assert math.isnan(found.volatility[sample])
            assert math.isnan(found.betas[sample, 0])
            assert math.isnan(found.tail().value_at_risk[sample])
            continue
        compared += 1
        expected = measure_diversification(run["asset_returns"][window], run["weights"][bar])
        assert found.volatility[sample] == pytest.approx(expected.volatility)
        for column, name in (
            ("diversification_ratio", "ratio"),
            ("average_correlation", "average_correlation"),
            ("weighted_correlation", "weighted_correlation"),
            ("effective_bets", "effective_bets"),
        ):
            assert getattr(found, column)[sample] == pytest.approx(getattr(expected, name), nan_ok=True)
        beta = factor_exposure(run["equity_returns"][window], {"market": run["market"][window]}).beta("market")
        assert found.betas[sample, 0] == pytest.approx(beta)
        samples = {
            "holdings": run["asset_returns"][window] @ run["weights"][bar],
            "equity": run["equity_returns"][window],
        }
        for tail in found.tails:
            risk = tail_risk(samples[tail.basis], method=tail.method, level=tail.level)
            assert tail.value_at_risk[sample] == pytest.approx(risk.value_at_risk, abs=1e-12)
            assert tail.expected_shortfall[sample] == pytest.approx(risk.expected_shortfall, abs=1e-12)
            assert tail.within_domain[sample] == risk.within_domain
    assert compared == 23
    assert len(found.tails) == 2 * 3 * 2


def test_cutting_the_run_at_a_sample_leaves_what_was_measured_before() -> None:
    run = _run()
    whole = _history(run)
    cut = {name: values[: BARS - 5 * EVERY] for name, values in run.items()}
    short = _history(cut)
    assert len(short.bars) == len(whole.bars) - 5
    assert short.columns().keys() == whole.columns().keys()
    for name, values in short.columns().items():
        np.testing.assert_array_equal(values, whole.columns()[name][:-5], err_msg=name)


def test_published_maximum_drawdowns_are_the_greatest_of_the_column() -> None:
    published = (0.1518, 0.2399, 0.2894, 0.2874, 0.3405, 0.0788, 0.1075, 0.4473, 0.1006, 0.0)
    table = managers()
    for name, expected in zip(table.columns, published, strict=True):
        returns = table[name].dropna()
        nothing = np.zeros((len(returns), 1))
        found = risk_history(returns.index, returns, nothing, nothing, window=2, every=1)
        assert found.drawdown.max() == pytest.approx(expected, abs=1e-4), name


def test_drawdown_starts_from_the_first_capital_and_knows_highs_between_samples() -> None:
    returns = [-0.10, 0.0, 0.50, -0.20, 0.0]
    nothing = np.zeros((5, 1))
    found = risk_history(range(5), returns, nothing, nothing, window=2, every=2)
    assert found.drawdown == pytest.approx([0.10, 0.0, 0.20])


def test_a_bar_without_positions_risks_nothing_and_leaves_open_what_is_not_defined() -> None:
    found = _history(_run())
    empty = found.gross == 0.0
    assert empty.sum() >= 4
    for values in (found.volatility, found.tail().value_at_risk, found.tail().expected_shortfall, found.largest):
        assert (values[empty] == 0.0).all()
    for name in ("herfindahl", "effective_positions", "diversification_ratio", "effective_bets", "coverage"):
        assert np.isnan(getattr(found, name)[empty]).all(), name


def test_missing_asset_returns_count_as_zero_and_lower_the_coverage() -> None:
    run = _run()
    run["weights"][-1] = [0.5, 0.3, -0.2, 0.0, 0.0, 0.0]
    gap = run["asset_returns"].copy()
    gap[-10:, 2] = np.nan
    gap[-30:, 4] = np.nan
    filled = np.nan_to_num(gap)
    found, full = _history({**run, "asset_returns": gap}), _history({**run, "asset_returns": filled})
    # A fifth of the gross exposure lacks 10 of 40 bars; the other gap is not held.
    assert found.coverage[-1] == pytest.approx(1.0 - 0.2 * 10 / 40)
    assert full.coverage[-1] == 1.0
    assert found.volatility[-1] == full.volatility[-1]
    assert found.tail().value_at_risk[-1] == full.tail().value_at_risk[-1]


def test_a_run_shorter_than_the_window_has_exposures_only() -> None:
    found = _history(_run(), window=500)
    assert np.isfinite(found.gross).all()
    assert np.isnan(found.volatility).all()
    assert all(np.isnan(tail.value_at_risk).all() and tail.within_domain.all() for tail in found.tails)


def test_a_factor_that_stands_still_leaves_its_beta_open() -> None:
    run = _run()
    found = _history(run, factors={"market": run["market"], "still": np.full(BARS, 0.01)})
    assert np.isnan(found.betas).all()
    assert found.factors == ("market", "still")


def test_columns_are_named_and_nobody_can_write_to_them() -> None:
    found = _history(_run(), levels=(0.975,))
    table = found.columns()
    assert {
        "gross",
        "drawdown",
        "coverage",
        "sector_net:unknown",
        "beta:market",
        "value_at_risk:holdings:historical:0.975",
        "expected_shortfall:equity:cornish_fisher:0.975",
    } <= table.keys()
    assert {values.shape for values in table.values()} == {found.bars.shape}
    for values in (*table.values(), found.dates, found.bars):
        assert not values.flags.writeable
    with pytest.raises(AttributeError):
        found.gross = found.net


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"window": 1}, UserError, "window is 1 and every is 7 bars, expected at least 2 and 1"),
        ({"every": 0}, UserError, "every is 0 bars"),
        ({"levels": (95,)}, UserError, "write 0.95"),
        ({"factors": {"market": [0.1]}}, DataError, "factor 'market': received 1 numbers, expected 200"),
    ],
)
def test_settings_out_of_range_say_why(changes: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _history(_run(), **changes)


def test_inputs_that_do_not_fit_say_why() -> None:
    run = _run()
    weights, moves = run["weights"].copy(), run["asset_returns"].copy()
    weights[3, 2] = np.nan
    moves[3, 2] = np.inf
    for broken, message in (
        ({"weights": run["weights"][:-1]}, r"weights \(199, 6\)"),
        ({"dates": run["dates"][:-1]}, r"received dates \(199,\)"),
        ({"weights": weights}, "weights.* row 3, column 2 is nan"),
        ({"asset_returns": moves}, "an asset return is infinite"),
        ({"equity_returns": np.full(BARS, np.nan)}, "equity returns: row 0 is nan"),
    ):
        with pytest.raises(DataError, match=message):
            _history({**run, **broken})


def test_a_level_that_was_not_measured_names_those_that_were() -> None:
    with pytest.raises(UserError, match=r"no tail equity/historical/0\.9; known: holdings/historical/0\.95, "):
        _history(_run()).tail(basis="equity", level=0.9)
