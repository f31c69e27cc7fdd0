"""Costs, gates, breakers and reports that are unlike the built-in ones and sound: their kits find no fault."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.contracts import AccountView, BreakerView, Costs, OrderBatch, Reading, Trades, Verdict
from tradewind.model import Result, Standing
from tradewind.testing import BreakerKit, CostKit, GateKit, ReportKit


class TickSpread:
    """Half a cent a share, and a fee on sells."""

    uses_liquidity = False

    def costs(self, trades: Trades) -> Costs:
        size = np.abs(trades.quantities)
        value = size * trades.prices
        none = np.zeros(len(size))
        return Costs(
            commission=np.where(trades.quantities < 0.0, 2.29e-5 * value, 0.0 * value),
            spread=np.where(trades.passive, 0.0, 0.005 * size),
            slippage=none,
            impact=none.copy(),
        )


class Tiers:
    """A commission whose rate falls from tier to tier, of what lies in each."""

    def costs(self, trades: Trades) -> Costs:
        value = np.abs(trades.quantities) * trades.prices
        none = np.zeros(len(value))
        return Costs(
            commission=1e-3 * np.minimum(value, 1e4) + 1e-4 * np.maximum(value - 1e4, 0.0),
            spread=none,
            slippage=none.copy(),
            impact=none.copy(),
        )


class AllOrNothing:
    """Refuses whole openings that would be more than a tenth of equity."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        verdicts = []
        for order, intent in enumerate(batch.intents):
            opening = float(batch.openings[order])
            value = abs(float(batch.held[order]) + float(batch.quantities[order])) * batch.prices[order]
            value *= batch.multipliers[order]
            if opening and not value <= 0.1 * account.equity:
                left = float(batch.quantities[order]) - opening + 0.0
                text = f"{intent.instrument.symbol} would be worth {value:.0f}, allowed are {0.1 * account.equity:.0f}"
                verdicts.append(Verdict(order, left, "all_or_nothing", text))
        return verdicts


class FirstThree:
    """Lets three openings of a batch pass."""

    stage = 45

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        beyond = np.flatnonzero(batch.openings)[3:].tolist()
        return [
            Verdict(
                order,
                float(batch.quantities[order] - batch.openings[order]) + 0.0,
                "three",
                f"{batch.intents[order].instrument.symbol} is opening number {number}, allowed are 3",
            )
            for number, order in enumerate(beyond, start=4)
        ]


class NoWeekends:
    """Sends nothing at all on a Saturday or Sunday, closings neither."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        weekday = (int(account.time.astype("datetime64[D]").astype(np.int64)) + 3) % 7
        if weekday < 5:
            return ()
        return [
            Verdict(order, 0.0, "weekend", f"{intent.instrument.symbol}: it is day {weekday + 1} of the week")
            for order, intent in enumerate(batch.intents)
            if batch.quantities[order]
        ]


class FallOfWeek:
    """Halts where equity has fallen by a tenth within five bars; it lets no bar be passed over."""

    def __init__(self) -> None:
        self._last: list[float] = []

    def observe(self, view: BreakerView) -> Reading:
        if np.isfinite(view.equity):
            self._last = [*self._last, view.equity][-6:]
        if not self._last or self._last[-1] > 0.9 * max(self._last):
            return Reading()
        return Reading(Standing.HALTED, f"{self._last[-1]:.0f} after {max(self._last):.0f} within five bars")

    def rearm(self, view: BreakerView) -> None:
        self._last = [view.equity]

    def state(self) -> dict[str, Any]:
        return {"last": list(self._last)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._last = list(state["last"])


class Refusals:
    """Only lets positions become smaller while more than half of all orders were refused."""

    def observe(self, view: BreakerView) -> Reading:
        if view.refused * 2 <= view.orders or view.orders < 10:
            return Reading()
        return Reading(Standing.REDUCE_ONLY, f"{view.refused} of {view.orders} orders were refused")

    def rearm(self, view: BreakerView) -> None: ...

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Figures:
    """The figures as JSON."""

    def write(self, result: Result, directory: Path) -> Path:
        figures = {name: value if np.isfinite(value) else None for name, value in result.metrics.items()}
        path = directory / "figures.json"
        path.write_text(json.dumps({"name": result.name, "bars": len(result.equity), **figures}), encoding="utf-8")
        return path


class TestTickSpread(CostKit):
    plugin = TickSpread


class TestTiers(CostKit):
    plugin = Tiers


class TestAllOrNothing(GateKit):
    plugin = AllOrNothing

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        after = np.abs(batch.held + batch.quantities) * batch.prices * batch.multipliers / account.equity
        opens = batch.openings != 0.0
        return f"{after[opens].max():.4f}" if (after[opens] > 0.1 + 1e-9).any() else ""


class TestFirstThree(GateKit):
    plugin = FirstThree
    order_matters = True


class TestNoWeekends(GateKit):
    plugin = NoWeekends
    refuses_closings = True


class TestFallOfWeek(BreakerKit):
    plugin = FallOfWeek


class TestRefusals(BreakerKit):
    plugin = Refusals


class TestFigures(ReportKit):
    plugin = Figures
