"""Verify a whole plan: that it reads no future, and decides the same again, bar by bar and with a longer history."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tradewind.engine.unwritten import unwritten
from tradewind.errors import DataError
from tradewind.verify.futures import FUTURES
from tradewind.verify.look_ahead import REPEATABLE
from tradewind.verify.trace import decide
from tradewind.verify.work import Work, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradewind.engine.assemble import Builder
    from tradewind.journal import Record
    from tradewind.model import Bars
    from tradewind.verify.finding import Verdict

__all__ = ["FEWEST_BARS", "verify", "verify_shortly"]

FEWEST_BARS = 10
_MOST_SHORT_CUTS = 12
_SHORT_FUTURES = ("resampled",)
_SHORT_AHEAD = 5
"""Bars behind a cut of the short version, which has no time for more."""
_RUNS_A_CUT = 1 + len(_SHORT_FUTURES)
_MADE_A_RUN = 2
"""Times that plugins are made for each run behind a cut: for their factors, and to decide."""
_DIFFERS = (
    "Look-ahead, streaming and warm-up: of a plan that decides otherwise each time nothing can be compared; mend that "
    "first."
)
_BACKTRADER = (
    "Windows, streaming and warm-up of a Backtrader strategy: it declares no warm-up and begins when all its "
    "indicators have values. Only the history from its first bar was cut, in one process, so that what a class or a "
    "module keeps can hide what is read ahead; `tradewind doctor` reads its source."
)
_SHORT = (
    "Whatever only the full version sees: other futures, the history as a whole, a second run, bars one by one, the "
    "warm-up, what a class or a module keeps from one run to the next; `tradewind verify` does them all."
)


def verify(
    builder: Builder,
    bars: Bars,
    *,
    cuts: int = 40,
    whole_cuts: int = 4,
    seed: int = 0,
    fresh_process: bool = False,
    tell: Callable[[str, int, int], None] = silent,
) -> Verdict:
    """Return the full verdict on a plan over a history.

    Parameters
    ----------
    builder, bars
        The plan and its history.
    cuts
        Cuts of windows of the history.
    whole_cuts
        Cuts of the history from its beginning: each costs some runs of the plan up to the cut. A Backtrader strategy
        has no others.
    seed
        Draws cuts and futures.
    fresh_process
        Whether the plan decides bar by bar in a fresh process, which finds what a class or a module has kept. Plugins
        that are not installed, and not named by a file, are not found there.
    tell
        Told of progress: what is done, how much of it, of how much.

    Raises
    ------
    DataError
        If the history has less than `FEWEST_BARS` bars.
    TradewindError
        Whatever stands in the way of a run over the true history.
    """
    if len(bars) < FEWEST_BARS:
        raise DataError(
            f"verify: the history has {len(bars)} bars; at least {FEWEST_BARS} are needed to put a future behind one. "
            f"Choose an earlier start or a later end"
        )
    work = Work(builder, bars, seed, short=False)
    futures = tuple(FUTURES)
    tell("again", 0, 0)
    with unwritten(bars):
        true = decide(builder, bars, len(bars) - 1)
    if true.raised is not None:
        raise true.raised
    work.compare("again", "not_repeatable", true, decide(builder, bars, len(bars) - 1), REPEATABLE)
    if work.findings:
        return work.verdict(_DIFFERS)
    if _has_backtrader(builder):
        work.cut("history", max(1, whole_cuts), work.draws(true.records, whole=True), futures, tell=tell)
        return work.verdict(_BACKTRADER)
    work.cut("windows", cuts, work.draws(true.records), futures, tell=tell)
    work.cut("history", whole_cuts, work.draws(true.records, whole=True), futures, tell=tell)
    tell("streamed", 0, 0)
    work.stream(true, afresh=fresh_process)
    tell("warm-up", 0, 0)
    work.warm_up()
    return work.verdict()


def verify_shortly(
    builder: Builder,
    bars: Bars,
    records: Sequence[Record],
    *,
    budget_seconds: float,
    run_seconds: float,
    seed: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Verdict:
    """Return a short verdict beside a finished run: as many cuts of windows as fit into the time.

    Parameters
    ----------
    builder, bars
        The plan and the bars that it has run over.
    records
        The run's journal, which tells where it has decided.
    budget_seconds
        Processor time it may take. Where a single cut would take longer, judged by ``run_seconds`` and by how long the
        plugins take to be made, there is none.
    run_seconds
        Processor time that the run over the bars took.
    seed
        Draws cuts and futures.
    stopped
        Whether no more cuts are wanted; the verdict says so.
    """
    begun = time.process_time()
    work = Work(builder, bars, seed, short=True)
    # It has made the plugins once, to ask for their warm-up.
    making_seconds = time.process_time() - begun
    window = min(len(bars), work.warmup + _SHORT_AHEAD)
    cut_seconds = _RUNS_A_CUT * (run_seconds * window / len(bars) + _MADE_A_RUN * making_seconds)
    if len(bars) < FEWEST_BARS:
        work.skipped = f"the run has {len(bars)} bars, and {FEWEST_BARS} are needed"
    elif _has_backtrader(builder):
        work.skipped = "a Backtrader strategy must be run from its first bar for each cut, which takes too long here"
    elif making_seconds + cut_seconds > budget_seconds:
        work.skipped = "one cut would take longer than a quarter of the run"
    elif stopped():
        work.interrupted, work.skipped = True, "it was interrupted"
    else:

        def goes_on(longest: float) -> bool:
            fits = time.process_time() - begun + longest < budget_seconds
            work.interrupted = fits and stopped()
            return fits and not work.interrupted

        drawn = work.draws(records, ahead=_SHORT_AHEAD)
        work.cut("windows", _MOST_SHORT_CUTS, drawn, _SHORT_FUTURES, goes_on=goes_on)
    if work.interrupted and work.cuts:
        return work.verdict(f"Further cuts: it was interrupted after {work.cuts}.", _SHORT)
    return work.verdict(_SHORT)


def _has_backtrader(builder: Builder) -> bool:
    return any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves)
