"""The same order twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from tradewind.contracts import Verdict
from tradewind_plugins.gates.limits import one_order_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch
    from tradewind.model import OrderIntent

__all__ = ["DuplicateOrder"]

_Terms: TypeAlias = tuple[object, ...]


class DuplicateOrder:
    """Refuses an order that equals another of the batch or one at work: instrument, quantity, type and prices."""

    stage: ClassVar[int] = 4

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each order that is there already."""
        if not account.working and one_order_each(batch):
            return ()
        verdicts = []
        seen: dict[_Terms, str] = {}
        for order, (intent, quantity) in enumerate(zip(batch.intents, batch.quantities.tolist(), strict=True)):
            if not quantity:
                continue
            terms = _terms(intent)
            at_work = [
                one.order_id for one in account.working.get(intent.instrument.symbol, ()) if _terms(one) == terms
            ]
            twin = at_work[0] if at_work else seen.get(terms)
            if twin is None:
                seen[terms] = intent.order_id
                continue
            where = "at work" if at_work else "in the same batch"
            text = f"{intent.instrument.symbol}: the same order of {intent.quantity:.10g} is {where}: {twin}"
            verdicts.append(Verdict(order, 0.0, "duplicate_order", text))
        return verdicts


def _terms(intent: OrderIntent) -> _Terms:
    return (
        intent.instrument,
        intent.quantity,
        intent.order_type,
        intent.limit_price,
        intent.stop_price,
        intent.trail_amount,
        intent.trail_fraction,
    )
