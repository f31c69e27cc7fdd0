"""The table of contents: one hook a kind."""

from collections.abc import Iterable

import tradewind
from acme_momentum.costs import Flat
from acme_momentum.exits import LoseGround
from acme_momentum.factors import Gap
from acme_momentum.regimes import Breadth
from acme_momentum.sizers import ByScore
from acme_momentum.strategies import Strongest

TRADEWIND_API = 1


@tradewind.hookimpl
def tradewind_strategies() -> Iterable[tradewind.StrategyPlugin]:
    """List the strategy."""
    yield tradewind.StrategyPlugin(name="acme_strongest", create=Strongest, summary="Hold what leads by a factor.")


@tradewind.hookimpl
def tradewind_regimes() -> Iterable[tradewind.RegimePlugin]:
    """List the regime detector."""
    yield tradewind.RegimePlugin(name="acme_breadth", create=Breadth, summary="How many rise.")


@tradewind.hookimpl
def tradewind_sizers() -> Iterable[tradewind.SizerPlugin]:
    """List the sizer."""
    yield tradewind.SizerPlugin(name="acme_by_score", create=ByScore, summary="Weights in proportion to scores.")


@tradewind.hookimpl
def tradewind_exits() -> Iterable[tradewind.ExitPlugin]:
    """List the exit."""
    yield tradewind.ExitPlugin(name="acme_lose_ground", create=LoseGround, summary="Leave what fell below its entry.")


@tradewind.hookimpl
def tradewind_factors() -> Iterable[tradewind.FactorPlugin]:
    """List the factor."""
    yield tradewind.FactorPlugin(name="acme_gap", create=Gap, summary="Close over its average, less 1.")


@tradewind.hookimpl
def tradewind_costs() -> Iterable[tradewind.CostPlugin]:
    """List the cost model."""
    yield tradewind.CostPlugin(name="acme_flat", create=Flat, summary="A fee an order.")
