"""The composite and threshold detectors: hand-made markets, calibration on the sample prices, causality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("skfolio", reason="the sample prices come with skfolio")

from tradewind.contracts import DataRequest, Factor, OnReference, Regime
from tradewind.engine.panel import HistoryPanel, StreamPanel
from tradewind.errors import PluginError
from tradewind.model import Bars, Market, RegimeEstimate
from tradewind.portfolio.regime_state import RegimeState
from tradewind.report.detection import detection_scores
from tradewind.testing import make_bars, market_at
from tradewind_plugins.factors import Sma
from tradewind_plugins.feeds import Sample
from tradewind_plugins.regimes import Composite, Threshold
from tradewind_plugins.regimes.bands import estimate_of, membership
from tradewind_plugins.regimes.composite import Scores
from tradewind_plugins.regimes.scores import BreadthScore, MomentumScore, TrendScore
from tradewind_plugins.regimes.universe import OnUniverse

CALM_SPANS = (("1991", "1996"), ("2003", "2006"), ("2013", "2014"), ("2017", "2017"), ("2020-01", "2020-01"))


def estimates(detector: Regime, panel: HistoryPanel | StreamPanel) -> list[object]:
    warmup: int = detector.warmup  # type: ignore[attr-defined]
    seen = []
    while panel.advance():
        seen.append(detector.estimate(panel.market("regime")) if panel.bar >= warmup else None)
    return seen


def history(detector: Regime, bars: Bars) -> list[object]:
    return estimates(detector, HistoryPanel(bars, {"regime": detector.factors}))  # type: ignore[attr-defined]


def confirmed(detector: Regime, bars: Bars) -> pd.Series:
    """Return the regimes with the plan's default state machine."""
    state = RegimeState(
        detector.labels,
        confirmation_days=3,
        minimum_stay_days=5,
        confidence=0.65,
        hysteresis=0.05,
        immediate=("crash",),
    )
    return pd.Series(
        [state.update(estimate) for estimate in history(detector, bars)],  # type: ignore[arg-type]
        index=pd.DatetimeIndex(bars.timestamps),
    )


def path(drift: float, volatility: float, count: int = 320, seed: int = 3) -> np.ndarray:
    """Return closes whose log returns have that mean a day and that deviation a year, up and down by turns."""
    swing = np.where(np.arange(count) % 2, 1.0, -1.0) * volatility / np.sqrt(252.0)
    return 100.0 * np.exp(np.cumsum(drift + swing))


def last_market(detector: Regime, bars: Bars) -> Market:
    """Return the last market with the factors whose reference exists, as the host does."""
    named: dict[str, Factor | OnReference] = detector.factors  # type: ignore[attr-defined]
    return market_at(
        bars,
        -1,
        {n: f for n, f in named.items() if not isinstance(f, OnReference) or f.role in bars.references},
    )


def last(detector: Regime, bars: Bars) -> RegimeEstimate:
    return detector.estimate(last_market(detector, bars))


@pytest.fixture(scope="module")
def sample() -> Bars:
    return Sample().history(DataRequest(references={"benchmark": "SP500"}))


@pytest.fixture(scope="module")
def composite(sample: Bars) -> pd.Series:
    return confirmed(Composite(), sample)


def test_march_2020_is_bear_or_crash(composite: pd.Series) -> None:
    march = composite["2020-03"]

    assert len(march) == 22
    assert march.isin(["bear", "crash"]).sum() >= 20
    assert (march == "crash").any()


@pytest.mark.parametrize("month", ["2008-10", "2008-11"])
def test_the_autumn_of_2008_is_a_crash(composite: pd.Series, month: str) -> None:
    assert (composite[month] == "crash").mean() >= 0.9


def test_crashes_are_rare(composite: pd.Series) -> None:
    assert (composite == "crash").mean() <= 0.08


@pytest.mark.parametrize("span", CALM_SPANS, ids="-".join)
def test_calm_years_have_no_crash(composite: pd.Series, span: tuple[str, str]) -> None:
    assert not (composite[span[0] : span[1]] == "crash").any()


def test_the_composite_finds_bear_markets_and_the_constant_answer_does_not(composite: pd.Series) -> None:
    found = detection_scores(composite)
    constant = detection_scores(pd.Series("bull", index=composite.index))

    assert found["balanced_accuracy"] >= 0.80
    assert found["recall"] >= 0.75
    assert constant["balanced_accuracy"] == 0.5
    assert constant["accuracy"] == pytest.approx(0.854, abs=0.002)


def test_the_threshold_is_near_the_published_level_of_the_200_day_rule(sample: Bars) -> None:
    # The bare rule on the same days scores .838 balanced with 219 switches; confirmation removes most switches.
    scores = detection_scores(confirmed(Threshold(), sample))

    assert scores["balanced_accuracy"] == pytest.approx(0.838, abs=0.02)
    assert scores["switches"] < 100


def test_without_a_benchmark_the_universe_finds_the_same_crashes(sample: Bars) -> None:
    alone = Bars(timestamps=sample.timestamps, instruments=sample.instruments, fields=sample.fields)
    labels = confirmed(Composite(), alone)

    assert (labels["2008-10":"2008-11"] == "crash").mean() >= 0.9
    assert labels["2020-03"].isin(["bear", "crash"]).sum() >= 20
    assert (labels == "crash").mean() <= 0.08


@pytest.mark.parametrize("make", [Composite, Threshold, lambda: Composite(extra_labels=("volatile", "sideways"))])
def test_another_future_changes_no_earlier_estimate(sample: Bars, make: type[Composite]) -> None:
    cut, end = 2400, 2600
    generator = np.random.default_rng(5)

    def replaced(values: np.ndarray) -> np.ndarray:
        shocks = np.exp(np.cumsum(generator.normal(-0.01, 0.06, (end - cut, values.shape[1])), axis=0))
        return np.vstack([values[:cut], values[cut - 1] * shocks])

    def bars(change: bool) -> Bars:
        take = replaced if change else lambda values: values[:end]
        benchmark = sample.references["benchmark"]
        return Bars(
            timestamps=sample.timestamps[:end],
            instruments=sample.instruments,
            fields={"close": take(sample.fields["close"])},
            references={
                "benchmark": Bars(
                    timestamps=sample.timestamps[:end],
                    instruments=benchmark.instruments,
                    fields={"close": take(benchmark.fields["close"])},
                )
            },
        )

    plain, changed = history(make(), bars(change=False)), history(make(), bars(change=True))

    assert plain[:cut] == changed[:cut]
    assert plain[cut:] != changed[cut:]


@pytest.mark.parametrize("references", [{"benchmark": "SP500"}, {}])
@pytest.mark.parametrize("make", [Composite, Threshold])
def test_a_stream_gives_the_estimates_of_the_history(make: type[Composite], references: dict[str, str]) -> None:
    full = Sample().history(DataRequest(references=references))
    bars = Bars(
        timestamps=full.timestamps[:400],
        instruments=full.instruments,
        fields={"close": _with_holes(full.fields["close"][:400])},
        references={
            role: Bars(
                timestamps=full.timestamps[:400],
                instruments=series.instruments,
                fields={"close": series.fields["close"][:400]},
            )
            for role, series in full.references.items()
        },
    )
    detector = make()
    stream = StreamPanel(bars, bars.rows(), {"regime": dict(detector.factors)})

    assert estimates(detector, stream) == history(make(), bars)


def _with_holes(close: np.ndarray) -> np.ndarray:
    holed = close.copy()
    holed[np.random.default_rng(2).random(close.shape) < 0.1] = np.nan
    holed[:90, 4] = np.nan
    return holed


def test_a_second_run_with_the_same_detector_gives_the_same_estimates(sample: Bars) -> None:
    detector = Composite()
    first = estimates(detector, HistoryPanel(sample, {"regime": detector.factors}))

    assert estimates(detector, HistoryPanel(sample, {"regime": detector.factors})) == first


@pytest.mark.parametrize("make", [Composite, Threshold])
@pytest.mark.parametrize(
    ("drift", "volatility", "label"),
    [(0.001, 0.08, "bull"), (-0.001, 0.20, "bear"), (-0.002, 0.60, "crash")],
)
def test_plain_markets_get_their_plain_label(
    make: type[Composite], drift: float, volatility: float, label: str
) -> None:
    close = path(drift, volatility)
    estimate = last(make(), make_bars(np.column_stack([close, close * 2.0]), references={"benchmark": close}))

    assert estimate.label == label
    assert estimate.confidence > 0.65
    assert estimate.confidence == estimate.probabilities[label]
    assert sum(estimate.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    assert estimate.fitted_until == 319


@pytest.mark.parametrize("make", [Composite, Threshold])
def test_the_universe_stands_in_for_a_missing_benchmark(make: type[Composite]) -> None:
    falling = path(-0.002, 0.60)

    assert last(make(), make_bars(np.column_stack([falling, falling]))).label == "crash"


def test_the_benchmark_wins_over_the_universe() -> None:
    rising, falling = path(0.001, 0.08), path(-0.002, 0.60)
    bars = make_bars(rising, references={"benchmark": falling})

    assert last(Threshold(), bars).label == "crash"


def test_the_vix_replaces_realised_volatility() -> None:
    close = path(-0.001, 0.10)
    detector = Composite()
    bars = make_bars(close, references={"benchmark": close, "vix": np.full(320, 55.0)})
    scores = detector.scores(last_market(detector, bars))

    assert scores.volatility == -1.0
    assert scores.volatility_per_year == 0.55
    assert last(Composite(), bars).label == "crash"
    assert last(Composite(), make_bars(close, references={"benchmark": close})).label == "bear"


def test_a_vix_of_the_middle_scores_nothing_and_holes_keep_the_last_value() -> None:
    close = path(0.001, 0.10)
    vix = np.full(320, 20.0)
    vix[-3:] = np.nan
    detector = Composite()
    bars = make_bars(close, references={"benchmark": close, "vix": vix})

    assert detector.scores(last_market(detector, bars)).volatility == pytest.approx(0.0, abs=1e-12)


def test_the_score_is_the_weighted_mean_of_its_parts_by_hand() -> None:
    close = path(0.0004, 0.15)
    detector = Composite()
    scores = detector.scores(last_market(detector, make_bars(close, references={"benchmark": close})))

    expected = 0.35 * scores.volatility + 0.30 * scores.trend + 0.25 * scores.breadth + 0.10 * scores.momentum
    assert scores.total == pytest.approx(expected, abs=1e-15)
    # Even counts of equal swings: the deviation is the swing times sqrt(n / (n - 1)) over an even window, and the level
    # scores (0.20 - v) / 0.10; the odd window of 21 has one swing more on one side, which takes 1 / 21 squared away.
    level = 0.15 * np.sqrt(21.0 / 20.0 * (1.0 - 1.0 / 21.0**2))
    assert scores.volatility_per_year == pytest.approx(level, rel=1e-9)


def test_a_part_that_is_not_known_leaves_its_weight_to_the_others() -> None:
    close = path(0.001, 0.08, count=100)
    detector = Composite()
    scores = detector.scores(last_market(detector, make_bars(close, references={"benchmark": close})))

    assert np.isnan(scores.trend)
    assert np.isnan(scores.breadth)
    assert scores.total == pytest.approx((0.35 * scores.volatility + 0.10 * scores.momentum) / 0.45, abs=1e-15)


@pytest.mark.parametrize("make", [Composite, Threshold])
def test_while_nothing_is_known_the_estimate_is_neutral(make: type[Composite]) -> None:
    assert last(make(), make_bars([100.0, 101.0])).label == "neutral"


def test_bands_hold_on_to_their_score() -> None:
    detector = Composite()
    seen = [detector._memberships(_scores(total)) for total in (0.25, 0.35, 0.25, 0.15, 0.25)]

    # Bull begins at 0.30 and ends at 0.20: the same 0.25 lies below its bound first and last, above it between.
    assert [estimate["bull"] > 0.5 for estimate in seen] == [False, True, True, False, False]

    # Bear begins at 0 and ends at 0.10: the same 0.05 is above its bound first and last, below it between.
    seen = [detector._memberships(_scores(total)) for total in (0.05, -0.05, 0.05, 0.15, 0.05)]
    assert [estimate["bear"] > 0.5 for estimate in seen] == [False, True, True, False, False]


def _scores(total: float) -> Scores:
    return Scores(0.0, 0.0, 0.0, 0.0, total=total, volatility_per_year=0.1)


def test_extra_labels_split_what_is_not_bear() -> None:
    assert Composite().labels == ("bull", "neutral", "bear", "crash")
    assert Composite(extra_labels=("volatile", "sideways")).labels == (
        "bull",
        "sideways",
        "neutral",
        "volatile",
        "bear",
        "crash",
    )
    nervous = path(0.003, 0.50)
    bars = make_bars(nervous, references={"benchmark": nervous})
    assert last(Composite(extra_labels=("volatile",)), bars).label == "volatile"
    flat = np.full(320, 100.0) + np.where(np.arange(320) % 2, 0.5, -0.5)
    bars = make_bars(flat, references={"benchmark": flat})
    detector = Composite(extra_labels=("sideways",), bull_enter=0.9, bull_leave=0.8)
    assert last(detector, bars).label == "sideways"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            dict.fromkeys(("volatility_weight", "trend_weight", "breadth_weight", "momentum_weight"), 0.0),
            "weights are 0",
        ),
        ({"fast_days": 200}, "fast_days must be less than slow_days; received 200 and 200"),
        ({"calm_volatility": 0.4}, "calm_volatility must be less than stressed_volatility; received 0.4 and 0.3"),
        ({"bear_enter": 0.5}, "bounds must rise as bear_enter, bear_leave, .*received 0.5, 0.1, 0.2, 0.3"),
    ],
)
def test_impossible_parameters_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        Composite(**changes)  # type: ignore[arg-type]


def test_membership_is_logistic_and_does_not_overflow() -> None:
    assert membership(0.3, 0.3, 0.05) == 0.5
    assert membership(0.3 + 0.05 * np.log(0.65 / 0.35), 0.3, 0.05) == pytest.approx(0.65)
    assert membership(-1e9, 0.0, 1e-9) == pytest.approx(0.0)
    assert membership(1e9, 0.0, 1e-9) == 1.0


def test_weights_become_probabilities() -> None:
    estimate = estimate_of({"bull": 1.0, "bear": 3.0}, 7)

    assert (estimate.label, estimate.confidence, estimate.fitted_until) == ("bear", 0.75, 7)
    assert estimate.probabilities == {"bull": 0.25, "bear": 0.75}


def test_the_universe_index_moves_by_the_mean_change_by_hand() -> None:
    nan = np.nan
    close = [[10.0, nan], [11.0, nan], [11.0, 50.0], [nan, nan], [nan, 55.0], [13.2, 55.0]]
    index = OnUniverse(Sma(1)).compute(make_bars(close))

    # +10 %; new listing: 0; no bar: kept; +10 % of one; halted symbol returns with +20 %, the other 0: mean +10 %.
    np.testing.assert_allclose(index[:, 0], [1.0, 1.1, 1.1, 1.1, 1.21, 1.331])
    np.testing.assert_array_equal(index[:, 0], index[:, 1])


@pytest.mark.parametrize("factor", [OnUniverse(TrendScore(3, 6)), OnUniverse(MomentumScore()), BreadthScore(10)])
def test_step_and_batch_of_the_scores_are_equal_to_the_last_bit(factor: OnUniverse) -> None:
    generator = np.random.default_rng(8)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.02, (420, 7)), axis=0))
    close[generator.random(close.shape) < 0.2] = np.nan
    close[:30, 2] = np.nan
    close[40] = np.nan
    bars = make_bars(close)
    step = factor.start(7)

    np.testing.assert_array_equal(np.array([step.step(row.fields) for row in bars.rows()]), factor.compute(bars))


def test_scores_lie_between_minus_one_and_one(sample: Bars) -> None:
    for factor in (TrendScore(), MomentumScore(), BreadthScore()):
        values = factor.compute(sample)
        known = values[np.isfinite(values)]
        assert known.size > 0.9 * values.size
        assert np.abs(known).max() <= 1.0


def test_references_are_declared_for_the_host_to_evaluate_where_they_exist() -> None:
    roles = {factor.role for factor in Composite().factors.values() if isinstance(factor, OnReference)}

    assert roles == {"benchmark", "vix"}
