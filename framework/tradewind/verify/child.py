"""The fresh process of `tradewind.verify.afresh`: ``python -m tradewind.verify.child REQUEST ANSWER``."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from tradewind.engine.assemble import Builder
from tradewind.errors import TradewindError
from tradewind.registry import Registry
from tradewind.verify.afresh import stream_of, unpacked
from tradewind.verify.trace import FactorError

__all__ = ["main"]


def main(request: str, answer: str) -> None:
    """Let the plan of a request decide bar by bar, and write down what comes of it."""
    path, plan, directory, content = pickle.loads(Path(request).read_bytes())  # noqa: S301 - of our parent
    sys.path[:] = path
    bars = unpacked(content)
    Path(answer).write_bytes(pickle.dumps(_answer(plan, directory, bars)))


def _answer(plan: Any, directory: Path | None, bars: Any) -> tuple[Any, ...]:
    try:
        builder = Builder(plan, Registry.load(), directory)
        builder.sleeves(bars.instruments)
        builder.detector()
    except TradewindError as error:
        return (str(error), {}, None, (), None, 0)
    factors, trace = stream_of(builder, bars)
    failed = (factors.owner, str(factors)) if isinstance(factors, FactorError) else None
    raised = (type(trace.raised).__name__, str(trace.raised)) if trace.raised else None
    return ("", {} if failed else factors, failed, trace.records, raised, trace.bar)


if __name__ == "__main__":
    main(*sys.argv[1:])
