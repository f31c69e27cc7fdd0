"""Runs of a session's plan over given bars, with more or less of what paper met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tradewind.contracts import Cost
from tradewind.engine.assemble import run_session
from tradewind.engine.quotes import PanelCost
from tradewind.exchange.charges import Tariff
from tradewind.runs.execute import run_over
from tradewind.runs.parity.ports import GatedExchange, Level, ScriptedPort
from tradewind.runs.parity.traded import TradedOrder, traded_orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.engine.session import Session
    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.runs.parity.recorded import Outside, RecordedSession

__all__ = ["Rerun", "Reruns"]


class Rerun(NamedTuple):
    """A run of the plan: its profit, its journal and its orders."""

    profit: float
    records: Sequence[Record]
    orders: Mapping[str, TradedOrder]
    borrowed: float


@dataclass(frozen=True, slots=True)
class Reruns:
    """Runs a recorded session's plan over its bars.

    Parameters
    ----------
    builder, bars
        The plan, and the recorded bars.
    session, outside
        What is known of paper.
    """

    builder: Builder
    bars: Bars
    session: RecordedSession
    outside: Outside

    def plain(self, bars: Bars) -> Rerun:
        """Run a backtest over bars."""
        return self._done(run_over(self.builder, bars), self.builder.plan.account.cash)

    def gated(self, gated: Mapping[str, TradedOrder], granted: frozenset[str]) -> Rerun:
        """Run a backtest in which orders are refused as in paper, and others granted as in paper."""
        run = run_session(self.builder, self.bars, execution=lambda exchange: GatedExchange(exchange, gated, granted))
        return self._done(run, self.builder.plan.account.cash)

    def scripted(self, level: Level, before: Rerun) -> Rerun:
        """Run a backtest with paper's executions, as far as the level says."""
        plan = self.builder.plan
        port = ScriptedPort(
            level,
            cash=plan.account.cash,
            paper=self.session.orders,
            before=before.orders,
            cancelled=self.session.cancelled,
            outside=self.outside,
            borrow_rate_per_year=plan.exchange.borrow_rate_per_year,
        )
        opening = port.cash
        sessions: list[Session] = []

        def prepared(session: Session) -> None:
            sessions.append(session)
            port.tariff = Tariff(self._cost(session))

        def on_bar(bar: int) -> bool:
            port.adopt(bar)
            events = port.poll()
            if events:
                sessions[0].idle(events)
            return True

        run = run_session(self.builder, self.bars, execution=lambda _: port, prepared=prepared, on_bar=on_bar)
        return self._done(run, opening)

    def _cost(self, session: Session) -> Cost | None:
        cost = self.builder.cost()
        if cost is None:
            return None
        adapted = cost.for_data(self.bars.adjusted, "volume" in self.bars.fields)
        return PanelCost(adapted, session.panel, session.ledger.quotes)

    def _done(self, run: Session, opening_cash: float) -> Rerun:
        ledger = run.ledger
        records = ledger.journal.records
        profit = float(ledger.recorder.equity_curve()[-1]) - opening_cash
        exchange = getattr(ledger, "exchange", None)
        borrowed = 0.0 if exchange is None else exchange.borrow_costs
        return Rerun(profit, records, traded_orders(records), borrowed)
