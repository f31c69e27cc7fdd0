"""One bar, in every mode, in this order: fills, marks, regime, sleeves, exits, allocation, intents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.blame import blamed
from tradewind.errors import RiskHaltError
from tradewind.model import OrderIntent, OrderType, Portfolio, TimeInForce
from tradewind.portfolio.rebalance import BuyingPower, Trade, Wish, plan_rebalance, round_to_lot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.config.plan import AccountConfig, ExchangeConfig, RebalanceConfig
    from tradewind.contracts import Regime
    from tradewind.engine.ledger import Executed, Ledger
    from tradewind.engine.panel import Panel
    from tradewind.engine.sleeve import Decision, Sleeve
    from tradewind.model import Instrument, Market, RegimeEstimate
    from tradewind.model.typing import BoolArray, FloatArray
    from tradewind.portfolio.regime_state import RegimeState

__all__ = ["Limits", "Session"]


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
        self._columns = {instrument: column for column, instrument in enumerate(panel.instruments)}
        self._stale: set[tuple[str, Instrument]] = set()
        """Sleeves and instruments whose working order the latest decision contradicts."""
        self._lots = np.array([instrument.lot_size for instrument in panel.instruments])
        self._multipliers = np.array([instrument.multiplier for instrument in panel.instruments])

    def process(self) -> None:
        """Let the venue act on the new bar: fills of pending orders, ends of data, expiries."""
        for executed in self.ledger.process(self.panel.ended()):
            if executed.reason.startswith("exit:") or executed.reason == "data_end":
                self._forget_target(executed)

    def _forget_target(self, executed: Executed) -> None:
        """A position given up at the venue is not wanted again before the next decision."""
        column = self._columns.get(executed.fill.instrument)
        for sleeve in self.sleeves:
            if column is not None and sleeve.name in executed.sleeves:
                sleeve.target_weights[column] = 0.0

    def decide(self) -> None:
        """Mark, detect, decide and submit on the close of the current bar; then record it."""
        panel, ledger = self.panel, self.ledger
        for book in ledger.books.books.values():
            book.mark(panel.fields["close"][panel.bar])
        equity = ledger.equity()
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
            if due or changed or exits or self.ledger.refused:
                wishes.extend(self._sleeve_wishes(sleeve, equity, due=due, changed=changed, exits=exits))
        return wishes

    def _sleeve_wishes(self, sleeve: Sleeve, equity: float, *, due: bool, changed: bool, exits: bool) -> list[Wish]:
        market = self.panel.market(sleeve.name)
        portfolio: Portfolio | None = None
        decision: Decision | None = None
        if due:
            portfolio = self._portfolio(sleeve, equity)
            decision = sleeve.decide(market, portfolio, self.panel.market(f"{sleeve.name}.sizer"))
        reasons = self._retries(sleeve)
        if exits:
            portfolio = portfolio or self._portfolio(sleeve, equity)
            markets = {name: self.panel.market(f"{sleeve.name}.exit.{name}") for name, _ in sleeve.closing_exits}
            for name, mask in sleeve.closing(markets, portfolio).items():
                reasons.update((int(column), f"exit:{name}") for column in np.flatnonzero(mask))
                self.ledger.exit(sleeve.name, name, mask)
        if decision is not None:
            self.ledger.decision(sleeve.name, decision)
            return self._wanted(sleeve, market, equity, "rebalance", reasons, decision)
        if changed:
            return self._wanted(sleeve, market, equity, "regime", reasons, None)
        if reasons:
            return self._wanted(sleeve, market, equity, "", reasons, None)
        return []

    def _retries(self, sleeve: Sleeve) -> dict[int, str]:
        """Columns whose buy was refused at the fill for want of cash: they are sized again to the cash there is now."""
        columns = (
            self._columns.get(intent.instrument) for intent in self.ledger.refused if sleeve.name in intent.split
        )
        return {column: "retry" for column in columns if column is not None}

    def _wanted(
        self,
        sleeve: Sleeve,
        market: Market,
        equity: float,
        reason: str,
        reasons: Mapping[int, str],
        decision: Decision | None,
    ) -> list[Wish]:
        """Turn target weights into wished holdings; an instrument that is halted keeps its holding."""
        capital = sleeve.share_in(self.regime) * equity
        held = self.ledger.books.books[sleeve.name].quantities
        marks = market.marks
        with np.errstate(invalid="ignore"):
            wanted = sleeve.target_weights * capital / (marks * self._multipliers)
        decided = np.ones(len(held), dtype=np.bool_)
        if decision is not None:
            decided = np.zeros_like(decided) if decision.weights is None else ~np.isnan(decision.weights)
        moved = market.tradable & (wanted != held) & decided
        if reason and self.ledger.has_working:
            self._find_stale(sleeve, np.nan_to_num(wanted), decided)
        if reasons:
            moved[list(reasons)] |= market.tradable[list(reasons)]
            if not reason:
                moved[[column for column in range(len(moved)) if column not in reasons]] = False
        wishes = [
            Wish(
                sleeve.name,
                market.instruments[column],
                float(held[column]),
                round_to_lot(float(wanted[column]), float(self._lots[column])),
                float(marks[column]),
                reasons.get(column, reason),
            )
            for column in np.flatnonzero(moved).tolist()
        ]
        return wishes + self._exact(sleeve, decision, reason)

    def _exact(self, sleeve: Sleeve, decision: Decision | None, reason: str) -> list[Wish]:
        """Wishes in quantities; a sleeve without capital in this regime holds none of them."""
        if decision is not None:
            sleeve.target_quantities.update(decision.quantities)
        elif reason != "regime":
            return []
        active = sleeve.share_in(self.regime) > 0.0
        wishes: list[Wish] = []
        for instrument, quantity in sleeve.target_quantities.items():
            quote = self.ledger.quotes.quote(instrument)
            wanted = quantity if active else 0.0
            held = self.ledger.books.holding(sleeve.name, instrument)
            if quote is not None and wanted != held:
                wishes.append(Wish(sleeve.name, instrument, held, wanted, quote.close, reason))
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
                cash=ledger.exchange.cash,
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

    def _find_stale(self, sleeve: Sleeve, wanted: FloatArray, decided: BoolArray) -> None:
        """Note orders that would take the sleeve elsewhere than it now wants, as one that waits on a halted symbol."""
        for intent, parts in self.ledger.working():
            column = self._columns.get(intent.instrument)
            if column is None or not decided[column] or sleeve.name not in parts:
                continue
            after = self.ledger.books.holding(sleeve.name, intent.instrument) + parts[sleeve.name]
            if not math.isclose(after, wanted[column], rel_tol=1e-9, abs_tol=1e-9):
                self._stale.add((sleeve.name, intent.instrument))

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
        """Place the next bar's stop or limit order of each resting exit, for positions no order works on.

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
        busy = {intent.instrument for intent, parts in self.ledger.working() if sleeve.name in parts}
        for column in np.flatnonzero((portfolio.quantities != 0) & np.isfinite(prices)).tolist():
            instrument = self.panel.instruments[column]
            if instrument in busy:
                continue
            quantity = -float(portfolio.quantities[column])
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
            target_weights=sleeve.target_weights.copy(),
            others=dict(book.others),
            regime=self.regime,
        )
