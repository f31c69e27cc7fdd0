"""From a loaded plan to a session that can be stopped, killed and continued."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.config.loader import check_plan
from tradewind.config.trust import require_trusted
from tradewind.engine.assemble import Builder
from tradewind.errors import DataError
from tradewind.modes import require_mode
from tradewind.runs.execute import execute
from tradewind.runs.launch import keep, reports_of, require_writable, with_reports
from tradewind.runs.session import open_run
from tradewind.runs.stopping import Stop, stoppable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.config.loader import LoadedPlan
    from tradewind.model import Result
    from tradewind.registry import Registry

__all__ = ["run_session_of"]


def run_session_of(
    loaded: LoadedPlan,
    registry: Registry,
    *,
    journal: str | Path,
    runs_directory: Path | None,
    fresh: bool = False,
    reports: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Result:
    """Run the plan's session in its durable journal until the stream ends or a signal stops it.

    A session that ends is kept as a capsule with reports; one that was stopped is kept in the journal alone, and the
    same call continues it.

    Parameters
    ----------
    loaded, registry
        What to run, and from which plugins.
    journal
        Path of the journal, or its database URL.
    runs_directory
        Where capsules go; None keeps none.
    fresh
        Whether an unfinished session of this name is given up.
    reports, progress
        As in `tradewind.runs.launch.run_plan`.
    warn
        Called with a line for the operator while the session runs.

    Raises
    ------
    TradewindError
        For everything that stands in the way; what is durable by then is continued by the next call.
    KeyboardInterrupt
        If it was stopped before its first bar.
    """
    from tradewind.journal.store import open_store

    check_plan(loaded, registry)
    require_mode(loaded.plan.mode.mode)
    require_trusted(loaded.plan, registry, loaded.directory)
    if runs_directory is not None:
        require_writable(runs_directory)
    made = reports_of(loaded, registry) if reports and runs_directory is not None else []
    stop = Stop()
    with stoppable(stop), open_store(journal) as store:
        builder = Builder(loaded.plan, registry, loaded.directory)
        with open_run(store, builder, loaded.directory, stop=stop, fresh=fresh, warn=warn) as durable:
            try:
                execution = execute(
                    loaded.plan,
                    registry,
                    directory=loaded.directory,
                    progress=progress,
                    stopped=stop.is_set,
                    durable=durable,
                )
            except DataError:
                if not stop.is_set() or durable.bar >= 0:
                    raise
                # Stopped before its first bar: there is no result to tell, and nothing is wrong with the data.
                durable.end("stopped")
                raise KeyboardInterrupt from None
            if execution.result.status != "complete":
                durable.end("stopped")
                return execution.result
            execution = dataclasses.replace(execution, session={"journal": _place(journal), "number": durable.session})
            # Finished only when it is kept: what cannot be kept now is gone through again by the next call.
            result = keep(execution, runs_directory, reports=reports, directory=loaded.directory)
            durable.end("finished")
        # The session is over whatever becomes of its reports, which can be written again.
        return with_reports(result, made, progress)


def _place(journal: str | Path) -> str:
    """Return where a journal is: an absolute path, or a URL without its password."""
    from tradewind.journal.store.database import database_url, shown, sqlite_path

    url = database_url(journal)
    return shown(url) if sqlite_path(url) is None else str(Path(shown(url)).resolve())
