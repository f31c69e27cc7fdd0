"""One bar, in every mode, in this order: fills, marks, regime, sleeves, exits, allocation, intents."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.engine.flattening import Flattening
from tradewind.engine.jump import next_event
from tradewind.engine.regime_track import RegimeTrack
from tradewind.engine.replacing import replace_orders
from tradewind.engine.resting import rest_exits
from tradewind.engine.working_orders import rests
from tradewind.errors import RiskHaltError
from tradewind.model import OrderIntent, Portfolio, Standing
from tradewind.portfolio.rebalance import BuyingPower, Trade, Wish, plan_rebalance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.config.plan import AccountConfig, ExchangeConfig, RebalanceConfig
    from tradewind.contracts import Regime
    from tradewind.engine.ledger import Executed, Ledger
    from tradewind.engine.panel import Panel
    from tradewind.engine.sleeve import Sleeve
    from tradewind.model import Instrument, OrderEvent
    from tradewind.model.typing import FloatArray
    from tradewind.portfolio.regime_state import RegimeState
    from tradewind.risk.standing import Change

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
        self.track: RegimeTrack | None = None
        """Regimes bar by bar; None in a run without them."""
        if held_regime is None and detector is not None and regime_state is not None:
            self.track = RegimeTrack(panel, detector, regime_state)
        self.desk = ledger.desk
        self.flattening = Flattening(ledger, panel, [sleeve.name for sleeve in self.sleeves])
        self._confidence = math.nan
        self._limits = limits
        if held_regime is not None:
            ledger.confirmed_regime = held_regime
        self._portfolios: dict[str, tuple[tuple[object, ...], FloatArray, Portfolio]] = {}
        """The last portfolio made for each sleeve, with what it was made of."""
        self._ended: list[Instrument] = []
        """What will not trade again."""
        self._stale: set[tuple[str, Instrument]] = set()
        """Sleeves and instruments whose working order the latest decision contradicts."""
        self.short_of_sales: dict[tuple[str, Instrument], set[Instrument]] = {}
        """Sleeves and what they have bought too little of, with the sales, refused before, that brought it no room."""

    def process(self) -> None:
        """Let the venue act on the new bar: fills of pending orders, ends of data, expiries."""
        closes, bar = self.panel.fields["close"], self.panel.bar
        for book in self.ledger.books.books.values():
            book.mark_to(closes, bar - 1)
        ended = self.panel.ended()
        self._ended.extend(self.panel.instruments[column] for column in ended)
        self._give_up(self.ledger.process(ended))

    def idle(self, events: Sequence[OrderEvent]) -> None:
        """Take in what has become of orders between two bars."""
        self._give_up(self.ledger.idle(events))

    def _give_up(self, unwanted: Sequence[Executed]) -> None:
        for executed in unwanted:
            for sleeve in self.sleeves:
                if sleeve.name in executed.sleeves:
                    sleeve.targets.give_up(executed.instrument)
                    left = self.ledger.books.holding(sleeve.name, executed.instrument) != 0.0
                    if left or executed.instrument in self.ledger.at_work.waiting(sleeve.name):
                        sleeve.targets.withdraw(executed.instrument, executed.reason)

    def decide(self) -> None:
        """Mark, detect, decide and submit on the close of the current bar; then record it."""
        panel, ledger = self.panel, self.ledger
        equity = ledger.equity()
        if not equity > 0.0:
            self._end_account(equity)
        self._lend(equity)
        self._watch(equity)
        before = self.regime
        if self.track is not None:
            self.regime, estimate, changed = self.track.take()
            self._confidence = math.nan if estimate is None else estimate.confidence
            ledger.regime(panel.bar, self.regime, estimate, changed=changed)
        wishes = self._wishes(equity, before)
        self._note_stops()
        ledger.refused.clear()
        accepts = ledger.exchange.accepts()
        if not accepts or self.desk.standing >= Standing.HALTED:
            self._put_off(wishes)
        elif wishes or self._stale:
            self._trade(wishes, equity)
        if accepts and not self.flattening.wanted and self.desk.standing is not Standing.KILLED:
            self._protect(equity)
        self.flattening.go_on()
        ledger.record(equity)

    def _protect(self, equity: float) -> None:
        """Keep the resting exits of what is held at the venue."""
        ledger = self.ledger
        guarded = [
            sleeve
            for sleeve in self.sleeves
            if sleeve.resting_exits and (ledger.holds(sleeve.name) or ledger.at_work.resting(sleeve.name))
        ]
        for sleeve in guarded:
            ledger.submit(rest_exits(sleeve, self.panel, ledger, self.portfolio(sleeve, equity)))
        if guarded:
            ledger.deliver_late()

    def _end_account(self, equity: float) -> None:
        """Cancel, and close where that was asked for, before the run ends: what is held may go on losing."""
        panel, text = self.panel, f"equity is {equity:.2f}; the account is gone"
        change = self.desk.board.command(Standing.KILLED, panel.bar, text, by="equity")
        if change is not None:
            self._stand(change)
        self.flatten_again()
        raise RiskHaltError(
            f"bar {panel.bar} ({panel.timestamps[panel.bar]}): {text}. Lower account.leverage, shares or short exposure"
        )

    def operate(self, wanted: Standing, text: str, *, flatten: bool = False) -> None:
        """Let an operator allow less; ``flatten`` also sells what is held, as soon as orders are taken."""
        self.flattening.wanted |= flatten
        change = self.desk.board.command(wanted, self.panel.bar, text)
        if change is not None:
            self._stand(change)
        self.flatten_again()

    def flatten_again(self) -> None:
        """Order away what is to be closed and was not, where that is wanted."""
        if self.flattening.wanted:
            self.ledger.exchange.accepts()
            self.flattening.go_on()

    def resume(self, *, rearm: bool, text: str = "resumed") -> None:
        """Let an operator take back what was forbidden; ``rearm`` also ends what breakers have tripped."""
        change = self.desk.board.resume(rearm=rearm, text=text)
        if change is not None:
            self._stand(change)
        self.flattening.wanted &= self.desk.standing >= Standing.HALTED

    def _watch(self, equity: float) -> None:
        """Let the breakers look at the bar, and act on a new standing."""
        change = self.desk.mark(equity, self._confidence)
        if change is not None:
            self._stand(change)

    def _stand(self, change: Change) -> None:
        ledger = self.ledger
        ledger.standing(change)
        if change.after is change.before:
            return
        if change.after < change.before:
            self.flattening.wanted &= change.after >= Standing.HALTED
            for sleeve in self.sleeves:
                sleeve.targets.rescale("resumed")
        elif change.after is Standing.KILLED:
            ledger.cancel_all()
            # An operator says himself whether positions are closed, here or from outside.
            self.flattening.wanted |= self.desk.flattens and change.by != "operator"
        elif change.after is Standing.HALTED:
            ledger.cancel_all(protective=False)
        elif change.after is Standing.REDUCE_ONLY:
            ledger.cancel_openings()

    def _note_stops(self) -> None:
        given = {sleeve.name: sleeve.stop_prices for sleeve in self.sleeves if sleeve.stop_prices is not None}
        if given or self.desk.stops:
            self.desk.stops = given

    def jump(self) -> None:
        """Pass over the bars of a history on which nothing can happen; the next bar is then the next event."""
        panel, ledger = self.panel, self.ledger
        stop = next_event(self)
        if stop == panel.bar + 1:
            return
        equity = ledger.quiet_path(stop)
        alive = len(equity) if equity.min() > 0.0 else int((equity > 0.0).argmin())
        alive = min(alive, self._quiet(equity[:alive])) if alive else 0
        if alive == 0:
            return
        if self.track is not None:
            for bar in range(panel.bar + 1, panel.bar + 1 + alive):
                self.regime, estimate, changed = self.track.take()
                self._confidence = math.nan if estimate is None else estimate.confidence
                ledger.regime(bar, self.regime, estimate, changed=changed)
        ledger.pass_over(equity[:alive])
        panel.bar += alive
        self._lend(float(equity[alive - 1]))

    def _quiet(self, equity: FloatArray) -> int:
        """Return how many of the bars ahead no breaker objects to."""
        ahead = [] if self.track is None else self.track.confidences(len(equity) - 1)
        confidence = [self._confidence, *ahead] if self.track is not None else [math.nan] * len(equity)
        return self.desk.quiet(equity, np.array(confidence))

    def _lend(self, equity: float) -> None:
        self.ledger.exchange.lend((self._limits.account.leverage - 1.0 + _ROUNDING) * max(equity, 0.0))

    def _wishes(self, equity: float, before: str) -> list[Wish]:
        wishes: list[Wish] = []
        self._stale.clear()
        bar = self.panel.bar
        days = self.panel.day()
        self._retry_after_sales()
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
            portfolio = self.portfolio(sleeve, equity)
            sizer_market = self.panel.market(f"{sleeve.name}.sizer") if sleeve.sizer else market
            decision = sleeve.decide(market, portfolio, sizer_market)
            if decision is not None:
                self.ledger.decision(sleeve.name, decision)
        for intent in self.ledger.refused:
            if sleeve.name in intent.split:
                sleeve.targets.retry(intent.instrument)
        if changed:
            sleeve.targets.rescale()
        if exits:
            portfolio = portfolio or self.portfolio(sleeve, equity)
            markets = {name: self.panel.market(f"{sleeve.name}.exit.{name}") for name, _ in sleeve.closing_exits}
            for name, mask in sleeve.closing(markets, portfolio).items():
                self.ledger.exit(sleeve.name, name, mask)
        for instrument in [one for one in sleeve.targets.quantities if self.ledger.expired(one)]:
            sleeve.targets.give_up(instrument)
            self.ledger.warnings[f"{instrument.symbol}: has expired and is not traded"] = None
        for instrument in self._ended:
            sleeve.targets.give_up(instrument)
        if not sleeve.targets.pending:
            return []
        capital = sleeve.share_in(self.regime) * equity
        waiting = self.ledger.at_work.waiting(sleeve.name)
        wishes, stale = sleeve.targets.wishes(capital, market, self.ledger.quotes, self.ledger.books, waiting)
        self._stale.update((sleeve.name, instrument) for instrument in stale)
        return wishes

    def _trade(self, wishes: Sequence[Wish], equity: float) -> None:
        ledger = self.ledger
        wishes, closed = replace_orders(wishes, self._stale, ledger)
        self._give_up(closed)
        holdings = ledger.holdings()
        plan = plan_rebalance(
            wishes,
            holdings,
            power=BuyingPower(
                equity=equity,
                cash=ledger.exchange.cash - ledger.at_work.reserved(wish.instrument for wish in wishes),
                cash_buffer=self._limits.account.cash_buffer,
                leverage=self._limits.account.leverage,
                short_margin=self._limits.exchange.short_margin,
                estimate_costs=ledger.estimate_costs,
            ),
            drift_threshold=self._limits.rebalance.drift_threshold,
            minimum_notional=self._limits.rebalance.minimum_notional,
            short_value=self._short_value(wishes, holdings),
            unsold=ledger.unsold,
        )
        for cross in plan.crosses:
            ledger.cross(cross)
        intents = [self._intent(number, trade) for number, trade in enumerate(plan.trades)]
        unsold = {trade.instrument for trade in plan.trades if trade.quantity < 0.0} & ledger.unsold
        ledger.submit_apart(intents, plan.trades, plan.costs)
        if unsold or self.short_of_sales:
            self._note_short_of_sales(wishes, unsold)

    def _note_short_of_sales(self, wishes: Sequence[Wish], unsold: set[Instrument]) -> None:
        """Take note of what was bought too little of beside sales that the venue refused when it was last asked."""
        for wish in wishes:
            key = sleeve, instrument = wish.sleeve, wish.instrument
            self.short_of_sales.pop(key, None)
            under_way = self.ledger.at_work.waiting(sleeve).get(instrument, 0.0)
            if unsold and wish.change > 0.0 and self.ledger.books.holding(sleeve, instrument) + under_way < wish.wanted:
                self.short_of_sales[key] = unsold

    def _retry_after_sales(self) -> None:
        """Want it again when those sales are done: it is bought for what they have brought."""
        if not self.short_of_sales:
            return
        ledger = self.ledger
        at_work = [one for one, _ in ledger.working() if one.quantity < 0.0 and not rests(one)]
        selling = ledger.unsold | {one.instrument for one in at_work}
        for key in [one for one, sales in self.short_of_sales.items() if sales.isdisjoint(selling)]:
            del self.short_of_sales[key]
            name, instrument = key
            next(one for one in self.sleeves if one.name == name).targets.retry(instrument)

    def _put_off(self, wishes: Sequence[Wish]) -> None:
        """Want it again on the next bar: what rests at the venue stays there meanwhile."""
        for sleeve in self.sleeves:
            for wish in wishes:
                if wish.sleeve == sleeve.name:
                    sleeve.targets.retry(wish.instrument, wish.reason)
            for name, instrument in self._stale:
                if name == sleeve.name:
                    sleeve.targets.retry(instrument)

    def _short_value(self, wishes: Sequence[Wish], holdings: Mapping[Instrument, float]) -> float:
        if (
            len(self.sleeves) == 1
            and all(wish.wanted >= 0.0 for wish in wishes)
            and min(holdings.values(), default=0.0) >= 0.0
        ):
            return 0.0
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

    def portfolio(self, sleeve: Sleeve, equity: float | None = None) -> Portfolio:
        """Return a sleeve's holdings at the close of the current bar; ``equity`` where it is known already."""
        book, weights = self.ledger.books.books[sleeve.name], sleeve.targets.weights
        key = (self.panel.bar, book.version, self.regime, self.ledger.exchange.cash)
        known = self._portfolios.get(sleeve.name)
        if known is None or known[0] != key:
            portfolio = self._view(sleeve, self.ledger.equity() if equity is None else equity)
        elif known[1] is weights:
            return known[2]
        else:
            portfolio = replace(known[2], target_weights=_read_only(weights.copy()))
        self._portfolios[sleeve.name] = (key, weights, portfolio)
        return portfolio

    def _view(self, sleeve: Sleeve, equity: float) -> Portfolio:
        book = self.ledger.books.books[sleeve.name]
        book.mark_to(self.panel.fields["close"], self.panel.bar)
        held = book.quantities != 0
        return Portfolio(
            equity=equity,
            capital=sleeve.share_in(self.regime) * equity,
            cash=self.ledger.exchange.cash,
            quantities=_read_only(book.quantities.copy()),
            entry_prices=_read_only(book.entry_prices.copy()),
            entry_bars=_read_only(book.entry_bars.copy()),
            highest_closes=_read_only(np.where(held, book.highest_closes, np.nan)),
            lowest_closes=_read_only(np.where(held, book.lowest_closes, np.nan)),
            target_weights=_read_only(sleeve.targets.weights.copy()),
            others=dict(book.others),
            regime=self.regime,
        )


def _read_only(values: Any) -> Any:
    """One portfolio is shown to several plugins: none may change it."""
    values.setflags(write=False)
    return values
