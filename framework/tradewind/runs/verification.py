"""Verify a plan from its configuration, a kept run, or a run that has just ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.config.loader import check_plan
from tradewind.engine.assemble import Builder, check_needs
from tradewind.runs.execute import read_data
from tradewind.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.config.loader import LoadedPlan
    from tradewind.registry import Registry
    from tradewind.verify import Verdict

__all__ = ["verify_plan"]


def verify_plan(
    loaded: LoadedPlan,
    registry: Registry,
    *,
    cuts: int,
    whole_cuts: int,
    seed: int,
    tell: Callable[[str, int, int], None] | None = None,
) -> Verdict:
    """Return the full verdict on a loaded plan over the history of its feed.

    Raises
    ------
    TradewindError
        Whatever stands in the way of a run of it.
    """
    check_plan(loaded, registry)
    builder = Builder(loaded.plan, registry, loaded.directory)
    told = tell or (lambda *_: None)
    told("data", 0, 0)
    bars, _, _ = read_data(builder)
    check_needs(builder, bars)
    return verify(builder, bars, cuts=cuts, whole_cuts=whole_cuts, seed=seed, tell=told)
