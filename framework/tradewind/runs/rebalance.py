"""What would be ordered now: the strategies' latest targets against an account, and nothing sent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tradewind.engine.assemble import check_needs, run_session
from tradewind.errors import ConfigError, DataError, UserError, choices
from tradewind.model import OrderIntent
from tradewind.portfolio.rebalance import BuyingPower, Wish, plan_rebalance
from tradewind.runs.execute import read_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradewind.config.plan import Plan
    from tradewind.engine.assemble import Builder
    from tradewind.engine.quotes import PanelQuotes
    from tradewind.engine.session import Session
    from tradewind.model import Bars, Instrument, Standing
    from tradewind.model.typing import FloatArray
    from tradewind.portfolio.rebalance import Rebalance, Trade
    from tradewind.risk.pipeline import Ruling

__all__ = ["Action", "Holdings", "Line", "Preview", "preview"]

_ACCOUNT = "account"
_TOO_SMALL = "below drift_threshold or minimum_notional"


class Action(StrEnum):
    """What an order does to a position."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"
    ADJUST = "ADJUST"


@dataclass(frozen=True, slots=True)
class Holdings:
    """An account: cash, signed quantities by symbol, and where both come from.

    Parameters
    ----------
    cash, quantities, source
        Quantities are signed, by symbol.
    time
        Last bar of the session whose account it is; bars after it have not happened yet. Empty: all bars have.
    standing, standing_by, standing_text
        What that session may still do, who brought it about, and why; None without a session.
    """

    cash: float
    quantities: Mapping[str, float]
    source: str
    time: str = ""
    standing: Standing | None = None
    standing_by: str = ""
    standing_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instrument: held, wanted, and the order that would be sent.

    ``quantity`` is that of the order, 0 where none would be sent; then ``note`` says why, where there is a difference.
    """

    symbol: str
    held: float
    wanted: float
    price: float
    action: Action | None
    quantity: float
    cost: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be ordered on the close of the last bar.

    Parameters
    ----------
    time
        Of the last bar.
    regime
        Confirmed by then; empty without a detector.
    equity, cash
        Of the account at the last prices.
    source
        Where the account comes from.
    standing, standing_by, standing_text
        What the session may still do, who brought it about, and why; without one, what the breakers would allow the
        account by then.
    lines
        Sells before buys, then what stays.
    rulings
        What each gate has done to which order, with its symbol.
    """

    time: str
    regime: str
    equity: float
    cash: float
    source: str
    lines: tuple[Line, ...]
    standing: str = "active"
    standing_by: str = ""
    standing_text: str = ""
    rulings: tuple[tuple[str, Ruling], ...] = ()


def preview(builder: Builder, holdings: Holdings) -> Preview:
    """Decide on the plan's history, and compare the last targets with an account.

    Strategies, regimes and exits are those of a backtest up to the last bar, of the session where there is one, else of
    the feed; capital and standing are those of the account.

    Raises
    ------
    UserError
        If the account holds a symbol that the feed does not have.
    DataError
        If a position has no price, or the feed has no bar up to the session's last one.
    """
    if any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves):
        raise ConfigError(
            "rebalance: a Backtrader strategy keeps its own orders and has no targets to compare; "
            "run it with --mode paper"
        )
    bars, _, _ = read_data(builder)
    check_needs(builder, bars)
    session = run_session(builder, _until(bars, holdings))
    board = session.desk.board
    if holdings.standing is not None:
        board.standing, board.by, board.text = holdings.standing, holdings.standing_by, holdings.standing_text
    instruments = {instrument.symbol: instrument for instrument in session.panel.instruments}
    for symbol in holdings.quantities:
        if symbol not in instruments:
            raise UserError(
                f"rebalance: the account ({holdings.source}) holds {symbol!r}, which the feed does not have; "
                f"{choices(symbol, instruments)} Add it under `data: symbols:`, or close it by hand"
            )
    held = {instruments[symbol]: quantity for symbol, quantity in holdings.quantities.items() if quantity}
    mark = session.ledger.quotes.mark
    equity = holdings.cash + math.fsum(quantity * mark(one) * one.multiplier for one, quantity in held.items())
    if not math.isfinite(equity):
        unpriced = [one.symbol for one in held if not math.isfinite(mark(one))]
        raise DataError(f"rebalance: no price for {', '.join(unpriced)}, held by the account ({holdings.source})")
    lines, rulings = _lines(session, builder, held, equity, holdings.cash)
    time = str(session.panel.timestamps[session.panel.bar])
    return Preview(
        time=time,
        regime=session.regime,
        standing=board.standing.word,
        standing_by=board.by,
        standing_text=board.text,
        equity=equity,
        cash=holdings.cash,
        source=holdings.source,
        lines=lines,
        rulings=rulings,
    )


def _until(bars: Bars, holdings: Holdings) -> Bars:
    """Return the bars up to the session's last one."""
    if not holdings.time:
        return bars
    stop = int(np.searchsorted(bars.timestamps, np.datetime64(holdings.time, "ns"), side="right"))
    if not stop:
        raise DataError(
            f"rebalance: the feed's first bar is of {bars.timestamps[0]}, after the last one of the {holdings.source}, "
            f"{holdings.time}; look at `data.start`"
        )
    return bars.between(0, stop)


def _lines(
    session: Session, builder: Builder, held: Mapping[Instrument, float], equity: float, cash: float
) -> tuple[tuple[Line, ...], tuple[tuple[str, Ruling], ...]]:
    mark = session.ledger.quotes.mark
    wanted = _wanted(session, equity)
    planned = _planned(session, builder.plan, held, wanted, equity, cash)
    session.desk.value(equity)
    intents = [
        OrderIntent(
            order_id=str(number),
            bar=session.panel.bar,
            instrument=one.instrument,
            quantity=one.quantity,
            split={_ACCOUNT: one.quantity},
        )
        for number, one in enumerate(planned.trades)
    ]
    account = _Account(session.ledger.quotes, cash, held, len(session.panel.instruments))
    judged = session.desk.judge(intents, account, session.regime)
    notes = _notes(planned.trades, judged.rulings)
    allowed = {intent.instrument: intent.quantity for intent in judged.intents}
    trades = {one.instrument: one._replace(quantity=allowed.get(one.instrument, 0.0)) for one in planned.trades}
    sent = [one for one in trades.values() if one.quantity]
    costs = dict(zip([one.instrument for one in sent], session.ledger.estimate_costs(sent), strict=True))
    lines = []
    for one in (*trades, *(one for one in dict.fromkeys([*held, *wanted]) if one not in trades)):
        before, after = held.get(one, 0.0), wanted.get(one, 0.0)
        quantity = trades[one].quantity if one in trades else 0.0
        lines.append(
            Line(
                symbol=one.symbol,
                held=before,
                wanted=after,
                price=trades[one].price if one in trades else mark(one),
                action=_action(before, quantity) if quantity else None,
                quantity=quantity,
                cost=costs.get(one, 0.0),
                note=notes[one] if one in trades else "" if before == after else _TOO_SMALL,
            )
        )
    return tuple(lines), tuple((intents[one.order].instrument.symbol, one) for one in judged.rulings)


def _planned(
    session: Session,
    plan: Plan,
    held: Mapping[Instrument, float],
    wanted: Mapping[Instrument, float],
    equity: float,
    cash: float,
) -> Rebalance:
    mark = session.ledger.quotes.mark
    wishes = [
        Wish(_ACCOUNT, one, held.get(one, 0.0), wanted.get(one, 0.0), mark(one), "rebalance")
        for one in dict.fromkeys([*held, *wanted])
        if held.get(one, 0.0) != wanted.get(one, 0.0)
    ]
    short = math.fsum(-quantity * mark(one) * one.multiplier for one, quantity in wanted.items() if quantity < 0.0)
    return plan_rebalance(
        wishes,
        held,
        power=BuyingPower(
            equity=equity,
            cash=cash,
            cash_buffer=plan.account.cash_buffer,
            leverage=plan.account.leverage,
            short_margin=plan.exchange.short_margin,
            estimate_costs=session.ledger.estimate_costs,
        ),
        drift_threshold=plan.rebalance.drift_threshold,
        minimum_notional=plan.rebalance.minimum_notional,
        short_value=short,
    )


def _notes(trades: Sequence[Trade], rulings: Sequence[Ruling]) -> dict[Instrument, str]:
    """Return why each trade is less than what is wanted."""
    notes = {trade.instrument: ["fewer: cash"] if trade.resized else [] for trade in trades}
    for ruling in rulings:
        notes[trades[ruling.order].instrument].append(f"{'fewer' if ruling.allowed else 'rejected'}: {ruling.code}")
    return {instrument: "; ".join(texts) for instrument, texts in notes.items()}


@dataclass(frozen=True, slots=True)
class _Account:
    """The account to compare with, as the gates are shown it: nothing is at work."""

    quotes: PanelQuotes
    cash: float
    held: Mapping[Instrument, float]
    columns: int

    def exposures(self) -> tuple[FloatArray, dict[Instrument, float]]:
        quantities = np.zeros(self.columns)
        for instrument, quantity in self.held.items():
            column = self.quotes.column(instrument)
            assert column is not None
            quantities[column] = quantity
        return quantities, {}

    def working(self) -> list[tuple[OrderIntent, Mapping[str, float]]]:
        return []

    def ending(self) -> Sequence[tuple[OrderIntent, Mapping[str, float]]]:
        """Return nothing: a rebalance looks at what is held."""
        return ()

    def reserved(self, replaced: Iterable[Instrument]) -> float:  # noqa: ARG002 of the source
        return 0.0


def _wanted(session: Session, equity: float) -> dict[Instrument, float]:
    """Sum of what the sleeves want, by instrument, with the capital of the account."""
    wanted: dict[Instrument, float] = {}
    market = session.panel.market(session.sleeves[0].name)
    for sleeve in session.sleeves:
        capital = sleeve.share_in(session.regime) * equity
        for instrument, quantity in sleeve.targets.wanted(capital, market).items():
            wanted[instrument] = wanted.get(instrument, 0.0) + quantity
    return {instrument: quantity for instrument, quantity in wanted.items() if quantity}


def _action(held: float, quantity: float) -> Action:
    if not held:
        return Action.OPEN
    return Action.CLOSE if not held + quantity else Action.ADJUST
