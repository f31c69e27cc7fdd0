"""Execute a plan: data, validation, session, the same portfolio without its regimes, metrics."""

from __future__ import annotations

import dataclasses
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from tradewind.contracts import DataRequest
from tradewind.engine.assemble import Builder, check_needs, run_session
from tradewind.engine.detect import detect
from tradewind.engine.unwritten import unwritten
from tradewind.errors import DataError, PluginError, TradewindError
from tradewind.model import Bars, Result
from tradewind.modes import require_mode
from tradewind.report.detection import detection_scores
from tradewind.report.metrics import compute_metrics
from tradewind.runs.feeds import feed_of
from tradewind.runs.provenance import code_hashes, versions_of
from tradewind.runs.risk_summary import risk_warnings
from tradewind.validation import require_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tradewind.config.plan import Plan
    from tradewind.engine.panel import FactorCache
    from tradewind.engine.session import Session
    from tradewind.journal import Journal
    from tradewind.model import Row
    from tradewind.registry import Registry
    from tradewind.runs.session import DurableRun

__all__ = ["Execution", "Measured", "execute", "measure", "read_data", "run_over"]


_TELLING_BARS = 64
"""Bars from one word on progress to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """A finished run before it is kept: its bars up to the last one, and the processor time it took.

    ``session`` names journal and number of one.
    """

    plan: Plan
    result: Result
    journal: Journal
    code: dict[str, str]
    bars: Bars
    session: Mapping[str, Any] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a run over given bars came to: no tables but the account's, nothing about its data."""

    decision_hash: str
    metrics: Mapping[str, float]
    equity: pd.DataFrame
    warnings: tuple[str, ...]


def execute(
    plan: Plan,
    registry: Registry,
    *,
    directory: Path,
    progress: Callable[[str, int, int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
    last_bar: int | None = None,
    durable: DurableRun | None = None,
) -> Execution:
    """Run a checked plan to the end of its data, until ``stopped``, or up to a bar.

    Raises
    ------
    TradewindError
        Whatever stands in the way of a correct run; nothing is written.
    """
    mode = require_mode(plan.mode.mode)
    tell = progress or (lambda *_: None)
    builder = Builder(plan, registry, directory)
    tell("data", 0, 0)
    code = code_hashes(plan, registry, directory)
    request = None if durable is None else durable.request()
    bars, rows, warnings = read_data(builder, streaming=mode.feed == "stream", request=request)
    total = len(bars)
    told = -_TELLING_BARS

    def on_bar(bar: int) -> bool:
        nonlocal told
        if bar - told >= _TELLING_BARS:
            told = bar
            tell("bars", bar, total)
        if durable is not None:
            durable.end_bar(bar)
        return not stopped() and (last_bar is None or bar < last_bar)

    with unwritten(bars) if rows is None else nullcontext():
        begun = time.process_time()
        session = run_over(builder, bars, rows=rows, on_bar=on_bar, durable=durable)
        seconds = time.process_time() - begun
    seen = _seen(session, bars)
    if durable is not None:
        warnings = (*warnings, *durable.put_off.warnings())
    partial = stopped() or last_bar is not None
    result = _result(builder, session, seen, warnings, status="partial" if partial else "complete")
    if not partial and plan.regime is not None and len(seen):
        tell("without overlay", 0, 0)
        try:
            result = _with_comparisons(builder, seen, result)
        except TradewindError as error:
            warning = f"no comparison without the regime overlay: {error}"
            result = dataclasses.replace(result, warnings=(*result.warnings, warning))
    if plan.risk.limits.given():
        from tradewind.runs.portfolio_risk import with_breaches

        result = with_breaches(result, seen, plan.risk.limits)
    return Execution(plan, result, session.ledger.journal, code, seen, seconds=seconds)


def run_over(
    builder: Builder,
    bars: Bars,
    *,
    rows: Iterator[Row] | None = None,
    on_bar: Callable[[int], bool] = lambda _: True,
    cache: FactorCache | None = None,
    durable: DurableRun | None = None,
) -> Session:
    """Run a checked plan over bars that are there already, or over the stream whose template they are.

    ``cache`` holds factors computed before over the same bars, and takes those that are not in it; ``durable`` is the
    session that keeps a stream's bars and orders.

    Raises
    ------
    ConfigError
        If a plugin needs what the bars lack.
    TradewindError
        Whatever else stands in the way.
    """
    check_needs(builder, bars)
    journal = execution = None
    prepared: Callable[[Session], None] = lambda _: None  # noqa: E731 nothing to tell
    if durable is not None and rows is not None:
        rows, journal, execution = durable.all_rows(rows), durable.journal, durable.execution(bars.instruments)
        prepared = durable.prepare
    if any(sleeve.strategy.backtrader for sleeve in builder.plan.sleeves):
        from tradewind.engine.backtrader_run import run_backtrader

        return cast("Session", run_backtrader(builder, bars, rows=rows, on_bar=on_bar, journal=journal))
    return run_session(
        builder, bars, rows=rows, on_bar=on_bar, cache=cache, journal=journal, execution=execution, prepared=prepared
    )


def measure(builder: Builder, bars: Bars, *, cache: FactorCache | None = None) -> Measured:
    """Run a checked plan over bars and return its figures: those of `execute`, without comparison and capsule."""
    session = run_over(builder, bars, cache=cache)
    tables = _tables(session, _seen(session, bars))
    ledger = session.ledger
    return Measured(
        decision_hash=ledger.journal.decision_hash,
        metrics=compute_metrics(tables["equity"], tables["fills"], orders=tables["orders"]),
        equity=tables["equity"],
        warnings=(*_order_warnings(tables), *ledger.warnings),
    )


def read_data(
    builder: Builder, *, streaming: bool = False, request: DataRequest | None = None
) -> tuple[Bars, Iterator[Row] | None, tuple[str, ...]]:
    """Return the bars of a plan, or a stream's template and rows, and the warnings of the data checks.

    ``request`` is what to ask of the feed; None: what the plan says.

    Raises
    ------
    DataError
        If the bars cannot be traded on.
    """
    plan = builder.plan
    feed = feed_of(builder)
    request = request or DataRequest(
        start=plan.data.start, end=plan.data.end, symbols=plan.data.symbols, references=plan.data.references
    )
    warnings: tuple[str, ...] = ()
    if feed.gives_history:
        bars = feed.history(request)
        warnings = tuple(str(finding) for finding in require_valid(bars).warnings)
        if not streaming:
            return bars, None, warnings
    if not (streaming and feed.gives_stream):
        raise PluginError(
            f"data.feed: {feed.label!r} delivers {'history only' if streaming else 'a stream only'}, and --mode "
            f"{plan.mode.mode} needs {'a stream' if streaming else 'history'}; name a streaming feed, as replay, in "
            f"the mode's overlay"
        )
    template, rows = feed.stream(request)
    return template, rows, warnings


def _seen(session: Session, bars: Bars) -> Bars:
    """Return the bars up to the last complete one, as the session saw them."""
    count = session.ledger.recorder.bars
    if count == 0:
        raise DataError("the run ended before its first bar was complete; check start, end and the feed")
    panel = session.panel

    def cut(fields: Any) -> dict[str, Any]:
        return {name: values[:count] for name, values in fields.items()}

    timestamps = panel.timestamps[:count]
    return dataclasses.replace(
        bars,
        timestamps=timestamps,
        fields=cut(panel.fields),
        references={
            role: dataclasses.replace(series, timestamps=timestamps, fields=cut(panel.reference_fields[role]))
            for role, series in bars.references.items()
        },
    )


def _result(builder: Builder, session: Session, seen: Bars, warnings: tuple[str, ...], status: str) -> Result:
    plan, ledger = builder.plan, session.ledger
    tables = _tables(session, seen)
    return Result(
        name=plan.name,
        mode=plan.mode.mode,
        status=status,
        config=plan.model_dump(mode="json", exclude_none=True),
        versions=versions_of(builder.registry),
        seed=plan.seed,
        decision_hash=ledger.journal.decision_hash,
        data_hash=seen.sha256(),
        data=_data_summary(seen),
        metrics=compute_metrics(tables["equity"], tables["fills"], orders=tables["orders"]),
        stamps=(*_stamps(builder, seen), *getattr(session, "stamps", ())),
        warnings=(*_order_warnings(tables), *ledger.warnings, *warnings),
        **cast("Any", tables),
    )


def _tables(session: Session, seen: Bars) -> Mapping[str, pd.DataFrame]:
    benchmark = seen.references.get("benchmark")
    close = None if benchmark is None else benchmark.fields["close"][:, 0]
    return session.ledger.recorder.tables(seen.timestamps, close)


def _order_warnings(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say what a reader of the figures must not overlook: nothing was ordered, or much of it was refused."""
    orders = tables["orders"]
    warnings = risk_warnings(tables["rulings"], tables["standings"])
    if orders.empty:
        nothing = "no order was made: the strategy never wanted anything, or its warm-up is longer than the data"
        return [nothing, *warnings]
    refused = int((orders["status"] == "rejected").sum())
    return [
        *([f"{refused} of {len(orders)} orders were refused; see the reasons in journal.jsonl"] if refused else []),
        *warnings,
    ]


def _with_comparisons(builder: Builder, seen: Bars, result: Result) -> Result:
    """Add the same portfolio held in its calmest regime, and how well detectors found the press's bear markets."""
    plan = builder.plan
    detector = builder.detector()
    if detector is None or plan.regime is None:
        return result
    held = run_session(builder, seen, held_regime=detector.labels[0])
    tables = held.ledger.recorder.tables(seen.timestamps, None)
    index = pd.DatetimeIndex(result.equity.index)
    rows = {plan.regime.detector.label: detection_scores(result.regimes["regime"])}
    for ref in plan.regime.compare:
        labels = detect(builder, ref, seen)
        rows[ref.label] = detection_scores(pd.Series(labels, index=index))
    calmest = pd.Series(np.repeat(detector.labels[0], len(index)), index=index)
    rows[f"always {detector.labels[0]}"] = detection_scores(calmest)
    return dataclasses.replace(result, without_overlay=tables["equity"], detectors=pd.DataFrame(rows).T)


def _data_summary(bars: Bars) -> dict[str, Any]:
    return {
        "start": str(bars.timestamps[0].astype("datetime64[D]")),
        "end": str(bars.timestamps[-1].astype("datetime64[D]")),
        "bars": len(bars),
        "symbols": list(bars.symbols),
        "references": {role: series.symbols[0] for role, series in bars.references.items()},
        "fields": sorted(bars.fields),
        "close_only": bars.close_only,
        "adjusted": bars.adjusted,
        "sha256": {name: Bars.sha256(_only(bars, name)) for name in sorted(bars.fields)},
    }


def _only(bars: Bars, name: str) -> Bars:
    return dataclasses.replace(bars, fields={"close": bars.fields[name]}, references={})


def _risk_stamps(plan: Plan) -> list[str]:
    """Say which gates and breakers do not act, and that a backtest re-arms itself."""
    risk = plan.risk
    if any(sleeve.strategy.backtrader for sleeve in plan.sleeves):
        return ["Gates and breakers do not act on a Backtrader strategy, but for the check of an order's structure."]
    off = risk.off()
    stamps = [f"Switched off: {', '.join(off)}."] if off else []
    if risk.breaker_refs() and not plan.mode.has_operator:
        after = f"after {risk.rearm_after_bars} bars" if risk.rearm_after_bars else "never"
        stamps.append(f"A kill by a breaker is re-armed {after} in this run; on the wall's clock only by an operator.")
    return stamps


def _stamps(builder: Builder, bars: Bars) -> tuple[str, ...]:
    plan = builder.plan
    stamps = list(bars.stamps)
    if bars.close_only and not any(stamp.startswith("close-only") for stamp in stamps):
        stamps.append("Close-only bars: a decision at the close of a bar fills at the next close.")
    elif not bars.close_only:
        stamps.append("A decision at the close of a bar fills at the next open.")
    cost = builder.cost()
    stamps.extend(
        cost.stamps(bars.adjusted, "volume" in bars.fields) if cost else ["No costs: trading is free in this run."]
    )
    if bars.adjusted:
        stamps.append("Adjusted prices: lots, ticks and per-share fees are not applicable; quantities are fractional.")
    stamps.extend(_risk_stamps(plan))
    if (bars.end_bars < len(bars)).any():
        stamps.append(
            f"Data end during the run: positions are closed at the last close less "
            f"{plan.exchange.data_end_haircut:.2%}; the end of a file is not known to be a delisting."
        )
    return tuple(dict.fromkeys(stamps))
