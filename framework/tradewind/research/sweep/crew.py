"""Worker processes: one a slot, each with one group of points; a dead one costs its point only."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from tradewind.research.sweep.worker import Work, failed, serve

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from tradewind.research.sweep.row import Row
    from tradewind.research.sweep.space import Point

__all__ = ["Crew", "Group", "default_start_method"]

_LOOK_SECONDS = 0.2
_LEAVE_SECONDS = 5.0


def default_start_method() -> str:
    """Return ``fork`` where it is sound, which is on Linux, else ``spawn``."""
    return "fork" if sys.platform == "linux" else "spawn"


@dataclass
class Group:
    """Points that run over the same bars.

    Parameters
    ----------
    points
        What is still to be handed out.
    work
        What a worker does with each.
    close
        Called when no process needs the bars any more.
    """

    points: deque[Point]
    work: Work
    close: Callable[[], None] = lambda: None
    workers: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing of it is left or running."""
        return not self.points and not self.workers


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection
    group: Group
    point: Point


@dataclass
class Crew:
    """Hands out points and collects rows.

    Parameters
    ----------
    jobs
        Processes at a time.
    start_method
        ``fork`` or ``spawn``.
    stopped
        Asked before a point is handed out; True lets the running ones finish.
    on_stop
        Told once, when it is, how many points are still running.
    inherited
        Handles that forked workers must close.
    """

    jobs: int
    start_method: str
    stopped: Callable[[], bool] = lambda: False
    on_stop: Callable[[int], None] = lambda _: None
    inherited: tuple[Any, ...] = ()
    _workers: list[_Worker] = field(default_factory=list)

    def run(self, groups: Iterable[Group]) -> Iterator[Row]:
        """Yield a row for each point as it finishes; a group is asked for when a slot is free for it."""
        coming = iter(groups)
        group: Group | None = None
        told = False
        try:
            while True:
                while len(self._workers) < self.jobs and not self.stopped():
                    if group is None or not group.points:
                        group = next(coming, None)
                        if group is None:
                            break
                    if group.points and not self.stopped():
                        self._start(group)
                if not self._workers:
                    return
                if not told and self.stopped():
                    told = True
                    self.on_stop(len(self._workers))
                yield from self._collect()
        finally:
            self._end()

    def _start(self, group: Group) -> None:
        point = group.points.popleft()
        context: Any = multiprocessing.get_context(self.start_method)
        ours, theirs = context.Pipe()
        inherited = (*self.inherited, ours, *(worker.connection for worker in self._workers))
        process = context.Process(
            target=serve, args=(theirs, inherited if self.start_method == "fork" else (), group.work)
        )
        with warnings.catch_warnings():
            # Python warns of threads in the parent; no worker touches what they may have locked.
            warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
            process.start()
        theirs.close()
        group.workers += 1
        worker = _Worker(process, ours, group, point)
        self._workers.append(worker)
        with contextlib.suppress(OSError):  # a worker that is dead already is noticed when its row is waited for
            ours.send(point)

    def _collect(self) -> Iterator[Row]:
        """Wait a moment for rows; give each worker that is done its next point, or let it go."""
        handles = {worker.connection: worker for worker in self._workers}
        for handle in wait(list(handles), timeout=_LOOK_SECONDS):
            assert isinstance(handle, Connection)
            worker = handles[handle]
            point, row = worker.point, self._receive(worker)
            if row is None:
                reason = self._bury(worker)
                # Who ends the whole group of processes ends the sweep: the point is missing, not failed.
                if not (self.stopped() and worker.process.exitcode == -signal.SIGTERM):
                    yield failed(point, reason)
                continue
            if worker.group.points and not self.stopped():
                worker.point = worker.group.points.popleft()
                with contextlib.suppress(OSError):
                    worker.connection.send(worker.point)
            else:
                self._dismiss(worker)
            yield row

    def _receive(self, worker: _Worker) -> Row | None:
        try:
            row: Row = worker.connection.recv()
        except (EOFError, OSError):
            return None
        return row

    def _bury(self, worker: _Worker) -> str:
        """Forget a dead worker and return what is known about its death."""
        self._dismiss(worker)
        code = worker.process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            hint = "; the system was perhaps out of memory: try fewer --jobs" if -code == 9 else ""
            return f"the process of this point was ended by {name}{hint}"
        return f"the process of this point ended by itself with exit code {code}; run this point alone for details"

    def _dismiss(self, worker: _Worker) -> None:
        with contextlib.suppress(OSError):
            worker.connection.send(None)
        worker.connection.close()
        worker.process.join(_LEAVE_SECONDS)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        self._workers.remove(worker)
        worker.group.workers -= 1
        if worker.group.done:
            worker.group.close()

    def _end(self) -> None:
        """Leave no process behind, whatever happened."""
        for worker in list(self._workers):
            worker.process.terminate()
            self._dismiss(worker)
