"""Built-in cost models."""

from collections.abc import Iterable

from tradewind import CostPlugin, hookimpl
from tradewind_plugins.costs.us_equity import UsEquity

__all__ = ["UsEquity", "tradewind_costs"]


@hookimpl
def tradewind_costs() -> Iterable[CostPlugin]:
    """List the cost models."""
    yield CostPlugin(
        name="us_equity",
        create=UsEquity,
        summary="Commission, spread by liquidity, slippage and square-root impact of US shares.",
    )
