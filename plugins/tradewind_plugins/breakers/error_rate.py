"""A venue that refuses many orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tradewind.contracts import Reading
from tradewind.errors import ConfigError
from tradewind.model import Standing

if TYPE_CHECKING:
    from tradewind.contracts import BreakerPath, BreakerView

__all__ = ["ErrorRate"]


class ErrorRate:
    """Lets positions only become smaller while the venue refuses too many orders.

    Looked at are the last ``orders`` orders; more of them where more were sent at once. It ends when fewer of them were
    refused, or when nothing was sent for a while: an account that holds nothing could otherwise never show that its
    orders are taken again. Counting begins anew then.

    Parameters
    ----------
    maximum
        Largest part of the orders that may be refused.
    minimum_orders
        Orders below which nothing is said.
    orders
        Orders that are looked at.
    forget_after_bars
        Bars without an order after which it ends.
    """

    def __init__(
        self,
        maximum: Annotated[float, Field(ge=0.0, lt=1.0, description="Largest part of orders refused.")] = 0.2,
        minimum_orders: Annotated[int, Field(ge=1, description="Orders below which nothing is said.")] = 20,
        orders: Annotated[int, Field(ge=1, description="Last orders that are looked at.")] = 50,
        forget_after_bars: Annotated[int, Field(ge=1, description="Bars without an order after which it ends.")] = 10,
    ) -> None:
        if minimum_orders > orders:
            raise ConfigError(
                f"minimum_orders is {minimum_orders} and orders is {orders}: so many are never looked at; set "
                "minimum_orders <= orders"
            )
        self._maximum = maximum
        self._minimum_orders = minimum_orders
        self._orders = orders
        self._forget_after_bars = forget_after_bars
        self._counts: list[tuple[int, int]] = [(0, 0)]
        """Orders and refusals so far at each bar with orders: one further back than is looked at, then those within."""
        self._since = 0
        """Last bar on which there was an order or a refusal."""

    def observe(self, view: BreakerView) -> Reading:
        """Count the orders and what was refused."""
        counts = self._counts
        if counts[-1] != (view.orders, view.refused):
            self._since = view.bar
        elif view.bar - self._since >= self._forget_after_bars and self._reading().standing is not Standing.ACTIVE:
            self.rearm(view)
            return Reading()
        if len(counts) > 1 and counts[-1][0] == view.orders:
            counts.pop()
        counts.append((view.orders, view.refused))
        while len(counts) > 2 and view.orders - counts[1][0] >= self._orders:
            counts.pop(0)
        return self._reading()

    def quiet(self, path: BreakerPath) -> int:
        """Return all bars ahead, on which no order is sent, unless too many were refused."""
        return len(path.equity) if self._reading().standing is Standing.ACTIVE else 0

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Remember nothing: no order is sent."""

    def rearm(self, view: BreakerView) -> None:
        """Count from 0."""
        self._counts = [(view.orders, view.refused)]

    def state(self) -> dict[str, Any]:
        """Return the counts, and when they last changed."""
        return {"counts": [list(count) for count in self._counts], "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember the counts."""
        self._counts = [(orders, refused) for orders, refused in state["counts"]]
        self._since = state["since"]

    def _reading(self) -> Reading:
        (first, refused_before), (last, refused) = self._counts[0], self._counts[-1]
        orders, refused = last - first, refused - refused_before
        if orders < self._minimum_orders or refused <= self._maximum * orders:
            return Reading()
        text = f"{refused} of the last {orders} orders were refused, allowed are {100.0 * self._maximum:.4g} %"
        return Reading(Standing.REDUCE_ONLY, text)
