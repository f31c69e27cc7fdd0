"""Strategies: opinions or exact wishes from what is known at the close of a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from tradewind.model.market import Market
    from tradewind.model.portfolio import Portfolio
    from tradewind.model.signals import Signals, Targets

__all__ = ["SCHEDULES", "Schedule", "Strategy"]

Schedule: TypeAlias = Literal["every_bar", "daily", "weekly", "monthly", "quarterly", "semi_annual", "annual"]
SCHEDULES: tuple[Schedule, ...] = ("every_bar", "daily", "weekly", "monthly", "quarterly", "semi_annual", "annual")


@runtime_checkable
class Strategy(Protocol):
    """A plain class with one method.

    Optional attributes, with their defaults:

    - ``schedule: Schedule = "every_bar"``: it is called on the first bar after ``warmup`` and then on the first bar of
      each new day, ISO week, month, quarter, half-year or year (UTC).
    - ``warmup: int = 0``: bars of the run that must lie before the first call.
    - ``factors: Mapping[str, Factor] = {}``: computed causally for the panel, read with ``market.factor(name)``.
    - ``next_event(path: Path) -> int``, for ``every_bar`` alone: the first bar ahead on which `on_bar` might return
      anything but None or change its state (`tradewind.model.Path`). Bars before it are passed over in a backtest.

    State lives in instance attributes that `pickle` can save. A strategy may not read clocks or random numbers other
    than those injected into its constructor.
    """

    def on_bar(self, market: Market, portfolio: Portfolio) -> Signals | Targets | None:
        """Decide on the close of ``market.bar``; orders fill from the next bar on.

        None keeps the last decision. Called only when due.
        """
        ...
