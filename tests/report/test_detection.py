"""Detection scores against measured levels and hand computation."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from tradewind.report.bear_markets import PRESS_BEAR_MARKETS, BearMarket, bear_days
from tradewind.report.detection import detection_scores, overlaps_bear_market

_BEAR = (BearMarket(dt.date(2020, 1, 2), dt.date(2020, 1, 6)),)


def _index() -> pd.Series:
    datasets = pytest.importorskip("skfolio.datasets", reason="needs the prices bundled with skfolio")
    return datasets.load_sp500_index()["SP500"]


def test_a_bear_runs_from_the_day_after_its_peak_through_its_trough() -> None:
    index = pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"])
    assert bear_days(index, _BEAR).tolist() == [False, True, True, False]


def test_the_press_dates_are_the_highest_and_lowest_closes_of_their_falls() -> None:
    closes = _index()
    for bear in PRESS_BEAR_MARKETS:
        stretch = closes[str(bear.peak) : str(bear.trough)]
        assert stretch.idxmax().date() == bear.peak
        assert stretch.idxmin().date() == bear.trough
        assert stretch.iloc[-1] / stretch.iloc[0] < 0.8


def test_scores_of_six_days_are_those_of_hand() -> None:
    index = pd.bdate_range("2020-01-01", periods=6)
    # Truth: days 2 and 3 (3rd and 6th of January).
    labels = pd.Series(["bull", "bull", "bear", "bull", "crash", "neutral"], index=index)
    scores = detection_scores(labels, bears=_BEAR)
    assert scores == pytest.approx({"balanced_accuracy": 0.625, "recall": 0.5, "accuracy": 4 / 6, "switches": 4.0})


def test_the_200_day_average_scores_as_measured_before() -> None:
    closes = _index()
    labels = pd.Series(np.where(closes < closes.rolling(200).mean(), "bear", "bull"), index=closes.index)
    scores = detection_scores(labels)
    assert scores["recall"] == pytest.approx(0.829, abs=5e-4)
    assert scores["switches"] == 219
    # The reference left out the first days, on which the average is not defined and bull was right.
    assert scores["balanced_accuracy"] == pytest.approx(0.838, abs=2e-3)
    assert scores["accuracy"] == pytest.approx(0.844, abs=3e-3)


def test_the_constant_answer_bull_looks_accurate_and_is_worthless() -> None:
    closes = _index()
    scores = detection_scores(pd.Series("bull", index=closes.index))
    assert scores["accuracy"] == pytest.approx(0.852, abs=3e-3)
    assert (scores["balanced_accuracy"], scores["recall"], scores["switches"]) == (0.5, 0.0, 0.0)


def test_dates_without_a_bear_market_cannot_be_scored() -> None:
    index = pd.bdate_range("2013-01-01", periods=50)
    scores = detection_scores(pd.Series("bear", index=index))
    assert math.isnan(scores["recall"])
    assert math.isnan(scores["balanced_accuracy"])
    assert scores["accuracy"] == 0.0
    assert not overlaps_bear_market(index)
    assert overlaps_bear_market(pd.bdate_range("2019-01-01", "2021-01-01"))
