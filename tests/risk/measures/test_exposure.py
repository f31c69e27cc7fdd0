"""Exposure and concentration against hand computations and the bounds they must keep."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tradewind.errors import DataError
from tradewind.risk.measures import SectorExposure, measure_concentration, measure_exposure, position_weights

WEIGHTS = arrays(np.float64, st.integers(1, 30), elements=st.floats(-1.0, 1.0).map(lambda x: round(x, 4)))


def test_weights_are_values_over_equity_with_the_multiplier_of_an_option() -> None:
    found = position_weights([100, -50, 2, 0], [10.0, 20.0, 3.5, math.nan], [1, 1, 100, 1], equity=10_000.0)
    assert found == pytest.approx([0.1, -0.1, 0.07, 0.0])


def test_one_multiplier_serves_all() -> None:
    assert position_weights([1, 2], [100.0, 50.0], 50.0, equity=100_000.0) == pytest.approx([0.05, 0.05])


def test_exposure_of_a_long_short_book_is_that_of_hand() -> None:
    found = measure_exposure([0.5, -0.2, 0.3, 0.0, -0.1], ["tech", "energy", "energy", "health", ""])
    assert (found.gross, found.net) == (pytest.approx(1.1), pytest.approx(0.5))
    assert (found.long, found.short) == (pytest.approx(0.8), pytest.approx(0.3))
    assert found.sectors == (
        SectorExposure(sector="energy", gross=pytest.approx(0.5), net=pytest.approx(0.1)),
        SectorExposure(sector="health", gross=0.0, net=0.0),
        SectorExposure(sector="tech", gross=pytest.approx(0.5), net=pytest.approx(0.5)),
        SectorExposure(sector="unknown", gross=pytest.approx(0.1), net=pytest.approx(-0.1)),
    )


def test_a_book_without_sectors_or_positions_has_none() -> None:
    assert measure_exposure([0.5, 0.5]).sectors == ()
    empty = measure_exposure([])
    assert (empty.gross, empty.net, empty.long, empty.short) == (0.0, 0.0, 0.0, 0.0)


def test_concentration_is_that_of_hand() -> None:
    found = measure_concentration([0.3, -0.1, 0.0, 0.1])
    assert found.positions == 3
    assert found.largest == pytest.approx(0.3)
    # Shares of gross: 0.6, 0.2, 0.2.
    assert found.herfindahl == pytest.approx(0.44)
    assert found.effective_positions == pytest.approx(1 / 0.44)


def test_equal_positions_count_in_full_and_an_empty_book_has_no_concentration() -> None:
    assert measure_concentration([0.05] * 20).effective_positions == pytest.approx(20)
    for book in ([], [0.0, 0.0]):
        empty = measure_concentration(book)
        assert (empty.positions, empty.largest) == (0, 0.0)
        assert math.isnan(empty.herfindahl)
        assert math.isnan(empty.effective_positions)


@given(WEIGHTS, st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_exposures_bound_each_other_and_do_not_depend_on_the_order(weights: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(weights))
    sectors = [f"s{index % 4}" for index in range(len(weights))]
    found = measure_exposure(weights, sectors)
    mixed = measure_exposure(weights[order], [sectors[index] for index in order])
    assert abs(found.net) <= found.gross + 1e-12
    assert found.long + found.short == pytest.approx(found.gross)
    assert found.long - found.short == pytest.approx(found.net, abs=1e-12)
    assert sum(sector.gross for sector in found.sectors) == pytest.approx(found.gross)
    assert sum(sector.net for sector in found.sectors) == pytest.approx(found.net, abs=1e-12)
    for one, other in zip(found.sectors, mixed.sectors, strict=True):
        assert one.sector == other.sector
        assert other.gross == pytest.approx(one.gross)
        assert other.net == pytest.approx(one.net, abs=1e-12)


@given(WEIGHTS, st.floats(0.01, 100.0))
@settings(max_examples=100, deadline=None)
def test_the_effective_number_of_positions_is_between_one_and_all_and_blind_to_leverage(
    weights: np.ndarray, scale: float
) -> None:
    found = measure_concentration(weights)
    if not found.positions:
        assert math.isnan(found.effective_positions)
        return
    assert 1.0 - 1e-9 <= found.effective_positions <= found.positions + 1e-9
    assert 1.0 / found.positions - 1e-9 <= found.herfindahl <= 1.0 + 1e-9
    assert measure_concentration(weights * scale).effective_positions == pytest.approx(found.effective_positions)
    assert measure_concentration(-weights) == found


def test_records_cross_a_process_border() -> None:
    found = measure_exposure([0.5, -0.2], ["a", "b"])
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: position_weights([1, 2], [10.0, math.nan], 1.0, equity=100.0), "row 1 is nan, .* missing price"),
        (lambda: position_weights([1], [10.0], 1.0, equity=0.0), "equity is 0.0, expected above 0"),
        (lambda: position_weights([1], [10.0], 1.0, equity=math.nan), "equity is nan"),
        (lambda: position_weights([1, 2], [10.0], 1.0, equity=1.0), r"prices of shape \(1,\)"),
        (lambda: position_weights([1, 2], [1.0, 1.0], [1.0], equity=1.0), r"multipliers of shape \(1,\)"),
        (lambda: measure_exposure([0.1, 0.2], ["a"]), "1 sectors for 2 weights"),
        (lambda: measure_exposure([0.1, math.inf]), "row 1 is inf"),
        (lambda: measure_concentration([[0.1]]), "expected one dimension"),
    ],
)
def test_what_has_no_exposure_says_why(call, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
