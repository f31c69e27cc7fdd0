"""The risk desk: what gates and breakers are shown of a session, and what they decide."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from tradewind.contracts import AccountView, BreakerPath, BreakerView, OrderBatch
from tradewind.engine.exposure import ExposureTerms
from tradewind.engine.round_trips import RoundTrips
from tradewind.engine.unit_value import UnitValue
from tradewind.engine.worst import worst_of
from tradewind.model import ActivityKind, OrderType, Standing
from tradewind.model.frozen import changed
from tradewind.portfolio.rebalance import scaled_parts
from tradewind.risk.openings import Repeats, opening_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradewind.config.plan import AccountConfig
    from tradewind.engine.panel import Panel
    from tradewind.engine.quotes import PanelQuotes
    from tradewind.model import Activity, Fill, Instrument, OrderIntent
    from tradewind.model.typing import FloatArray
    from tradewind.risk.pipeline import GatePipeline, Ruling
    from tradewind.risk.standing import Change, StandingBoard

__all__ = ["AccountSource", "Judged", "RiskDesk"]

_SPANS_NS = (1_000_000_000, 60_000_000_000, 86_400_000_000_000)
"""A second, a minute and a day in nanoseconds."""


class Judged(NamedTuple):
    """A batch after the gates: the orders that are left, and what was done to whom."""

    intents: list[OrderIntent]
    rulings: list[Ruling]


class AccountSource(Protocol):
    """Where the desk finds the account."""

    @property
    def quotes(self) -> PanelQuotes:
        """Prices."""
        ...

    @property
    def cash(self) -> float:
        """Cash of the account."""
        ...

    def exposures(self) -> tuple[FloatArray, dict[Instrument, float]]:
        """Return the signed quantities held by column, shape (N,), and of instruments without one; both anew."""
        ...

    def working(self) -> Sequence[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the orders at work, with what each sleeve still has to get of them."""
        ...

    def ending(self) -> Sequence[tuple[OrderIntent, Mapping[str, float]]]:
        """Return the market orders that are being cancelled and may still fill."""
        ...

    def reserved(self, replaced: Iterable[Instrument]) -> float:
        """Return the cash that market orders to buy will need; ``replaced`` wait for the end of what is cancelled."""
        ...


class RiskDesk:
    """Shows gates and breakers the account, and applies their verdicts.

    Parameters
    ----------
    pipeline, board
        The gates and the standing.
    panel
        Bars.
    account
        Cash buffer and leverage of the plan.
    adjusted
        Whether prices are adjusted.
    flattens
        Whether a kill also sells what is held.
    """

    def __init__(
        self,
        *,
        pipeline: GatePipeline,
        board: StandingBoard,
        panel: Panel,
        account: AccountConfig,
        adjusted: bool,
        flattens: bool,
    ) -> None:
        self.board = board
        self.flattens = flattens
        self.stops: Mapping[str, FloatArray] = {}
        """Stop prices of each sleeve's last signals, by sleeve, shape (N,); of those that give any."""
        self._pipeline = pipeline
        self._panel = panel
        self._leverage = account.leverage
        self._adjusted = adjusted
        instruments = panel.instruments
        self._multipliers = np.array([instrument.multiplier for instrument in instruments])
        self._symbols = frozenset(instrument.symbol for instrument in instruments)
        self._terms = ExposureTerms(panel)
        self._unknown = np.zeros(0)
        self._equity = math.nan
        self._trips = RoundTrips()
        self._sent: dict[int, tuple[int, int]] = {}
        self._orders = self._refused = 0
        self._unit_value = UnitValue()

    @property
    def standing(self) -> Standing:
        """What the account may do."""
        return self.board.standing

    def filled(self, fill: Fill) -> None:
        """Take note of an execution."""
        if self.board.watches:
            self._trips.add(fill)

    def booked(self, activity: Activity) -> None:
        """Take note of what happened without an order; money that comes in or goes out is neither gain nor loss."""
        if activity.instrument is not None and activity.quantity:
            paid = -activity.quantity * activity.price * activity.instrument.multiplier
            self._trips.adjust(activity.instrument.symbol, activity.quantity, paid)
        if activity.kind is ActivityKind.TRANSFER:
            self._unit_value.transfer(activity.cash + self._worth(activity))

    def refused(self) -> None:
        """Take note of an order that the venue has refused."""
        self._refused += 1

    def value(self, equity: float) -> None:
        """Take note of the equity at the last prices, which limits are parts of."""
        self._equity = equity

    def mark(self, equity: float, confidence: float) -> Change | None:
        """Let the breakers look at the close of the current bar; return the new standing where it is another.

        Parameters
        ----------
        equity
            At the last prices.
        confidence
            Of the regime estimate of the bar before; NaN without one.
        """
        self._equity = equity
        closed = self._trips.take()
        if not self.board.watches and self.standing is Standing.ACTIVE:
            return None
        panel = self._panel
        view = BreakerView(
            bar=panel.bar,
            time=panel.timestamps[panel.bar],
            day=panel.day(),
            equity=self._unit_value.mark(equity),
            closed_trades=closed,
            orders=self._orders,
            refused=self._refused,
            fresh=float(panel.fresh(panel.bar, panel.bar + 1)[0]),
            confidence=confidence,
            references={role: float(closes[0]) for role, closes in self._references(panel.bar, panel.bar + 1).items()},
        )
        return self.board.observe(view)

    def quiet(self, equity: FloatArray, confidence: FloatArray) -> int:
        """Return how many of the bars ahead, with this equity, change no standing; breakers remember those."""
        if not self.board.watches:
            return len(equity) if self.standing is Standing.ACTIVE else 0
        if not self._unit_value.is_settled:
            return 0
        start, stop = self._panel.bar + 1, self._panel.bar + 1 + len(equity)
        path = BreakerPath(
            bar=self._panel.bar,
            days=self._panel.timestamps[start:stop].astype("datetime64[D]").astype(np.int64),
            equity=self._unit_value.path(equity),
            fresh=self._panel.fresh(start, stop),
            confidence=confidence,
            references=self._references(start, stop),
        )
        bars = self.board.quiet(path)
        if bars:
            self.board.pass_over(path, bars)
        return bars

    def judge(self, intents: Sequence[OrderIntent], source: AccountSource, regime: str) -> Judged:
        """Send a batch through the gates.

        Parameters
        ----------
        intents
            Decided on the close of the current bar.
        source
            Knows what is held and at work.
        regime
            Confirmed regime.
        """
        held, others, working = self._exposure(source)
        batch, repeats = self._batch(intents, source.quotes, held, others)
        worst, worst_others = self._worst(source, held, others, intents, pending=bool(working))
        account = self._account(source, regime, held, worst, worst_others, working, intents)
        quantities, rulings = self._pipeline.judge(batch, account, repeats)
        left: list[OrderIntent] = []
        for intent, quantity in zip(intents, quantities.tolist(), strict=True) if rulings else ():
            if quantity == intent.quantity:
                left.append(intent)
            elif quantity:
                left.append(changed(intent, quantity=quantity, split=scaled_parts(intent.split, quantity)))
        kept = left if rulings else list(intents)
        self._count(len(kept))
        return Judged(kept, rulings)

    def _worth(self, activity: Activity) -> float:
        """Return the value of what an activity moved in kind, at its price or else at the last one."""
        instrument = activity.instrument
        if instrument is None or not activity.quantity:
            return 0.0
        price = activity.price
        if not price and instrument in self._panel.instruments:
            price = float(self._panel.marks()[self._panel.instruments.index(instrument)])
        return activity.quantity * price * instrument.multiplier if math.isfinite(price) else 0.0

    def _exposure(
        self, account: AccountSource
    ) -> tuple[FloatArray, dict[Instrument, float], dict[str, list[OrderIntent]]]:
        """Return what is held with what is under way, by column and by instrument without one, and what works."""
        held, others = account.exposures()
        working: dict[str, list[OrderIntent]] = {}
        for intent, parts in account.working():
            if intent.order_type is not OrderType.MARKET:
                continue
            working.setdefault(intent.instrument.symbol, []).append(intent)
            coming = math.fsum(parts.values())
            column = account.quotes.column(intent.instrument)
            if column is None:
                others[intent.instrument] = others.get(intent.instrument, 0.0) + coming
            else:
                held[column] += coming
        return held, others, working

    def _worst(
        self,
        source: AccountSource,
        held: FloatArray,
        others: Mapping[Instrument, float],
        intents: Sequence[OrderIntent],
        *,
        pending: bool,
    ) -> tuple[FloatArray, Mapping[Instrument, float]]:
        """Return `worst_of` the positions, by column and by instrument without one.

        What is ordered now waits for what it replaces, and counts as if that had happened.
        """
        ending = source.ending()
        if not pending and not ending:
            return held, others
        now, others_now = source.exposures()
        column_of = source.quotes.column
        extra = [one for one in others_now | dict(others) if column_of(one) is None]
        extra += [one.instrument for one, _ in ending if column_of(one.instrument) is None]
        place_of = {one: len(held) + number for number, one in enumerate(dict.fromkeys(extra))}

        def place(instrument: Instrument) -> int:
            column = column_of(instrument)
            return place_of.get(instrument, -1) if column is None else column

        before = np.concatenate((held, [others.get(one, 0.0) for one in place_of]))
        after = np.concatenate((now, [others_now.get(one, 0.0) for one in place_of]))
        worst = worst_of(before, after, [(place(one.instrument), math.fsum(parts.values())) for one, parts in ending])
        ordered = [where for one in intents if (where := place(one.instrument)) >= 0]
        worst[ordered] = before[ordered]
        return worst[: len(held)], dict(zip(place_of, worst[len(held) :].tolist(), strict=True))

    def _batch(
        self,
        intents: Sequence[OrderIntent],
        quotes: PanelQuotes,
        held: FloatArray,
        others: Mapping[Instrument, float],
    ) -> tuple[OrderBatch, Repeats | None]:
        panel, column_of = self._panel, quotes.column
        columns = [column_of(intent.instrument) for intent in intents]
        quantities = np.array([intent.quantity for intent in intents])
        repeats = _repeats(intents) if None in columns or len(set(columns)) < len(columns) else None
        known = np.array([-1 if column is None else column for column in columns], dtype=np.int64)
        bar = panel.bar
        marks, before = panel.marks(), panel.marks_between(max(bar - 1, 0), bar + 1)[0]
        own = held[known]
        prices, previous, ages = marks[known], before[known], panel.ages(known)
        multipliers, sectors = self._multipliers[known], self._terms.numbers[known]
        if bar == 0:
            previous = np.full(len(intents), np.nan)
        for order in np.flatnonzero(known < 0).tolist():
            instrument = intents[order].instrument
            own[order], prices[order] = others.get(instrument, 0.0), quotes.mark(instrument)
            previous[order], ages[order] = np.nan, 0 if quotes.quote(instrument) is not None else 1
            multipliers[order], sectors[order] = instrument.multiplier, self._terms.number(instrument)
        for order, intent in enumerate(intents):
            if intent.order_type is not OrderType.MARKET and intent.reason.startswith("exit:"):
                # A stop protects its sleeve's holding, whatever the account holds net.
                own[order] = -intent.quantity
        batch = OrderBatch(
            intents=tuple(intents),
            quantities=quantities,
            prices=prices,
            previous_prices=previous,
            ages=ages,
            multipliers=multipliers,
            held=own,
            openings=opening_parts(quantities, own, repeats),
            stops=self._stops(intents, columns),
            sectors=sectors,
            short_prices=self._terms.short_prices(intents),
        )
        return batch, repeats

    def _stops(self, intents: Sequence[OrderIntent], columns: Sequence[int | None]) -> FloatArray:
        """Return the stop of each order that is farthest from its price, of the sleeves that give one."""
        if not self.stops:
            return self._no_stops(len(intents))
        stops = np.full(len(intents), np.nan)
        for order, (intent, column) in enumerate(zip(intents, columns, strict=True)):
            if column is None:
                continue
            given = [self.stops[sleeve][column] for sleeve in intent.split if sleeve in self.stops]
            finite = [float(stop) for stop in given if math.isfinite(stop)]
            if finite:
                stops[order] = min(finite) if intent.quantity > 0.0 else max(finite)
        return stops

    def _no_stops(self, count: int) -> FloatArray:
        if count > len(self._unknown):
            self._unknown = np.full(2 * count, np.nan)
            self._unknown.flags.writeable = False
        return self._unknown[:count]

    def _account(
        self,
        source: AccountSource,
        regime: str,
        held: FloatArray,
        worst: FloatArray,
        others: Mapping[Instrument, float],
        working: Mapping[str, Sequence[OrderIntent]],
        intents: Sequence[OrderIntent],
    ) -> AccountView:
        panel = self._panel
        values = np.abs(worst) * self._terms.prices(worst) * self._multipliers
        gross = float(values.sum())
        furthest, moved = self._furthest_move(held)
        foreign = [(one, self._value(one, quantity, source.quotes)) for one, quantity in others.items()]
        for _, value in foreign:
            gross += value
        sector_values = self._terms.by_sector(values, foreign)
        return AccountView(
            bar=panel.bar,
            time=panel.timestamps[panel.bar],
            equity=self._equity,
            cash=source.cash - source.reserved(intent.instrument for intent in intents),
            credit=(self._leverage - 1.0) * max(self._equity, 0.0),
            leverage=self._leverage,
            regime=regime,
            standing=self.standing,
            standing_by=self.board.by,
            gross=gross,
            sectors=self._terms.sectors,
            sector_values=sector_values,
            adjusted=self._adjusted,
            symbols=self._symbols,
            sent=self._sent_before(),
            working=working,
            furthest_move=furthest,
            moved=moved,
        )

    def _furthest_move(self, held: FloatArray) -> tuple[float, str]:
        """Return the greatest move of a held price from the bar before, as a part of it, and its symbol."""
        bar = self._panel.bar
        if bar == 0:
            return 0.0, ""
        before, now = self._panel.marks_between(bar - 1, bar + 1)
        with np.errstate(invalid="ignore"):
            moves = np.where(held != 0.0, np.abs(now / before - 1.0), 0.0)
        column = int(np.fmax(moves, 0.0).argmax()) if len(moves) else 0
        furthest = float(moves[column])
        return (furthest, self._panel.instruments[column].symbol) if furthest > 0.0 else (0.0, "")

    def _value(self, instrument: Instrument, quantity: float, quotes: PanelQuotes) -> float:
        """Return what limits count a position in an instrument without a column as."""
        short_price = self._terms.short_price(instrument) if quantity < 0.0 else 0.0
        return abs(quantity) * (short_price or quotes.mark(instrument)) * instrument.multiplier

    def _sent_before(self) -> tuple[int, int, int]:
        now = int(self._panel.timestamps[self._panel.bar].astype(np.int64))
        counts = [0, 0, 0]
        for place, span in enumerate(_SPANS_NS):
            key, count = self._sent.get(place, (-1, 0))
            counts[place] = count if key == now // span else 0
        return counts[0], counts[1], counts[2]

    def _count(self, orders: int) -> None:
        self._orders += orders
        before = self._sent_before()
        now = int(self._panel.timestamps[self._panel.bar].astype(np.int64))
        self._sent = {place: (now // span, before[place] + orders) for place, span in enumerate(_SPANS_NS)}

    def _references(self, start: int, stop: int) -> dict[str, FloatArray]:
        return {role: self._panel.reference_closes(role, start, stop) for role in self._panel.reference_fields}


def _repeats(intents: Sequence[OrderIntent]) -> Repeats | None:
    """Return which orders are for one instrument; None where each has its own."""
    numbers = {instrument: number for number, instrument in enumerate({one.instrument: 0 for one in intents})}
    if len(numbers) == len(intents):
        return None
    groups = {one.oca_group: number for number, one in enumerate(intents) if one.oca_group}
    return Repeats(
        np.array([numbers[one.instrument] for one in intents], dtype=np.int64),
        np.array([groups.get(one.oca_group, -1) for one in intents], dtype=np.int64),
    )
