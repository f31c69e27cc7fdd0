"""Portfolio risk over a run, and excursions beyond its limits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tradewind.config.risk import RiskLimits
from tradewind.report import portfolio_risk
from tradewind.report.breaches import BREACH_COLUMNS, breach_warnings, find_breaches
from tradewind.report.portfolio_risk import exposure_table, risk_of_run, risk_table, value_at_risk_tests

BARS = 600
SECTORS = {"A": "Energy", "B": "Energy", "C": "Health Care"}


@pytest.fixture(scope="module")
def run():
    """Three random walks held at fixed weights: equity moves by the weighted returns of the bar before's weights."""
    random = np.random.default_rng(3)
    index = pd.bdate_range("2015-01-01", periods=BARS, name="timestamp")
    moves = random.normal(0.0, 0.01, (BARS, 3)) + random.normal(0.0, 0.01, (BARS, 1))
    moves[0] = 0.0
    closes = pd.DataFrame(100.0 * np.cumprod(1.0 + moves, axis=0), columns=list("ABC"))
    weights = pd.DataFrame(np.tile([0.5, -0.2, 0.3], (BARS, 1)), index=index, columns=list("ABC"))
    curve = 1e5 * np.cumprod(1.0 + moves @ weights.iloc[0].to_numpy())
    equity = pd.DataFrame({"equity": curve, "gross": 1.0, "net": 0.6, "benchmark": closes["A"].to_numpy()}, index=index)
    return equity, weights, closes


def test_the_table_holds_the_figures_of_the_bars_looked_at(run):
    equity, weights, closes = run
    table = risk_table(risk_of_run(equity, weights, closes, SECTORS, window=100, every=50))
    assert table.index[-1] == equity.index[-1]
    assert table["bar"].tolist() == list(range(BARS - 1 - 50 * ((BARS - 1) // 50), BARS, 50))
    assert set(table["window_bars"]) == {100.0}
    held = closes.pct_change().iloc[-100:].to_numpy() @ weights.iloc[0].to_numpy()
    losses = np.sort(-held)
    assert losses[-7] <= table["value_at_risk:holdings:historical:0.95"].iloc[-1] <= losses[-4]
    assert table["sector_gross:Energy"].iloc[-1] == pytest.approx(0.7)
    own, market = equity["equity"].pct_change().iloc[-100:], equity["benchmark"].pct_change().iloc[-100:]
    assert table["beta:benchmark"].iloc[-1] == pytest.approx(stats.linregress(market, own).slope)


def test_figures_of_a_bar_do_not_change_with_what_comes_after(run):
    equity, weights, closes = run
    whole = risk_table(risk_of_run(equity, weights, closes, SECTORS, window=100, every=50))
    cut = int(whole["bar"].iloc[-3]) + 1
    part = risk_table(risk_of_run(equity[:cut], weights[:cut], closes[:cut], SECTORS, window=100, every=50))
    pd.testing.assert_frame_equal(part, whole[: len(part)], check_exact=False, rtol=1e-12)


def test_figures_need_no_control_of_threads(run, monkeypatch):
    equity, weights, closes = run
    limited = risk_table(risk_of_run(equity, weights, closes, SECTORS, window=100, every=50))
    monkeypatch.setattr(portfolio_risk, "find_spec", lambda _: None)
    free = risk_table(risk_of_run(equity, weights, closes, SECTORS, window=100, every=50))
    pd.testing.assert_frame_equal(free, limited, rtol=1e-10)


def test_a_ruined_account_is_measured_up_to_its_ruin(run):
    equity, weights, closes = run
    gone = equity.assign(equity=equity["equity"].where(np.arange(BARS) < 300, -1.0))
    history = risk_of_run(gone, weights, closes, SECTORS, window=100, every=50)
    assert history.bars[-1] == 299
    assert risk_of_run(gone[300:], weights[300:], closes[300:], SECTORS) is None
    assert value_at_risk_tests(gone).empty


def test_what_has_no_closes_lowers_the_coverage(run):
    equity, weights, closes = run
    history = risk_of_run(equity, weights, closes[["A", "C"]], {}, window=100, every=50)
    assert history.coverage[-1] == pytest.approx(0.8)
    assert history.sectors == ()


def test_a_benchmark_that_begins_late_gives_no_beta(run):
    equity, weights, closes = run
    late = equity.assign(benchmark=equity["benchmark"].where(np.arange(BARS) > 50))
    assert risk_of_run(late, weights, closes, SECTORS, window=100, every=50).factors == ()


def test_value_at_risk_is_tested_from_the_first_holding_on(run):
    equity, _, _ = run
    idle = pd.concat([equity.iloc[:1].set_axis(equity.index[:1] - pd.Timedelta(days=9 - day)) for day in range(9)])
    late = pd.concat([idle.assign(gross=0.0), equity])
    table = value_at_risk_tests(late, window=250)
    assert len(table) == 6
    assert set(table["observations"]) == {BARS - 250}
    row = table[(table["method"] == "historical") & (table["level"] == 0.95)].iloc[0]
    returns = equity["equity"].pct_change().fillna(0.0).to_numpy()
    hits = sum(-returns[t] > -np.quantile(returns[t - 250 : t], 0.05, method="linear") for t in range(250, BARS))
    assert row["exceedances"] == pytest.approx(hits, abs=2)
    n, x, p = row["observations"], row["exceedances"], 0.05
    ratio = -2 * (stats.binom.logpmf(x, n, p) - stats.binom.logpmf(x, n, x / n))
    assert row["kupiec"] == pytest.approx(stats.chi2.sf(ratio, 1), rel=1e-9)
    assert value_at_risk_tests(equity[:260]).empty


def _looks(values, name="gross"):
    return pd.DataFrame({name: values}, index=pd.bdate_range("2024-01-01", periods=len(values)))


def test_an_excursion_is_one_event_from_its_first_to_its_last_look():
    exposure = _looks([0.5, 1.1, 1.3, 1.0, np.nan, 1.2, 1.05])
    breaches, unseen = find_breaches(RiskLimits(gross=1.0), exposure, _looks([], "x"), 21)
    days = exposure.index
    assert unseen == []
    assert list(breaches.columns) == list(BREACH_COLUMNS)
    assert breaches.to_numpy().tolist() == [
        [days[1], days[2], 2, 1, "gross", 1.0, 1.3, days[2]],
        [days[5], days[6], 2, 1, "gross", 1.0, 1.2, days[5]],
    ]
    assert breach_warnings(breaches) == ["limit of gross: above 1 2 times, worst 1.3 on 2024-01-03; see breaches.csv"]


def test_minima_are_fallen_short_of_and_the_sign_of_net_and_beta_does_not_matter():
    low, _ = find_breaches(
        RiskLimits(effective_positions=4.0), _looks([5.0, 3.0, 2.0, 4.0], "effective_positions"), _looks([]), 21
    )
    assert low[["samples", "worst"]].to_numpy().tolist() == [[2, 2.0]]
    assert "below 4 once, worst 2 on" in breach_warnings(low)[0]
    risk = _looks([-0.2, -1.5], "beta:benchmark")
    both, _ = find_breaches(RiskLimits(net=0.5, beta=1.0), _looks([0.0, -0.6], "net"), risk, 21)
    assert both[["measure", "worst", "every_bars"]].to_numpy().tolist() == [["beta", 1.5, 21], ["net", 0.6, 1]]


@pytest.mark.parametrize(
    ("name", "column", "minimum"),
    [
        ("value_at_risk_95", "value_at_risk:holdings:historical:0.95", False),
        ("value_at_risk_99", "value_at_risk:holdings:historical:0.99", False),
        ("expected_shortfall_95", "expected_shortfall:holdings:historical:0.95", False),
        ("expected_shortfall_99", "expected_shortfall:holdings:historical:0.99", False),
        ("volatility", "volatility", False),
        ("average_correlation", "average_correlation", False),
        ("diversification_ratio", "diversification_ratio", True),
        ("beta", "beta:benchmark", False),
    ],
)
def test_each_limit_looks_at_its_own_figure(run, name, column, minimum):
    equity, weights, closes = run
    table = risk_table(risk_of_run(equity, weights, closes, SECTORS, window=100, every=50))
    median = float(table[column].median())
    breaches, unseen = find_breaches(RiskLimits(**{name: median}), _looks([]), table, 50)
    beyond = table[column] < median if minimum else table[column] > median
    assert unseen == []
    assert breaches["samples"].sum() == beyond.sum() > 0
    assert breaches["worst"].agg("min" if minimum else "max") == table[column].agg("min" if minimum else "max")


def test_each_sector_is_looked_at_for_itself():
    exposure = _looks([0.2, 0.4], "sector_gross:Energy").assign(**{"sector_gross:Utilities": [0.5, 0.1]})
    breaches, _ = find_breaches(RiskLimits(sector=0.3), exposure, _looks([]), 21)
    assert breaches["measure"].tolist() == ["sector Utilities", "sector Energy"]


def test_a_limit_that_cannot_be_looked_at_is_named():
    limits = RiskLimits(sector=0.3, beta=1.0, value_at_risk_95=0.02)
    risk = _looks([np.nan, np.nan], "value_at_risk:holdings:historical:0.95")
    assert find_breaches(limits, _looks([0.1]), risk, 21)[1] == ["value_at_risk_95", "sector", "beta"]


def test_exposure_has_a_row_a_bar(run):
    equity, weights, _ = run
    table = exposure_table(equity, weights, SECTORS)
    assert len(table) == BARS
    row = table.iloc[-1]
    assert row[["gross", "net", "largest"]].tolist() == pytest.approx([1.0, 0.6, 0.5])
    assert row["herfindahl"] == pytest.approx(0.38)
    assert row["effective_positions"] == pytest.approx(1 / 0.38)
    assert row[["sector_gross:Energy", "sector_gross:Health Care"]].tolist() == pytest.approx([0.7, 0.3])
