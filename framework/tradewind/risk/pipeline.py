"""The one way from a decision to the broker: every order passes every gate, in one order."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradewind.errors import PluginError
from tradewind.model import OrderType, Standing
from tradewind.risk.openings import opening_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, Gate, OrderBatch, Verdict
    from tradewind.model.typing import FloatArray
    from tradewind.risk.openings import Repeats

__all__ = ["FLATTEN", "GatePipeline", "Ruling"]

FLATTEN = "flatten"
"""Reason of the orders that close everything: they pass while an account is halted or killed."""
_ROUNDING = 1e-9


class Ruling(NamedTuple):
    """What a gate has done to an order.

    Parameters
    ----------
    order
        Number of the order within its batch.
    gate
        Name of the gate; ``standing`` for what breakers and operator allow.
    code, text
        Why, for programs and for people.
    asked, allowed
        Signed quantities before and after.
    keeps_open
        Whether it takes from what would have closed a position.
    by
        Who has brought the standing about; empty for other gates.
    """

    order: int
    gate: str
    code: str
    text: str
    asked: float
    allowed: float
    keeps_open: bool = False
    by: str = ""


class GatePipeline:
    """Asks the gates one after the other, each with what the one before has left.

    Parameters
    ----------
    gates
        Name and gate; they are asked in the order of their stages.
    reduced_size
        Part that is left of opening orders in the standing ``REDUCED``.
    """

    def __init__(self, gates: Sequence[tuple[str, Gate]], *, reduced_size: float = 0.7) -> None:
        self.gates = tuple(sorted(gates, key=lambda named: getattr(named[1], "stage", 50)))
        self._reduced_size = reduced_size

    def judge(
        self, batch: OrderBatch, account: AccountView, repeats: Repeats | None = None
    ) -> tuple[FloatArray, list[Ruling]]:
        """Return the quantities that are allowed, shape (n,), and what was done to whom.

        Parameters
        ----------
        batch, account
            The orders and the account.
        repeats
            Where some instrument comes more than once.

        Raises
        ------
        PluginError
            If a gate lets an order grow, turns it round, answers what is no quantity, or changes the batch itself.
        """
        rulings: list[Ruling] = []
        if account.standing is not Standing.ACTIVE:
            batch = self._stand(batch, account, repeats, rulings)
        left = batch.quantities.tobytes()
        for name, gate in self.gates:
            verdicts = gate.check(batch, account)
            if batch.quantities.tobytes() != left:
                raise PluginError(
                    f"gate {name!r} has written into batch.quantities; a gate changes nothing, it returns a Verdict "
                    f"for each order that is not allowed as it is"
                )
            if verdicts:
                batch = _applied(batch, name, verdicts, repeats, rulings)
                left = batch.quantities.tobytes()
        return batch.quantities, rulings

    def _stand(
        self, batch: OrderBatch, account: AccountView, repeats: Repeats | None, rulings: list[Ruling]
    ) -> OrderBatch:
        """Apply what breakers and operator allow."""
        standing, allowed = account.standing, batch.quantities.copy()
        for order, intent in enumerate(batch.intents):
            asked = float(allowed[order])
            left = _rounded(batch, order, self._left(batch, order, standing))
            if left != asked:
                text = f"{intent.instrument.symbol}: the account is {standing.word.replace('_', ' ')}"
                rulings.append(Ruling(order, "standing", standing.word, text, asked, left, by=account.standing_by))
                allowed[order] = left
        return _with(batch, allowed, repeats)

    def _left(self, batch: OrderBatch, order: int, standing: Standing) -> float:
        intent, asked, opening = batch.intents[order], float(batch.quantities[order]), float(batch.openings[order])
        protects = intent.order_type is not OrderType.MARKET and opening == 0.0
        if intent.reason == FLATTEN or (protects and standing is not Standing.KILLED):
            return asked
        if standing >= Standing.HALTED:
            return 0.0
        kept, closing = 0.0, asked - opening
        if standing is Standing.REDUCED:
            # Of the position that is wanted, not of what it lacks: orders that repeat would reach it bit by bit.
            held = 0.0 if closing else abs(float(batch.held[order]))
            kept = max(0.0, self._reduced_size * (held + abs(opening)) - held)
        return closing + math.copysign(kept, opening)


def _applied(
    batch: OrderBatch, name: str, verdicts: Sequence[Verdict], repeats: Repeats | None, rulings: list[Ruling]
) -> OrderBatch:
    allowed = batch.quantities.copy()
    for verdict in verdicts:
        known = 0 <= verdict.order < len(allowed)
        asked = float(allowed[verdict.order]) if known else math.nan
        left = _rounded(batch, verdict.order, float(verdict.quantity)) if known else math.nan
        if left != 0.0 and not (asked and 0.0 <= left / asked <= 1.0 + _ROUNDING):
            raise PluginError(
                f"gate {name!r}: verdict {verdict!r} on an order for {asked:g}; a gate allows as much, less or "
                f"nothing, on the same side, and names an order of its batch"
            )
        if left != asked:
            closing = asked - float(batch.openings[verdict.order])
            keeps_open = abs(left) < abs(closing) * (1.0 - _ROUNDING)
            rulings.append(Ruling(verdict.order, name, verdict.code, verdict.text, asked, left, keeps_open))
            allowed[verdict.order] = left
    return _with(batch, allowed, repeats)


def _rounded(batch: OrderBatch, order: int, left: float) -> float:
    """Return what is left of an order in whole lots: what opens is rounded towards zero, what closes stays."""
    asked = float(batch.quantities[order])
    if not math.isfinite(asked) or left in (0.0, asked):
        return left
    lot = batch.intents[order].instrument.lot_size
    if lot == 0.0:
        return left
    closing = asked - float(batch.openings[order])
    opening = left - closing
    if opening * asked <= 0.0:
        return left
    return closing + math.trunc(opening / lot + math.copysign(_ROUNDING, opening)) * lot


def _with(batch: OrderBatch, quantities: FloatArray, repeats: Repeats | None) -> OrderBatch:
    held = batch.held
    return dataclasses.replace(
        batch, quantities=quantities, openings=opening_parts(quantities, np.asarray(held), repeats)
    )
