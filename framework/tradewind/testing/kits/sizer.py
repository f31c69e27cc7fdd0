"""The conformance kit of sizers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from tradewind.errors import TradewindError, choices
from tradewind.model.signals import SIGNAL_FIELDS, Signals
from tradewind.testing.kits.decisions import DecisionKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.permuted import permuted
from tradewind.testing.kits.rehearsal import OWNER, PanelRun
from tradewind.testing.kits.rehearsals import SizerRehearsal, signals_of
from tradewind.testing.scenes import with_dead_symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.model import Market, Portfolio
    from tradewind.model.typing import FloatArray
    from tradewind.testing.kits.answers import Answer
    from tradewind.testing.kits.rehearsal import Rehearsal

    Asked = Callable[[Any, Market, Portfolio], FloatArray]

__all__ = ["SizerKit"]

_TOLERANCE = 1e-9


class SizerKit(DecisionKit):
    """Tests that every sizer passes."""

    kind: ClassVar[str] = "sizer"
    rehearsal: ClassVar[Rehearsal] = SizerRehearsal()

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless an answer is an array of finite weights, one a symbol."""
        market = self.market(name)
        expected = (len(market.instruments),)
        if not isinstance(value, np.ndarray) or value.shape != expected or value.dtype.kind not in "fiu":
            shown = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            fail(where, f"weights is an array of numbers of shape {expected}", received=shown, remedy="One a symbol")
        if not np.isfinite(value).all():
            column = int((~np.isfinite(value)).argmax())
            fail(
                f"{where}, {market.symbols[column]}",
                "a weight is not finite",
                received=value[column],
                remedy="Return 0 where nothing is to be held",
            )

    def asked(self, name: str, ask: Asked) -> list[tuple[Answer, Market]]:
        """Return what a fresh sizer answers over a scene when asked in another way, with the markets."""
        run = cast("PanelRun", _AskedRehearsal(ask).begin(self.subject().create(), self.market(name)))
        try:
            return [(answer, run.panel.market(OWNER)) for answer in run]
        except TradewindError as error:
            fail(
                f"{self.subject().title}, scene {name}",
                "it raised where it should answer",
                received=str(error),
                remedy="Return 0 where nothing is to be held",
            )

    def test_its_signal_fields_are_known_and_enough(self) -> None:
        """``signal_fields`` names fields of `Signals`; given these and no others, it sizes.

        If this fails, add to ``signal_fields`` what `weights` reads without checking for None.
        """
        fields = getattr(self.subject().create(), "signal_fields", ("scores",))
        for field in fields:
            if field not in SIGNAL_FIELDS:
                fail(
                    self.subject().title,
                    f"signal_fields names a field that Signals lack; {choices(str(field), SIGNAL_FIELDS)}",
                    received=field,
                    remedy="Choose among the fields of Signals",
                )
        try:
            tuple(self.begin(self.market("ordinary")))
        except TradewindError as error:
            fail(
                f"{self.subject().title}, signals with {', '.join(fields)} alone",
                "it needs a field of the signals that it does not declare",
                received=str(error),
                remedy=f"Add it: signal_fields = ({', '.join(map(repr, fields))}, ...)",
            )
        read: set[str] = set()

        def ask(actor: Any, market: Market, portfolio: Portfolio) -> FloatArray:
            signals = signals_of(actor, market)
            values = {one.name: getattr(signals, one.name) for one in dataclasses.fields(Signals)}
            answer: FloatArray = actor.weights(_NotedSignals(read, values), market, portfolio)
            return answer

        self.asked("ordinary", ask)
        unread = [field for field in fields if field not in read]
        if unread:
            fail(
                self.subject().title,
                "it declares fields of the signals that it does not read",
                received=", ".join(unread),
                remedy="Take them out of signal_fields: a strategy without them would be refused",
            )

    def test_weights_keep_to_their_bounds(self) -> None:
        """No weight is larger than ``max_weight``, and together they are no more than ``budget``.

        If this fails, clip to ``max_weight`` first and scale to ``budget`` then; scaling up must not come last.
        """
        created = self.subject().create()
        largest, budget = created.max_weight, created.budget
        for name in self.scenes():
            every = self.asked(name, _with_every_field) if name in ("ordinary", "extreme") else []
            for answer in (*self.answers(name), *(one for one, _ in every)):
                weights = np.abs(answer.value)
                where = f"{self.subject().title}, scene {name}, bar {answer.bar}"
                if weights.max(initial=0.0) > largest + _TOLERANCE:
                    symbol = self.market(name).symbols[int(weights.argmax())]
                    fail(
                        f"{where}, {symbol}",
                        f"a weight is larger than max_weight {largest:g}",
                        received=weights.max(),
                        remedy="Clip every weight to max_weight",
                    )
                if weights.sum() > budget + _TOLERANCE:
                    fail(
                        where,
                        f"the weights are together more than budget {budget:g}",
                        received=weights.sum(),
                        remedy="Scale them down to the budget",
                    )

    def test_it_holds_only_what_is_wanted_and_trades(self) -> None:
        """A score of 0 or NaN, and a symbol that does not trade on the bar, get 0; the sign is that of the score.

        If this fails, mask the weights: ``np.where(market.tradable & (scores != 0), weights, 0.0)``.
        """
        created = self.subject().create()
        for name in self.scenes():
            for answer, market in self.asked(name, _as_always):
                scores = np.nan_to_num(signals_of(created, market).scores)
                wrong = (answer.value != 0) & (~market.tradable | (np.sign(answer.value) != np.sign(scores)))
                if wrong.any():
                    column = int(wrong.argmax())
                    state = f"a score of {scores[column]:g}" if market.tradable[column] else "no bar to trade on"
                    fail(
                        f"{self.subject().title}, scene {name}, bar {answer.bar}, {market.symbols[column]}",
                        f"it holds what has {state}",
                        received=answer.value[column],
                        remedy="Give 0 to what is not tradable and to what has no score; keep the score's sign",
                    )

    def test_the_unit_of_scores_does_not_matter(self) -> None:
        """Scores order opinions and have no unit: all of them seven times as large, the weights are the same.

        If this fails, divide by the sum or the largest of the scores, or use ``expected_return``, which has a unit.
        """

        def ask(actor: Any, market: Market, portfolio: Portfolio) -> FloatArray:
            answer: FloatArray = actor.weights(signals_of(actor, market, scale=7.0), market, portfolio)
            return answer

        self._unmoved(ask, "scores seven times as large change the weights", "Divide by the sum of the scores")

    def test_the_size_of_the_account_does_not_matter(self) -> None:
        """Weights are fractions of the capital: with ten times the capital and holdings they are the same.

        If this fails, an amount of money stands where a fraction belongs.
        """

        def ask(actor: Any, market: Market, portfolio: Portfolio) -> FloatArray:
            grown = {name: getattr(portfolio, name) * 10.0 for name in ("equity", "capital", "cash", "quantities")}
            answer: FloatArray = actor.weights(
                signals_of(actor, market), market, dataclasses.replace(portfolio, **grown)
            )
            return answer

        self._unmoved(ask, "ten times the capital changes the weights", "Divide amounts by portfolio.capital")

    def _unmoved(self, ask: Asked, what: str, remedy: str) -> None:
        for name in self.among("ordinary", "late_start"):
            for expected, (answer, market) in zip(self.answers(name), self.asked(name, ask), strict=True):
                different = ~np.isclose(expected.value, answer.value, rtol=1e-7, atol=1e-10)
                if different.any():
                    column = int(different.argmax())
                    fail(
                        f"{self.subject().title}, scene {name}, bar {answer.bar}, {market.symbols[column]}",
                        what,
                        received=f"{answer.value[column]} instead of {expected.value[column]}",
                        remedy=remedy,
                    )

    def test_the_order_of_symbols_does_not_matter(self) -> None:
        """With its columns in another order a market gives the same weights, in that order.

        If this fails, a column is taken by its number, or symbols pass through a set.
        """
        for name in self.among("ordinary", "late_start"):
            bars = self.market(name)
            order = np.arange(len(bars.instruments))[::-1]
            reversed_answers = self.play(permuted(bars, order), f"scene {name}, symbols reversed")
            for expected, answer in zip(self.answers(name), reversed_answers, strict=True):
                different = ~np.isclose(expected.value[order], answer.value, rtol=1e-7, atol=1e-9)
                if different.any():
                    column = int(different.argmax())
                    fail(
                        f"{self.subject().title}, scene {name}, bar {answer.bar}, {bars.symbols[order[column]]}",
                        "with symbols in another order its weight is another one",
                        received=f"{answer.value[column]} instead of {expected.value[order][column]}",
                        remedy="Treat every column alike",
                    )

    def test_a_symbol_without_data_spoils_no_other(self) -> None:
        """A symbol that never trades does not take the weights of the others away.

        If this fails, NaN of one symbol spreads: sum and average only what is finite.
        """
        self.skip_where_refused("late_start")
        before = sum(bool(answer.value.any()) for answer in self.answers("ordinary"))
        dead = with_dead_symbol(self.market("ordinary"))
        after = sum(bool(answer.value.any()) for answer in self.play(dead, "a symbol that never trades"))
        if before and not after:
            fail(
                f"{self.subject().title}, a symbol that never trades",
                "a symbol without data leaves no weight to any other",
                received=f"weights on {before} bars without it, on {after} with it",
                remedy="Leave out what is NaN, and what is not market.tradable",
            )

    def test_it_holds_something(self) -> None:
        """In at least one scene it gives a weight; otherwise nothing here is tested.

        If this fails, give the kit `params` with which it sizes on a year of bars.
        """
        if not any(answer.value.any() for name in self.scenes() for answer in self.answers(name)):
            fail(
                self.subject().title,
                "it holds nothing in any scene",
                received="weights of 0 throughout",
                remedy="Give the kit `params` with which it sizes on a year of bars",
            )


class _AskedRehearsal(SizerRehearsal):
    """Asks a sizer in another way."""

    def __init__(self, ask: Asked) -> None:
        self._ask = ask

    def ask(self, actor: Any, market: Market, portfolio: Portfolio) -> Any:
        """Return the weights."""
        return self._ask(actor, market, portfolio)


class _NotedSignals(Signals):
    """Signals that note which of their fields are read."""

    def __init__(self, read: set[str], values: dict[str, Any]) -> None:
        super().__init__(**values)
        object.__setattr__(self, "read", read)

    def __getattribute__(self, name: str) -> Any:
        if name in SIGNAL_FIELDS:
            object.__getattribute__(self, "read").add(name)
        return object.__getattribute__(self, name)


def _as_always(actor: Any, market: Market, portfolio: Portfolio) -> FloatArray:
    weights: FloatArray = actor.weights(signals_of(actor, market), market, portfolio)
    return weights


def _with_every_field(actor: Any, market: Market, portfolio: Portfolio) -> FloatArray:
    weights: FloatArray = actor.weights(signals_of(actor, market, every=True), market, portfolio)
    return weights
