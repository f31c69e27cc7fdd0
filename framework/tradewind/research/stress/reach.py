"""Which figures of a scenario reach nothing in a run: a misspelled name must not pass for a shock survived."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tradewind.errors import ConfigError, choices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tradewind.research.stress.scenario import Scenario

__all__ = ["unreached"]

_ALIKE = 0.8
"""Sectors at least so similar are one, misspelled; symbols are too short for that."""
_PERHAPS = 0.6


def unreached(scenarios: Sequence[Scenario], symbols: Collection[str], sectors: Collection[str]) -> list[str]:
    """Return a note for each scenario some of whose figures reach no instrument of a run.

    Parameters
    ----------
    scenarios
        Those of the user; the ones that come with tradewind name funds that few runs have.
    symbols, sectors
        Of the run's instruments. Without sectors nothing is said of them.

    Raises
    ------
    ConfigError
        If a sector or a symbol is one of the run's, misspelled, or no figure of a scenario reaches anything.
    """
    notes = []
    for scenario in scenarios:
        missing: list[str] = []
        for field, named in (("symbols", scenario.symbols), ("durations_years", scenario.durations_years)):
            missing += _missing(scenario.name, field, named, symbols)
        if sectors:
            missing += _missing(scenario.name, "sectors", scenario.sectors, sectors)
        every = {*scenario.symbols, *scenario.durations_years, *scenario.sectors}
        if missing and not (scenario.market or scenario.asset_classes) and len(missing) == len(every):
            raise ConfigError(
                f"scenario {scenario.name!r} shocks nothing of this run, which has no {', '.join(missing)}; name its "
                f"symbols or sectors, or give `market`"
            )
        if missing:
            notes.append(f"{scenario.name}: not in this run, so not applied: {', '.join(missing)}")
    return notes


def _missing(scenario: str, field: str, named: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the names that are not known, with the nearest that is."""
    folded = {name.casefold(): name for name in known}
    found = []
    for name in named:
        if name in known:
            continue
        alike = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_ALIKE)
        if name.casefold() in folded or (field == "sectors" and alike):
            raise ConfigError(
                f"scenario {scenario!r}: {field}: {name!r} is not in this run; {choices(name, known)} Its figure would "
                f"not apply"
            )
        near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_PERHAPS)
        found.append(f"{name} (did you mean {folded[near[0]]}?)" if near and field != "sectors" else name)
    return found
