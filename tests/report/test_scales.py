"""Geometry of charts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tradewind.report.scales import area_path, line_path, linear_axis, log_axis, spread_rows, thin_rows, time_marks


def test_a_spike_of_one_bar_survives_thinning() -> None:
    values = np.sin(np.linspace(0.0, 20.0, 8313))
    values[4321], values[5000] = 50.0, -50.0
    rows = thin_rows(values, 1200)
    assert {0, 4321, 5000, 8312} <= set(rows.tolist())
    assert len(rows) <= 1202
    assert (np.diff(rows) > 0).all()


def test_thinning_keeps_short_curves_whole_and_leaves_gaps_out() -> None:
    assert thin_rows(np.array([1.0, np.nan, 3.0])).tolist() == [0, 2]
    assert len(thin_rows(np.full(5000, np.nan))) == 0


def test_linear_ticks_are_round_and_hold_the_data() -> None:
    axis = linear_axis(-0.347, 0.0)
    assert axis.ticks == (-0.4, -0.3, -0.2, -0.1, 0.0)
    assert linear_axis(3.0, 3.0).low < 3.0 < linear_axis(3.0, 3.0).high
    assert linear_axis(0.0, 0.0).ticks[0] < 0.0


def test_data_that_differ_by_rounding_are_flat() -> None:
    for low, high in ((1.0, 1.0 + 2.0**-52), (1e6, 1e6 + 1e-9), (-1.0, -1.0 + 2.0**-52)):
        axis = linear_axis(low, high)
        assert axis.low < low
        assert high < axis.high
        assert len(set(axis.ticks)) == len(axis.ticks) > 2
    assert linear_axis(0.0, 1e-12).high >= 1e-12


def test_positions_run_from_the_top_and_logarithms_are_even() -> None:
    axis = linear_axis(0.0, 10.0)
    assert axis.positions(np.array([0.0, 5.0, 10.0])) == pytest.approx([1000.0, 500.0, 0.0])
    log = log_axis(1.0, 1000.0)
    down = log.positions(np.array([1.0, 10.0, 100.0]))
    assert down[0] - down[1] == pytest.approx(down[1] - down[2])
    assert 1.0 in log.ticks
    assert 1000.0 in log.ticks


def test_a_narrow_logarithmic_axis_has_round_ticks_too() -> None:
    axis = log_axis(98.0, 113.0)
    assert len(axis.ticks) >= 3
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)


def test_a_logarithmic_axis_refuses_zero() -> None:
    with pytest.raises(ValueError, match=r"low must be above 0; received 0\.0; use linear_axis"):
        log_axis(0.0, 1.0)


def test_paths_break_at_gaps_and_areas_close() -> None:
    across = np.array([0.0, 1.0, 2.0, 3.0])
    assert line_path(across, np.array([5.0, np.nan, 6.0, 7.0])) == "M0 5M2 6L3 7"
    assert area_path(across[:2], np.array([1.0, 2.0]), np.array([9.0, 9.0])) == "M0 1L1 2L1 9L0 9Z"


def test_rows_are_spread_from_first_to_last() -> None:
    assert spread_rows(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spread_rows(1001, 3).tolist() == [0, 500, 1000]
    assert len(spread_rows(0, 3)) == 0


def test_time_is_marked_by_years_months_or_hours() -> None:
    assert [text for _, text in time_marks(pd.bdate_range("1990-01-02", "2022-12-28"))][:2] == ["1995", "2000"]
    assert time_marks(pd.bdate_range("2020-01-01", "2021-06-30"))[0] == (0.0, "Jan 2020")
    assert time_marks(pd.date_range("2020-01-01", periods=10, freq="h"))[0] == (0.0, "01 Jan 00:00")
