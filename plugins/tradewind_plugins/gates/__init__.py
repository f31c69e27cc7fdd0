"""Built-in gates."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import GatePlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.gates.buying_power import BuyingPower
from tradewind_plugins.gates.duplicate_order import DuplicateOrder
from tradewind_plugins.gates.exposure import RegimeCompliance, TotalAllocation
from tradewind_plugins.gates.fat_finger import FatFinger
from tradewind_plugins.gates.market_hours import MarketHours
from tradewind_plugins.gates.order_rate import OrderRate
from tradewind_plugins.gates.order_structure import OrderStructure
from tradewind_plugins.gates.position_size import PositionSize
from tradewind_plugins.gates.price_collar import PriceCollar
from tradewind_plugins.gates.sector_allocation import SectorAllocation
from tradewind_plugins.gates.short_availability import ShortAvailability
from tradewind_plugins.gates.stale_quote import StaleQuote
from tradewind_plugins.gates.symbol import SymbolGate
from tradewind_plugins.gates.trade_risk import TradeRisk

__all__ = [
    "BuyingPower",
    "DuplicateOrder",
    "FatFinger",
    "MarketHours",
    "OrderRate",
    "OrderStructure",
    "PositionSize",
    "PriceCollar",
    "RegimeCompliance",
    "SectorAllocation",
    "ShortAvailability",
    "StaleQuote",
    "SymbolGate",
    "TotalAllocation",
    "TradeRisk",
]


@hookimpl
def tradewind_gates() -> Iterable[GatePlugin]:
    """Yield the built-in gates, in the order in which they are asked."""
    yield GatePlugin(
        name="order_structure",
        create=OrderStructure,
        summary="Orders without sense: no finite quantity, price or stop, broken lots, expired instruments.",
    )
    yield GatePlugin(
        name="symbol",
        create=SymbolGate,
        summary="Unknown, quoted only or restricted symbols, and penny stocks.",
    )
    yield GatePlugin(
        name="duplicate_order",
        create=DuplicateOrder,
        summary="The same order twice, in a batch or while one is at work.",
    )
    yield GatePlugin(
        name="market_hours",
        create=MarketHours,
        summary="Orders while the market is closed: weekends, or the exact sessions of each exchange.",
    )
    yield GatePlugin(
        name="stale_quote",
        create=StaleQuote,
        summary="Openings on a price that is too old.",
    )
    yield GatePlugin(
        name="price_collar",
        create=PriceCollar,
        summary="Limits far on the wrong side of the price, and openings on a price that has jumped.",
    )
    yield GatePlugin(
        name="fat_finger",
        create=FatFinger,
        summary="Openings too large to be meant, by part of equity, value or quantity.",
    )
    yield GatePlugin(
        name="order_rate",
        create=OrderRate,
        summary="More orders in a second, minute or day than a sane strategy sends.",
    )
    yield GatePlugin(
        name="short_availability",
        create=ShortAvailability,
        summary="Short sales that are not allowed or of what cannot be borrowed.",
    )
    yield GatePlugin(
        name="trade_risk",
        create=TradeRisk,
        summary="What a trade may lose down to its stop, as a part of equity.",
    )
    yield GatePlugin(
        name="position_size",
        create=PositionSize,
        summary="Value of a position, as a part of equity.",
    )
    yield GatePlugin(
        name="sector_allocation",
        create=SectorAllocation,
        summary="Value of a sector's positions, as a part of equity.",
    )
    yield GatePlugin(
        name="regime_compliance",
        create=RegimeCompliance,
        summary="Gross exposure that the regime allows, as a part of equity.",
    )
    yield GatePlugin(
        name="total_allocation",
        create=TotalAllocation,
        summary="Gross exposure, as a part of equity.",
    )
    yield GatePlugin(
        name="buying_power",
        create=BuyingPower,
        summary="Buys for which there is neither cash nor credit.",
    )
