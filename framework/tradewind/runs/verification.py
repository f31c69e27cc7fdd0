"""Verify a plan from its configuration, a kept run, or a run that has just ended."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.config.loader import check_plan
from tradewind.engine.assemble import Builder, check_needs
from tradewind.errors import TradewindError, UserError
from tradewind.runs.capsule import load_result, read_provenance, write_verification
from tradewind.runs.execute import read_data
from tradewind.runs.reproduce import kept_plan
from tradewind.verify import verify, verify_shortly

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.config.loader import LoadedPlan
    from tradewind.registry import Registry
    from tradewind.runs.execute import Execution
    from tradewind.verify import Verdict

__all__ = ["PART_OF_RUN", "verified", "verify_plan", "verify_run"]

PART_OF_RUN = 0.25
"""Time that looking for look-ahead beside a run may take, as a part of the run's own."""
_SPARE = 0.8
"""Part of that time which is planned with; the next cut may take longer than the longest so far."""


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
    return _verify(Builder(loaded.plan, registry, loaded.directory), cuts, whole_cuts, seed, tell)


def verify_run(
    capsule: Path,
    registry: Registry,
    *,
    cuts: int,
    whole_cuts: int,
    seed: int,
    tell: Callable[[str, int, int], None] | None = None,
) -> Verdict:
    """Return the full verdict on the configuration of a kept backtest, and keep it in the run's capsule.

    Raises
    ------
    UserError
        If it is no backtest.
    TradewindError
        Whatever stands in the way of a run of it.
    """
    result = load_result(capsule)
    if result.mode != "backtest":
        raise UserError(
            f"verify: {capsule.name} is a {result.mode} run, which hears of no bar before it is there; name a "
            f"backtest, or verify its configuration"
        )
    directory = Path(read_provenance(capsule)["config_directory"])
    verdict = _verify(Builder(kept_plan(capsule, result), registry, directory), cuts, whole_cuts, seed, tell)
    write_verification(capsule, verdict.as_data())
    return verdict


def verified(
    execution: Execution,
    registry: Registry,
    directory: Path,
    *,
    run_seconds: float,
    progress: Callable[[str, int, int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Execution:
    """Return a complete backtest with its short verdict, which takes `PART_OF_RUN` of ``run_seconds`` at most.

    Times are the processor's: what else a machine does would make of a quarter now half of it and now twice as much.
    """
    begun = time.process_time()
    if progress is not None:
        progress("verify", 0, 0)
    result = execution.result
    try:
        builder, records = Builder(execution.plan, registry, directory), execution.journal.records
        verdict = verify_shortly(
            builder,
            execution.bars,
            records,
            budget_seconds=PART_OF_RUN * _SPARE * run_seconds - (time.process_time() - begun),
            run_seconds=execution.seconds,
            seed=execution.plan.seed,
            stopped=stopped,
        )
    except TradewindError as error:
        # The run is complete, and is kept whatever comes of looking at its plan again.
        told = f"look-ahead: not verified, the plan cannot be put together again: {error}"
        return dataclasses.replace(execution, result=dataclasses.replace(result, warnings=(*result.warnings, told)))
    warnings = result.warnings
    if verdict.findings:
        warnings = (f"look-ahead: {verdict.sentence} `tradewind verify` shows what brings it about", *warnings)
    result = dataclasses.replace(result, verification=verdict.as_data(), warnings=warnings)
    return dataclasses.replace(execution, result=result)


def _verify(
    builder: Builder, cuts: int, whole_cuts: int, seed: int, tell: Callable[[str, int, int], None] | None
) -> Verdict:
    told = tell or (lambda *_: None)
    told("data", 0, 0)
    bars, _, _ = read_data(builder)
    check_needs(builder, bars)
    return verify(builder, bars, cuts=cuts, whole_cuts=whole_cuts, seed=seed, fresh_process=True, tell=told)
