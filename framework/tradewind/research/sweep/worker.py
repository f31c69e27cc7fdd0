"""What happens in a worker process: points come in, rows go out."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tradewind.config.loader import check_plan
from tradewind.engine.assemble import Builder
from tradewind.errors import DataError, TradewindError
from tradewind.registry import Registry
from tradewind.research.sweep.factors import KeptFactors
from tradewind.research.sweep.request import SweepRequest, fault_text, load_point
from tradewind.research.sweep.row import Row
from tradewind.runs.execute import measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from tradewind.model import Bars
    from tradewind.research.sweep.sharing import SharedBars
    from tradewind.research.sweep.space import Point

__all__ = ["PointRunner", "Work", "failed", "serve"]


class Work(Protocol):
    """What a worker does with a point; made in the parent, inherited or pickled."""

    def __call__(self, point: Point) -> Row:
        """Return the point's row, and raise nothing."""
        ...


@dataclass
class PointRunner:
    """Runs points over shared bars.

    Parameters
    ----------
    request
        What the points are points of.
    shared
        The bars; None where no plan is good, which every point then tells.
    data
        Their SHA-256.
    registry
        The plugins; loaded afresh in a process that does not inherit them.
    factors
        What points before have computed over the same bars.
    """

    request: SweepRequest
    shared: SharedBars | None
    data: str
    registry: Registry | None
    factors: KeptFactors = field(default_factory=KeptFactors)

    def __call__(self, point: Point) -> Row:
        """Run a point; whatever goes wrong is told in its row."""
        started = time.perf_counter()
        try:
            registry = self.registry = self.registry or Registry.load()
            loaded = load_point(self.request, point)
            check_plan(loaded, registry)
            measured = measure(Builder(loaded.plan, registry, loaded.directory), self._bars(), cache=self.factors)
        except TradewindError as error:
            return failed(point, fault_text(error, self.request, point), time.perf_counter() - started)
        except Exception as error:  # noqa: BLE001 - a failed point stops nothing
            text = f"tradewind failed unexpectedly: {type(error).__name__}: {error}; run this point alone for details"
            return failed(point, text, time.perf_counter() - started)
        return Row(
            number=point.number,
            parameters=point.parameters,
            metrics=measured.metrics,
            decision_hash=measured.decision_hash,
            warnings=measured.warnings,
            seconds=time.perf_counter() - started,
            data=self.data,
        )

    def _bars(self) -> Bars:
        if self.shared is None:
            raise DataError("the bars of this point were not read, because no plan was valid then; run it again")
        return self.shared.bars

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "registry": None, "factors": KeptFactors()}


def failed(point: Point, error: str, seconds: float = 0.0) -> Row:
    """Return the row of a point that has no figures."""
    return Row(point.number, point.parameters, error=error, seconds=seconds)


def serve(connection: Connection, inherited: Sequence[Any], work: Work) -> None:
    """Do the points that arrive, one by one, until None arrives or the parent is gone.

    Parameters
    ----------
    connection
        To the parent.
    inherited
        Handles of the parent that a forked process must not keep open.
    work
        What to do.
    """
    # The terminal interrupts the whole group; the parent lets running points finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for handle in inherited:
        handle.close()
    _print_to_stderr()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while (point := connection.recv()) is not None:
            connection.send(work(point))


def _print_to_stderr() -> None:
    """Keep what strategies print out of the table or JSON that the parent writes."""
    sys.stdout = sys.stderr
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
