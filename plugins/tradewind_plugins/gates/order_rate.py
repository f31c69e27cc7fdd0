"""Too many orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from tradewind_plugins.gates.limits import refuse_openings, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["OrderRate"]


class OrderRate:
    """Refuses to open positions by more orders than a sane strategy sends.

    Time is that of the bars, so that the same orders are refused in every mode: all orders of a bar fall into one
    second. Orders that close a position count, but are never refused.

    Parameters
    ----------
    per_second, per_minute, per_day
        Most orders in a second, a minute and a day.
    """

    stage: ClassVar[int] = 14

    def __init__(
        self,
        per_second: Annotated[int, Field(ge=1, description="Most orders in a second of the bars' time.")] = 1000,
        per_minute: Annotated[int, Field(ge=1, description="Most orders in a minute of the bars' time.")] = 2000,
        per_day: Annotated[int, Field(ge=1, description="Most orders in a day of the bars' time.")] = 10_000,
    ) -> None:
        self._limits = {"second": per_second, "minute": per_minute, "day": per_day}

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a refusal for each opening beyond a limit."""
        left = {span: limit - sent for (span, limit), sent in zip(self._limits.items(), account.sent, strict=True)}
        span = min(left, key=left.__getitem__)
        room = left[span]
        if len(batch.intents) <= room:
            return ()
        beyond = []
        for order, (quantity, opening) in enumerate(
            zip(batch.quantities.tolist(), batch.openings.tolist(), strict=True)
        ):
            if not quantity:
                continue
            if opening and room <= 0:
                beyond.append(order)
            room -= 1
        return refuse_openings(
            batch,
            beyond,
            "order_rate",
            lambda order: f"{symbol_of(batch, order)}: more than {self._limits[span]} orders in a {span}",
        )
