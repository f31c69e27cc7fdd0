"""One bar, in every mode, in this order: fills, marks, regime, sleeves, exits, allocation, intents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.blame import blamed
from tradewind.errors import RiskHaltError
from tradewind.model import OrderIntent, OrderType, Portfolio, TimeInForce
from tradewind.portfolio.rebalance import BuyingPower, Trade, Wish, plan_rebalance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.config.plan import AccountConfig, ExchangeConfig, RebalanceConfig
    from tradewind.contracts import Regime
    from tradewind.engine.ledger import Ledger
    from tradewind.engine.panel import Panel
    from tradewind.engine.sleeve import Sleeve
    from tradewind.model import Instrument, RegimeEstimate
    from tradewind.model.typing import FloatArray
    from tradewind.portfolio.regime_state import RegimeState

__all__ = ["Limits", "Session"]


_ROUNDING = 1e-9
"""Part of equity by which a fully invested batch may miss its cash: the rounding of its sums."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The sections of the plan that the session acts on."""

    account: AccountConfig
    rebalance: RebalanceConfig
    exchange: ExchangeConfig


class Session:
    """The decisions of one run. Knows neither Backtrader nor whether bars are history or a stream.

    Parameters
    ----------
    panel
        Bars and factors.
    ledger
        Exchange, books, journal and records.
    sleeves
        In plan order.
    detector, regime_state
        Regime detector and the state machine around it; None in a run without regimes.
    held_regime
        Label to hold for the whole run instead of asking the detector; None asks it.
    limits
        Account, rebalance and exchange rules.
    """

    def __init__(
        self,
        *,
        panel: Panel,
        ledger: Ledger,
        sleeves: Sequence[Sleeve],
        detector: Regime | None,
        regime_state: RegimeState | None,
        held_regime: str | None,
        limits: Limits,
    ) -> None:
        self.panel = panel
        self.ledger = ledger
        self.sleeves = tuple(sleeves)
        self.regime = held_regime or ""
        self._detector = None if held_regime is not None else detector
        self._regime_state = regime_state
        self._detector_warmup: int = getattr(detector, "warmup", 0)
        self._limits = limits
        self._stale: set[tuple[str, Instrument]] = set()
        """Sleeves and instruments whose working order the latest decision contradicts."""

    def process(self) -> None:
        """Let the venue act on the new bar: fills of pending orders, ends of data, expiries."""
        for executed in self.ledger.process(self.panel.ended()):
            if executed.gives_up:
                for sleeve in self.sleeves:
                    if sleeve.name in executed.sleeves:
                        sleeve.targets.give_up(executed.fill.instrument)

    def decide(self) -> None:
        """Mark, detect, decide and submit on the close of the current bar; then record it."""
        panel, ledger = self.panel, self.ledger
        for book in ledger.books.books.values():
            book.mark(panel.fields["close"][panel.bar])
        equity = ledger.equity()
        ledger.exchange.lend((self._limits.account.leverage - 1.0 + _ROUNDING) * max(equity, 0.0))
        if not equity > 0.0:
            raise RiskHaltError(
                f"bar {panel.bar} ({panel.timestamps[panel.bar]}): equity is {equity:.2f}; the account is gone. "
                f"Lower account.leverage, shares or short exposure"
            )
        before = self.regime
        self._update_regime()
        wishes = self._wishes(equity, before)
        ledger.refused.clear()
        if wishes or self._stale:
            self._trade(wishes, equity)
        self._rest_exits(equity)
        ledger.record(equity)

    def _update_regime(self) -> None:
        if self._detector is None or self._regime_state is None:
            return
        estimate: RegimeEstimate | None = None
        if self.panel.bar >= self._detector_warmup:
            with blamed(f"regime {type(self._detector).__name__}.estimate", f"at bar {self.panel.bar}"):
                estimate = self._detector.estimate(self.panel.market("regime"))
        label = self._regime_state.update(estimate)
        self.ledger.regime(label, estimate, changed=label != self.regime)
        self.regime = label

    def _wishes(self, equity: float, before: str) -> list[Wish]:
        wishes: list[Wish] = []
        self._stale.clear()
        bar = self.panel.bar
        days = int(self.panel.timestamps[bar].astype("datetime64[D]").astype(np.int64))
        for sleeve in self.sleeves:
            due = sleeve.is_due(bar, days)
            changed = self.regime != before and sleeve.share_in(before) != sleeve.share_in(self.regime)
            exits = bool(sleeve.closing_exits) and self.ledger.holds(sleeve.name)
            if due or changed or exits or sleeve.targets.pending or self.ledger.refused:
                wishes.extend(self._sleeve_wishes(sleeve, equity, due=due, changed=changed, exits=exits))
        return wishes

    def _sleeve_wishes(self, sleeve: Sleeve, equity: float, *, due: bool, changed: bool, exits: bool) -> list[Wish]:
        market = self.panel.market(sleeve.name)
        portfolio: Portfolio | None = None
        if due:
            portfolio = self._portfolio(sleeve, equity)
            decision = sleeve.decide(market, portfolio, self.panel.market(f"{sleeve.name}.sizer"))
            if decision is not None:
                self.ledger.decision(sleeve.name, decision)
        for intent in self.ledger.refused:
            if sleeve.name in intent.split:
                sleeve.targets.pending.setdefault(intent.instrument, "retry")
        if changed:
            sleeve.targets.rescale()
        if exits:
            portfolio = portfolio or self._portfolio(sleeve, equity)
            markets = {name: self.panel.market(f"{sleeve.name}.exit.{name}") for name, _ in sleeve.closing_exits}
            for name, mask in sleeve.closing(markets, portfolio).items():
                self.ledger.exit(sleeve.name, name, mask)
        for instrument in [one for one in sleeve.targets.quantities if self.ledger.expired(one)]:
            sleeve.targets.give_up(instrument)
            self.ledger.warnings[f"{instrument.symbol}: has expired and is not traded"] = None
        if not sleeve.targets.pending:
            return []
        capital = sleeve.share_in(self.regime) * equity
        waiting = self.ledger.waiting(sleeve.name)
        wishes, stale = sleeve.targets.wishes(capital, market, self.ledger.quotes, self.ledger.books, waiting)
        self._stale.update((sleeve.name, instrument) for instrument in stale)
        return wishes

    def _trade(self, wishes: Sequence[Wish], equity: float) -> None:
        ledger = self.ledger
        wishes = [*wishes, *self._reopened(wishes)]
        holdings = ledger.holdings()
        plan = plan_rebalance(
            wishes,
            holdings,
            power=BuyingPower(
                equity=equity,
                cash=ledger.exchange.cash - ledger.reserved(),
                cash_buffer=self._limits.account.cash_buffer,
                leverage=self._limits.account.leverage,
                short_margin=self._limits.exchange.short_margin,
                estimate_costs=ledger.estimate_costs,
            ),
            drift_threshold=self._limits.rebalance.drift_threshold,
            minimum_notional=self._limits.rebalance.minimum_notional,
            short_value=self._short_value(wishes, holdings),
        )
        for cross in plan.crosses:
            ledger.cross(cross)
        ledger.submit([self._intent(number, trade) for number, trade in enumerate(plan.trades)], plan.trades)

    def _reopened(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Cancel the orders that wishes replace; return what other sleeves still wanted of them, to be ordered anew."""
        replaced = {(wish.sleeve, wish.instrument) for wish in wishes} | self._stale
        reopened: list[Wish] = []
        for intent, parts in self.ledger.cancel_working({instrument for _, instrument in replaced}):
            for name, part in parts.items():
                if intent.time_in_force is TimeInForce.DAY or (name, intent.instrument) in replaced:
                    continue
                held = self.ledger.books.holding(name, intent.instrument)
                mark = self.ledger.quotes.mark(intent.instrument)
                reopened.append(Wish(name, intent.instrument, held, held + part, mark, intent.reason))
        return reopened

    def _short_value(self, wishes: Sequence[Wish], holdings: Mapping[Instrument, float]) -> float:
        after = dict(holdings)
        for wish in wishes:
            after[wish.instrument] = after.get(wish.instrument, 0.0) + wish.change
        return math.fsum(
            -quantity * self.ledger.quotes.mark(instrument) * instrument.multiplier
            for instrument, quantity in after.items()
            if quantity < 0.0
        )

    def _intent(self, number: int, trade: Trade) -> OrderIntent:
        bar = self.panel.bar
        return OrderIntent(
            order_id=f"{bar}-{number}-{trade.instrument.symbol}",
            bar=bar,
            instrument=trade.instrument,
            quantity=trade.quantity,
            reason=trade.reason,
            split=trade.split,
        )

    def _rest_exits(self, equity: float) -> None:
        """Place the next bar's stop or limit order of each resting exit, for what no order at work will sell.

        A position has one of them, the stop if there are both: two orders could both fill.
        """
        intents: list[OrderIntent] = []
        for sleeve in self.sleeves:
            if not sleeve.resting_exits or not self.ledger.holds(sleeve.name):
                continue
            portfolio = self._portfolio(sleeve, equity)
            for name, rule in sleeve.resting_exits:
                market = self.panel.market(f"{sleeve.name}.exit.{name}")
                with blamed(f"sleeve {sleeve.name!r}: exit {name}", f"at bar {market.bar}"):
                    stops, limits = rule.stop_prices(market, portfolio), rule.limit_prices(market, portfolio)
                intents.extend(self._resting(sleeve, name, portfolio, OrderType.STOP, stops))
                unstopped = np.where(np.isfinite(stops), np.nan, limits)
                intents.extend(self._resting(sleeve, name, portfolio, OrderType.LIMIT, unstopped))
        if intents:
            self.ledger.submit(intents, ())

    def _resting(
        self, sleeve: Sleeve, name: str, portfolio: Portfolio, order_type: OrderType, prices: FloatArray
    ) -> list[OrderIntent]:
        bar = self.panel.bar
        intents: list[OrderIntent] = []
        waiting = self.ledger.waiting(sleeve.name)
        for column in np.flatnonzero((portfolio.quantities != 0) & np.isfinite(prices)).tolist():
            instrument = self.panel.instruments[column]
            held, under_way = float(portfolio.quantities[column]), waiting.get(instrument, 0.0)
            reducing = under_way if held * under_way < 0.0 else 0.0
            quantity = -(held + reducing)
            if quantity * held >= 0.0:
                continue
            price: dict[str, Any] = {
                "stop_price" if order_type is OrderType.STOP else "limit_price": float(prices[column])
            }
            intents.append(
                OrderIntent(
                    order_id=f"{bar}-{sleeve.name}-{name}-{order_type}-{instrument.symbol}",
                    bar=bar,
                    instrument=instrument,
                    quantity=quantity,
                    order_type=order_type,
                    time_in_force=TimeInForce.DAY,
                    reason=f"exit:{name}",
                    split={sleeve.name: quantity},
                    **price,
                )
            )
        return intents

    def _portfolio(self, sleeve: Sleeve, equity: float) -> Portfolio:
        book = self.ledger.books.books[sleeve.name]
        return Portfolio(
            equity=equity,
            capital=sleeve.share_in(self.regime) * equity,
            cash=self.ledger.exchange.cash,
            quantities=book.quantities.copy(),
            entry_prices=book.entry_prices.copy(),
            entry_bars=book.entry_bars.copy(),
            highest_closes=np.where(book.quantities != 0, book.highest_closes, np.nan),
            lowest_closes=np.where(book.quantities != 0, book.lowest_closes, np.nan),
            target_weights=sleeve.targets.weights.copy(),
            others=dict(book.others),
            regime=self.regime,
        )
