"""Gates with one fault each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["MUTANTS", "Sound"]


class Sound:
    """No position above a tenth of equity: the gate that the faulty ones change."""

    def __init__(self) -> None:
        self.part = 0.1

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        verdicts = []
        limit = max(0.0, self.part * account.equity) if account.equity > 0.0 else 0.0
        totals: dict[str, float] = {}
        for order, intent in enumerate(batch.intents):
            symbol = intent.instrument.symbol
            asked, opening = float(batch.quantities[order]), float(batch.openings[order])
            unit = float(batch.prices[order] * batch.multipliers[order])
            position = totals.get(symbol, abs(float(batch.held[order])))
            position = max(0.0, position - abs(asked - opening))
            room = max(0.0, limit / unit - position) if unit > 0.0 else 0.0
            kept = min(abs(opening), room)
            totals[symbol] = position + kept
            if asked and kept < abs(opening) * (1.0 - 1e-9):
                verdicts.append(self.verdict(order, asked - opening + np.sign(opening) * kept, symbol, asked))
        return verdicts

    def verdict(self, order: int, left: float, symbol: str, asked: float) -> Verdict:
        return Verdict(order, float(left), "tenth", f"{symbol}: {left:g} of {asked:g} are allowed")


class Greedy(Sound):
    """Takes the maximum of nothing."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return super().check(batch, account) if len(batch) else [Verdict(0, 0.0, "nothing", "no order")]


class ArrayNumbers(Sound):
    """Order numbers as numpy counts them."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [one._replace(order=np.int64(one.order)) for one in super().check(batch, account)]  # type: ignore[arg-type]


class Twice(Sound):
    """Says everything twice."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [*super().check(batch, account)] * 2


class Unsigned(Sound):
    """Forgets that sells are negative."""

    def verdict(self, order: int, left: float, symbol: str, asked: float) -> Verdict:
        return super().verdict(order, abs(left), symbol, asked)


class Chatty(Sound):
    """A verdict for every order, changed or not."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        said = {one.order: one for one in super().check(batch, account)}
        return [
            said.get(order, Verdict(order, float(quantity), "fine", batch.intents[order].instrument.symbol))
            for order, quantity in enumerate(batch.quantities)
        ]


class RefusesNothing(Sound):
    """Refuses once more what was refused before."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        verdicts = [*super().check(batch, account)]
        for order, intent in enumerate(batch.intents):
            if not batch.quantities[order]:
                verdicts.append(Verdict(order, 0.0, "nothing", f"{intent.instrument.symbol}: 0 is not enough"))
        return verdicts


class Sentence(Sound):
    """A sentence where a word belongs."""

    def verdict(self, order: int, left: float, symbol: str, asked: float) -> Verdict:
        return super().verdict(order, left, symbol, asked)._replace(code="Too much of it!")


class Silent(Sound):
    """Does not say what it has refused."""

    def verdict(self, order: int, left: float, symbol: str, asked: float) -> Verdict:
        return super().verdict(order, left, symbol, asked)._replace(text="too much")


class Counting(Sound):
    """Allows a number of orders in its life."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        self._asked += 1
        self.part = 0.1 if self._asked < 20 else 0.05
        return super().check(batch, account)


class ClassCount(Sound):
    """Remembers across all gates of the process."""

    asked = 0

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        type(self).asked += 1
        self.part = 0.1 / type(self).asked
        return super().check(batch, account)


class Drawn(Sound):
    """A limit that is drawn."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        self.part = random.random()
        return super().check(batch, account)


class Mutating(Sound):
    """Cuts the batch itself."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        verdicts = super().check(batch, account)
        for one in verdicts:
            batch.quantities[one.order] = one.quantity
        return verdicts


class Holding(Sound):
    """Refuses whole orders, closings too, where the account is in trouble."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        if account.cash >= 0.0:
            return super().check(batch, account)
        return [
            self.verdict(order, 0.0, intent.instrument.symbol, float(batch.quantities[order]))
            for order, intent in enumerate(batch.intents)
            if batch.quantities[order]
        ]


class Gross(Sound):
    """Cuts the quantity and not its opening part."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [
            one._replace(quantity=0.01 * float(batch.quantities[one.order])) for one in super().check(batch, account)
        ]


class Halving(Sound):
    """Takes half of what is too much, each time."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [
            one._replace(quantity=(one.quantity + float(batch.quantities[one.order])) / 2.0)
            for one in super().check(batch, account)
        ]


class Unmeasured(Sound):
    """Answers NaN where there is no price."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [
            one._replace(quantity=one.quantity * float(batch.prices[one.order] * 0.0 + 1.0))
            for one in super().check(batch, account)
        ]


class FirstOnly(Sound):
    """Looks at all but the first order."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        return [one for one in super().check(batch, account) if one.order]


class Forgetful(Sound):
    """Counts what is bought and not what is held."""

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        verdicts = []
        for order, intent in enumerate(batch.intents):
            unit, asked = float(batch.prices[order] * batch.multipliers[order]), float(batch.quantities[order])
            opening = float(batch.openings[order])
            room = max(0.0, self.part * account.equity / unit)
            if abs(opening) > room * (1.0 + 1e-9):
                left = asked - opening + np.sign(opening) * room
                verdicts.append(self.verdict(order, left, intent.instrument.symbol, asked))
        return verdicts


class NoStage(Sound):
    """A stage that cannot be compared."""

    stage: Any = "first"


MUTANTS: tuple[tuple[type[Sound], str, str], ...] = (
    (Greedy, "test_an_empty_batch_gets_no_verdict", r"there are verdicts on no order; .* Return \(\)"),
    (ArrayNumbers, "test_each_verdict_names_an_order_once", r"a verdict names no order, .* as an int"),
    (Twice, "test_each_verdict_names_an_order_once", r"a verdict names no order, or an order twice; received \[\d"),
    (Unsigned, "test_an_order_never_grows_nor_changes_sides", r"an order for -\S+ is allowed \d.* between 0 and"),
    (Chatty, "test_an_order_never_grows_nor_changes_sides", r"is allowed .* no verdict where all of it is allowed"),
    (RefusesNothing, "test_an_order_that_was_refused_before_gets_no_verdict", r"refused before: an order of 0 has"),
    (Sentence, "test_the_code_is_a_short_word", r"the code is no short word; received Too much of it!"),
    (Silent, "test_the_text_names_the_symbol", r"does not name S\d; received too much\. Write what is wrong: 'S"),
    (Counting, "test_the_same_batch_gets_the_same_verdicts", r"the verdicts are others when asked (again|of another)"),
    (ClassCount, "test_the_same_batch_gets_the_same_verdicts", r"the verdicts are others when asked"),
    (Drawn, "test_the_same_batch_gets_the_same_verdicts", r"the verdicts are others when asked"),
    (Mutating, "test_batch_and_account_are_left_as_they_were", r"batch or account was written into.* Work on a copy"),
    (Holding, "test_orders_that_only_close_pass", r"of an order that closes .*, 0 is left; .* let the rest"),
    (Gross, "test_orders_that_only_close_pass", r"of an order that closes \S+, \S+ is left; .* Limit batch\.openings"),
    (Halving, "test_what_was_left_passes_when_it_is_asked_again", r"which it has left itself, it leaves"),
    (
        Unmeasured,
        "test_what_cannot_be_measured_ends_in_no_error",
        r"no prices: its verdicts are refused; .*quantity=na",
    ),
    (
        FirstOnly,
        "test_other_orders_in_between_change_nothing_for_another",
        r"in the order \[.*\] something else is left",
    ),
    (Forgetful, "test_the_limit_is_never_exceeded", r"bar \d+ of stream \d+: the limit is exceeded .* received S\d at"),
    (NoStage, "test_its_place_in_the_pipeline_is_a_number", r"stage is no int .* received \('first', False\)"),
)
"""The faulty gate, the test that must catch it, and what that must say."""
