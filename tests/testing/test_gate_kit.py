"""The kit for gates: what is built in passes, and each planted fault is caught by its test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.testing.examining import examine, run_kit
from tests.testing.mutants_gate import MUTANTS, Sound
from tradewind.contracts import AccountView, OrderBatch
from tradewind.testing import GateKit
from tradewind.testing.kits.failure import KitFailureError
from tradewind_plugins.gates.exposure import EXPOSURE_BY_REGIME

SLACK = 1.0 + 1e-6


def position_above(part: float, batch: OrderBatch, account: AccountView) -> str:
    """The first position beyond a part of equity, of orders that open."""
    after = np.abs(batch.held + batch.quantities) * batch.prices * batch.multipliers / account.equity
    beyond = np.flatnonzero((after > part * SLACK) & (batch.openings != 0.0))
    return ", ".join(f"{batch.intents[order].instrument.symbol} at {after[order]:.3f}" for order in beyond)


def gross_above(part: float, batch: OrderBatch, account: AccountView) -> str:
    before = np.abs(batch.held) * batch.prices * batch.multipliers
    after = np.abs(batch.held + batch.quantities) * batch.prices * batch.multipliers
    gross = (account.gross + float((after - before).sum())) / account.equity
    return f"gross {gross:.3f}" if gross > part * SLACK and batch.openings.any() else ""


class TestOrderStructure(GateKit):
    plugin = "order_structure"


class TestSymbol(GateKit):
    plugin = "symbol"
    params = {"restricted": ("S1", "S4"), "minimum_price": 20.0}  # noqa: RUF012 as authors write it
    refuses_closings = True


class TestDuplicateOrder(GateKit):
    plugin = "duplicate_order"
    refuses_closings = True


class TestMarketHours(GateKit):
    plugin = "market_hours"
    refuses_closings = True


class TestStaleQuote(GateKit):
    plugin = "stale_quote"


class TestPriceCollar(GateKit):
    plugin = "price_collar"
    refuses_closings = True


class TestFatFinger(GateKit):
    plugin = "fat_finger"


class TestOrderRate(GateKit):
    plugin = "order_rate"
    params = {"per_second": 3}  # noqa: RUF012 as authors write it
    order_matters = True

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        openings = int(np.count_nonzero(batch.openings))
        return f"{openings} openings" if openings > 3 else ""


class TestShortAvailability(GateKit):
    plugin = "short_availability"
    params = {"allowed": False}  # noqa: RUF012 as authors write it

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        return "short" if (batch.held + batch.quantities < -1e-9).any() else ""


class TestTradeRisk(GateKit):
    plugin = "trade_risk"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        risk = np.abs(batch.openings * (batch.prices - batch.stops) * batch.multipliers) / account.equity
        return f"{risk.max():.4f}" if (risk > 0.02 * SLACK).any() else ""


class TestPositionSize(GateKit):
    plugin = "position_size"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        return position_above(0.15, batch, account)


class TestSectorAllocation(GateKit):
    plugin = "sector_allocation"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        after = np.abs(batch.held + batch.quantities) * batch.prices * batch.multipliers
        change = after - np.abs(batch.held) * batch.prices * batch.multipliers
        for sector, value in enumerate(account.sector_values.tolist()):
            mine = batch.sectors == sector
            total = (value + float(change[mine].sum())) / account.equity
            if total > 0.30 * SLACK and batch.openings[mine].any():
                return f"{account.sectors[sector]} at {total:.3f}"
        return ""


class TestRegimeCompliance(GateKit):
    plugin = "regime_compliance"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        return gross_above(EXPOSURE_BY_REGIME.get(account.regime, np.inf), batch, account)


class TestTotalAllocation(GateKit):
    plugin = "total_allocation"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        return gross_above(1.0, batch, account)


class TestBuyingPower(GateKit):
    plugin = "buying_power"

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        unit = batch.prices * batch.multipliers
        closed = batch.quantities - batch.openings
        cash = account.cash - float((closed * unit).sum()) - float((np.fmax(batch.openings, 0.0) * unit).sum())
        return f"cash {cash:.2f}" if cash < -1.0 and (batch.openings > 0.0).any() else ""


class Tenth(GateKit):
    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        return position_above(0.1, batch, account)


def test_a_class_without_a_fault_passes() -> None:
    assert len(run_kit(Tenth, Sound)) >= 14


@pytest.mark.parametrize(("mutant", "test", "message"), MUTANTS, ids=[mutant.__name__ for mutant, *_ in MUTANTS])
def test_a_planted_fault_is_caught(mutant: type[Any], test: str, message: str) -> None:
    with pytest.raises(KitFailureError, match=message):
        examine(Tenth, mutant, test)


def test_without_a_limit_the_stream_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="override `exceeded`"):
        examine(GateKit, Sound, "test_the_limit_is_never_exceeded")
