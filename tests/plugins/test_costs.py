import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts import Trades
from tradewind.errors import ConfigError, DataError
from tradewind.model import AssetClass, Instrument
from tradewind_plugins.costs import UsEquity
from tradewind_plugins.costs.us_equity import half_spread_bp, square_root_impact_bp

SHARE = Instrument(symbol="A")


def trades(quantity, price=100.0, volume=np.nan, volatility=np.nan, passive=False, instrument=SHARE) -> Trades:
    quantities = np.atleast_1d(np.asarray(quantity, dtype=float))
    like = np.ones_like(quantities)
    return Trades(
        instruments=(instrument,) * len(quantities),
        quantities=quantities,
        prices=price * like,
        average_daily_volume=volume * like,
        daily_volatility=volatility * like,
        passive=np.full(len(quantities), passive),
    )


def total(costs) -> np.ndarray:
    return costs.commission + costs.spread + costs.slippage + costs.impact


def test_impact_follows_the_published_square_root():
    impact = square_root_impact_bp(np.array([0.01, 0.1, 1.0]), np.full(3, 0.02), 1.0)
    np.testing.assert_allclose(impact, [20.0, 63.2456, 200.0], atol=1e-4)


def test_spread_runs_from_two_to_ten_basis_points_by_liquidity():
    volume = np.array([1e9, 1e8, 1e7, 1e6, 1e3, np.nan])
    np.testing.assert_allclose(2 * half_spread_bp(volume, 2.0, 10.0), [2, 2, 6, 10, 10, 6])


def test_each_component_of_a_trade_of_ten_thousand_dollars():
    costs = UsEquity().costs(trades(100, volume=1e6, volatility=0.02))
    assert costs.commission[0] == pytest.approx(1.0)
    assert costs.spread[0] == pytest.approx(1.0)
    assert costs.slippage[0] == pytest.approx(5.0)
    assert costs.impact[0] == pytest.approx(10_000 * 0.02 * 0.01)


def test_a_resting_limit_pays_no_spread_and_no_slippage():
    costs = UsEquity().costs(trades(100, volume=1e6, volatility=0.02, passive=True))
    assert (costs.spread[0], costs.slippage[0]) == (0.0, 0.0)
    assert costs.commission[0] > 0
    assert costs.impact[0] > 0


@pytest.mark.parametrize(("shares", "price", "expected"), [(100, 50.0, 1.0), (1000, 50.0, 5.0), (10, 5.0, 0.5)])
def test_per_share_commission_has_the_minimum_and_maximum_of_fixed_pricing(shares, price, expected):
    assert UsEquity(commission="per_share").costs(trades(shares, price)).commission[0] == pytest.approx(expected)


def test_per_order_commission_is_flat():
    assert UsEquity(commission="per_order", commission_per_order=7.0).costs(trades([1, -999])).commission.tolist() == [
        7,
        7,
    ]


def test_a_multiplier_scales_the_value_that_is_charged():
    future = Instrument(symbol="F", asset_class=AssetClass.FUTURE, multiplier=50.0)
    assert total(UsEquity().costs(trades(2, instrument=future))) == pytest.approx(
        50 * total(UsEquity().costs(trades(2)))
    )


@pytest.mark.parametrize(("quantity", "price"), [(10, np.nan), (np.nan, 10), (np.inf, 10), (10, np.inf), (10, -5.0)])
def test_a_trade_without_a_sound_price_or_quantity_is_refused(quantity, price):
    with pytest.raises(DataError, match=r"of .* A at .* cannot be charged"):
        UsEquity().costs(trades([quantity], price))


def test_spreads_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match="received 10 above 2"):
        UsEquity(spread_tight_bp=10, spread_wide_bp=2)


def test_nothing_traded_costs_nothing():
    for commission in ("basis_points", "per_share", "per_order"):
        assert total(UsEquity(commission=commission).costs(trades(0.0, volume=1e6, volatility=0.02))).tolist() == [0.0]


def test_impact_of_unknown_volatility_is_that_of_two_per_cent_a_day():
    unknown, usual = trades(1e4, volume=1e6), trades(1e4, volume=1e6, volatility=0.02)
    assert UsEquity().costs(unknown).impact.tolist() == UsEquity().costs(usual).impact.tolist()


def test_impact_without_any_trading_is_that_of_a_whole_days_volume_and_unknown_volume_has_none():
    silent = UsEquity().costs(trades(1e4, volume=0.0, volatility=0.02))
    assert silent.impact[0] == pytest.approx(1e6 * 0.02)
    assert silent.spread[0] == pytest.approx(1e6 * 5e-4)
    assert UsEquity().costs(trades(1e4, volatility=0.02)).impact.tolist() == [0.0]


def test_what_does_not_apply_is_said_and_replaced():
    model = UsEquity(commission="per_share")
    assert "not applicable on adjusted prices" in model.stamps(adjusted=True, has_volume=True)[0]
    assert "market impact not applicable" in model.stamps(adjusted=False, has_volume=False)[0]
    assert model.stamps(adjusted=False, has_volume=True) == ()
    assert model.for_data(adjusted=True, has_volume=True).commission == "basis_points"
    assert model.for_data(adjusted=False, has_volume=True) is model


MODELS = st.builds(
    UsEquity,
    commission=st.sampled_from(["basis_points", "per_share", "per_order"]),
    slippage_bp=st.floats(0, 50),
    impact_coefficient=st.floats(0, 3),
)


@given(MODELS, st.floats(1, 1e6), st.floats(1.0, 10.0), st.floats(0.5, 5000), st.floats(1e3, 1e9), st.booleans())
def test_costs_are_non_negative_symmetric_and_grow_with_size(model, size, factor, price, volume, passive):
    costs = model.costs(trades([size, -size, size * factor], price, volume, 0.02, passive))
    for component in (costs.commission, costs.spread, costs.slippage, costs.impact):
        assert (component >= 0).all()
        assert component[0] == component[1]
        assert component[2] >= component[0] * (1 - 1e-12)
