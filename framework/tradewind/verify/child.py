"""A fresh process of `tradewind.verify.afresh`: ``python -m tradewind.verify.child REQUEST ANSWER``."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.engine.assemble import Builder
from tradewind.errors import TradewindError
from tradewind.registry import Registry
from tradewind.verify.afresh import FACTORS, decide_streamed, unpacked
from tradewind.verify.trace import FactorError, stepped_factors_of

if TYPE_CHECKING:
    from tradewind.model import Bars

__all__ = ["main"]


def main(request: str, answer: str) -> None:
    """Make what a request wants of a plan, and write down what comes of it."""
    path, plan, directory, content, wanted = pickle.loads(Path(request).read_bytes())  # noqa: S301 - of our parent
    sys.path[:] = path
    Path(answer).write_bytes(pickle.dumps(_answer(plan, directory, unpacked(content), wanted)))


def _answer(plan: Any, directory: Path | None, bars: Bars, wanted: str) -> tuple[str, tuple[Any, ...]]:
    """Return why the plan cannot be put together, if it cannot, and what is wanted."""
    try:
        builder = Builder(plan, Registry.load(), directory)
        builder.sleeves(bars.instruments)
        builder.detector()
    except TradewindError as error:
        return str(error), ()
    return "", _factors(builder, bars) if wanted == FACTORS else _decisions(builder, bars)


def _factors(builder: Builder, bars: Bars) -> tuple[Any, ...]:
    try:
        return (), stepped_factors_of(builder, bars)
    except FactorError as error:
        return (error.owner, str(error)), {}


def _decisions(builder: Builder, bars: Bars) -> tuple[Any, ...]:
    trace = decide_streamed(builder, bars)
    raised = (type(trace.raised).__name__, str(trace.raised)) if trace.raised else None
    return trace.records, raised, trace.bar


if __name__ == "__main__":
    main(*sys.argv[1:])
