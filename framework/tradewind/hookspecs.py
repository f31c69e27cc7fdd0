"""Every hook of tradewind, on one page.

A plugin module implements any of these with `tradewind.hookimpl` and is found through the entry-point group
``tradewind``. Hooks yield frozen records and change nothing::

    import tradewind

    class Hold:
        def on_bar(self, market, portfolio):
            ...

    @tradewind.hookimpl
    def tradewind_strategies():
        yield tradewind.StrategyPlugin(name="hold", create=Hold, summary="Hold everything.")
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from tradewind.contracts.plugin import (
        BreakerPlugin,
        BrokerPlugin,
        CostPlugin,
        ExitPlugin,
        FactorPlugin,
        FeedPlugin,
        GatePlugin,
        RegimePlugin,
        ReportPlugin,
        SizerPlugin,
        StrategyPlugin,
    )

__all__ = ["ENTRY_POINT_GROUP", "HookSpecs", "hookimpl", "hookspec"]

ENTRY_POINT_GROUP = "tradewind"

hookspec = pluggy.HookspecMarker("tradewind")
hookimpl = pluggy.HookimplMarker("tradewind")


class HookSpecs:
    """The hooks, each with one example of a record it may yield."""

    @hookspec
    def tradewind_strategies(self) -> Iterable[StrategyPlugin]:  # type: ignore[empty-body]
        """Strategies: ``yield StrategyPlugin(name="high_52w", create=High52Week, summary="Nearness to the high.")``."""

    @hookspec
    def tradewind_regimes(self) -> Iterable[RegimePlugin]:  # type: ignore[empty-body]
        """Regime detectors: ``yield RegimePlugin(name="threshold", create=Threshold, summary="200-day average.")``."""

    @hookspec
    def tradewind_sizers(self) -> Iterable[SizerPlugin]:  # type: ignore[empty-body]
        """Sizers: ``yield SizerPlugin(name="kelly", create=Kelly, summary="Fractional Kelly.")``."""

    @hookspec
    def tradewind_exits(self) -> Iterable[ExitPlugin]:  # type: ignore[empty-body]
        """Exits: ``yield ExitPlugin(name="atr_stop", create=AtrStop, summary="ATR stop.", needs=("high", "low"))``."""

    @hookspec
    def tradewind_factors(self) -> Iterable[FactorPlugin]:  # type: ignore[empty-body]
        """Factors: ``yield FactorPlugin(name="rolling_high", create=RollingHigh, summary="Highest close.")``."""

    @hookspec
    def tradewind_feeds(self) -> Iterable[FeedPlugin]:  # type: ignore[empty-body]
        """Feeds: ``yield FeedPlugin(name="files", create=Files, summary="CSV and Parquet files.")``."""

    @hookspec
    def tradewind_costs(self) -> Iterable[CostPlugin]:  # type: ignore[empty-body]
        """Cost models: ``yield CostPlugin(name="us_equity", create=UsEquity, summary="Costs.")``."""

    @hookspec
    def tradewind_brokers(self) -> Iterable[BrokerPlugin]:  # type: ignore[empty-body]
        """Brokers: ``yield BrokerPlugin(name="venue", create=VenueBroker, summary="The exchange.")``."""

    @hookspec
    def tradewind_gates(self) -> Iterable[GatePlugin]:  # type: ignore[empty-body]
        """Pre-trade checks: ``yield GatePlugin(name="position_size", create=PositionSize, summary="15 %.")``."""

    @hookspec
    def tradewind_breakers(self) -> Iterable[BreakerPlugin]:  # type: ignore[empty-body]
        """Breakers: ``yield BreakerPlugin(name="drawdown", create=Drawdown, summary="Halt at 12 %.")``."""

    @hookspec
    def tradewind_reports(self) -> Iterable[ReportPlugin]:  # type: ignore[empty-body]
        """Reports: ``yield ReportPlugin(name="html", create=HtmlReport, summary="A self-contained page.")``."""
