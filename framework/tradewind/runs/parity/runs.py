"""Which session a name on the command line means, and which backtest it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tradewind.errors import UserError
from tradewind.runs.capsule import find_capsule, list_capsules, load_result, read_provenance

if TYPE_CHECKING:
    from tradewind.journal.store import JournalStore, SessionInfo
    from tradewind.model import Bars, Result

__all__ = ["Backtest", "Named", "find_session", "session_info"]


class Named(NamedTuple):
    """A session by its journal and number, and the folder in which its configuration lay, where that is known."""

    journal: str
    number: int
    directory: Path | None


def find_session(run: str, runs_directory: Path, journal: str | None) -> Named:
    """Return the session that a number, or the capsule of a paper run, names.

    Parameters
    ----------
    run
        Number of a session, or a capsule as in `tradewind.runs.capsule.find_capsule`.
    runs_directory
        Where capsules are.
    journal
        Path or URL of the journal; None: that of the capsule, else the default beside the runs.

    Raises
    ------
    UserError
        If there is no such run, or it is no paper run.
    """
    default = str(runs_directory.parent / "sessions" / "journal.db") if journal is None else journal
    if run.isdigit():
        return Named(default, int(run), _directory_of(int(run), default, runs_directory))
    capsule = find_capsule(run, runs_directory)
    provenance = read_provenance(capsule)
    kept: dict[str, Any] | None = provenance.get("session")
    if kept is None:
        mode = load_result(capsule).mode
        raise UserError(
            f"parity: {capsule.name} is a {mode} run without a session; name a paper run, or the number of a session "
            f"that `tradewind status` shows"
        )
    return Named(journal or kept["journal"], kept["number"], Path(provenance["config_directory"]))


def session_info(store: JournalStore, number: int, journal: str) -> SessionInfo:
    """Return a session of a journal; `UserError` where it has none of that number."""
    known = {info.id: info for info in store.sessions()}
    if number not in known:
        listed = ", ".join(f"{one.id} ({one.name})" for one in known.values()) or "none"
        raise UserError(f"parity: no session {number} in {journal}; known: {listed}")
    return known[number]


@dataclass(frozen=True, slots=True)
class Backtest:
    """A kept run that a session is held against."""

    result: Result

    def profit(self, bars: Bars) -> tuple[float, list[str]]:
        """Return what the run made in the time of the bars, and what a reader must know about that.

        Raises
        ------
        UserError
            If it has no bar in that time.
        """
        equity = self.result.equity["equity"]
        times = equity.index.to_numpy(dtype="datetime64[ns]")
        first, last = bars.timestamps[0], bars.timestamps[-1]
        start = int(np.searchsorted(times, first))
        stop = int(np.searchsorted(times, last, side="right"))
        if start == stop:
            raise UserError(
                f"parity: the run {self.result.name} has no bar between {first} and {last}, the session's first and "
                f"last; name a run over the same time, or none"
            )
        notes: list[str] = []
        if start:
            notes.append(f"The backtest begins before the session: its profit is counted from {first}.")
        if stop < len(times):
            notes.append(f"The backtest goes on after the session: its profit is counted up to {last}.")
        if times[start] > first or times[stop - 1] < last:
            notes.append("The backtest does not cover the whole session.")
        before = equity.iloc[start - 1] if start else self.result.config["account"]["cash"]
        return float(equity.iloc[stop - 1] - before), notes


def _directory_of(number: int, journal: str, runs_directory: Path) -> Path | None:
    """Return where the configuration of a session lay, if a capsule says so."""
    path = str(Path(journal).resolve())
    for capsule in reversed(list_capsules(runs_directory)):
        provenance = read_provenance(capsule)
        kept = provenance.get("session")
        if kept is not None and kept["number"] == number and kept["journal"] in (journal, path):
            return Path(provenance["config_directory"])
    return None
