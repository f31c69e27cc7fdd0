"""What a sweep is asked to do, and what it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.config.loader import LoadedPlan, check_plan, load_plan
from tradewind.errors import TradewindError, UserError
from tradewind.research.sweep.paths import check_axis_paths, check_row_paths
from tradewind.research.sweep.space import Axis, Choices, Point, Range, grid_points, random_points, rows_points
from tradewind.runs.provenance import code_hashes, references_of, versions_of

if TYPE_CHECKING:
    from tradewind.registry import Registry

__all__ = ["SweepRequest", "as_seed", "check_points", "fault_text", "fingerprint", "load_point"]

CHECKED_POINTS = 2_000
"""Points whose plans are checked before the first run; the others are checked when their turn comes."""

PLUGIN_SETS = 20
"""Different choices of plugins whose code is remembered."""


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A configuration and where to run it.

    Parameters
    ----------
    config
        Files, later ones laid over earlier ones.
    axes
        Path to its values or range; empty with ``rows``.
    rows
        Points given one by one; empty with ``axes``.
    random
        Number of points drawn from the axes; None: every combination.
    seed
        Of the draws.
    overrides, start, end
        As with `tradewind run`; a point's own values come last.
    """

    config: tuple[Path, ...]
    axes: Mapping[str, Axis] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    random: int | None = None
    seed: int = 0
    overrides: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None

    def points(self) -> list[Point]:
        """Return the points, each different.

        Raises
        ------
        TradewindError
            If the request says too little, too much or nothing that can be.
        """
        if bool(self.axes) == bool(self.rows):
            what = "both axes and a file of points" if self.axes else "nothing to vary"
            raise UserError(
                f"{what} given; give --grid path=value,value (with --random N to draw from them), or --points FILE"
            )
        if self.rows:
            if self.random is not None:
                raise UserError("--random draws from --grid, not from --points; give one of the two")
            check_row_paths(self.rows)
            return rows_points(self.rows)
        check_axis_paths(self.axes)
        if self.random is not None:
            return random_points(self.axes, self.random, self.seed)
        return grid_points(self.axes)

    def document(self) -> dict[str, Any]:
        """Return the request as plain data, for ``sweep.yaml``."""
        return {
            "config": [str(path.resolve()) for path in self.config],
            "grid": {path: _axis_document(axis) for path, axis in self.axes.items()},
            "points": [dict(row) for row in self.rows],
            "random": self.random,
            "seed": self.seed,
            "overrides": list(self.overrides),
            "start": self.start,
            "end": self.end,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SweepRequest:
        """Return the request that a document was made from.

        Raises
        ------
        ValueError
            If it is no such document; names what is wrong with it.
        """
        for name, kinds in _DOCUMENT.items():
            if name not in document:
                raise ValueError(f"request.{name} is missing")
            if not isinstance(document[name], kinds):
                raise ValueError(f"request.{name} is {document[name]!r:.60}")  # noqa: TRY004 - a fault of the file
        for name, kind in (("config", str), ("overrides", str), ("points", dict)):
            if not all(isinstance(one, kind) for one in document[name]):
                raise ValueError(f"request.{name} holds what is no {_WORDS[kind]}")
        return cls(
            config=tuple(Path(path) for path in document["config"]),
            axes={path: _axis(one) for path, one in document["grid"].items()},
            rows=tuple(document["points"]),
            random=document["random"],
            seed=document["seed"],
            overrides=tuple(document["overrides"]),
            start=document["start"],
            end=document["end"],
        )


_DOCUMENT: Mapping[str, tuple[type, ...]] = {
    "config": (list,),
    "grid": (dict,),
    "points": (list,),
    "random": (int, type(None)),
    "seed": (int,),
    "overrides": (list,),
    "start": (str, type(None)),
    "end": (str, type(None)),
}
_WORDS = {str: "text", dict: "mapping"}


def _axis_document(axis: Axis) -> Any:
    return list(axis.values) if isinstance(axis, Choices) else {"low": axis.low, "high": axis.high}


def _axis(document: Any) -> Axis:
    if isinstance(document, list):
        return Choices(tuple(document))
    if isinstance(document, dict) and all(isinstance(document.get(end), int | float) for end in ("low", "high")):
        return Range(document["low"], document["high"])
    raise ValueError(f"request.grid holds {document!r:.60}, which is neither a list of values nor a range")


def as_seed(seed: int | None, random: int | None) -> int:
    """Return the seed of the draws, 0 unless given.

    Raises
    ------
    UserError
        If nothing is drawn.
    """
    if seed is not None and random is None:
        raise UserError(f"--seed {seed}: has no effect without --random N, which draws; give both or leave it out")
    return seed or 0


def load_point(request: SweepRequest, point: Point) -> LoadedPlan:
    """Return the plan of a point.

    Raises
    ------
    TradewindError
        As `load_plan` does.
    """
    return load_plan(
        request.config,
        overrides=(*request.overrides, *point.overrides),
        start=request.start,
        end=request.end,
    )


def check_points(request: SweepRequest, points: Sequence[Point], registry: Registry) -> list[LoadedPlan]:
    """Check the plans of the first points, and return the good ones that name different plugins.

    Raises
    ------
    TradewindError
        The first fault, with its point, where no plan is good.
    """
    good: dict[tuple[str, ...], LoadedPlan] = {}
    faults: list[TradewindError] = []
    for point in points[:CHECKED_POINTS]:
        try:
            loaded = load_point(request, point)
            check_plan(loaded, registry)
        except TradewindError as error:
            faults.append(error)
        else:
            good.setdefault(tuple(ref.label for _, _, ref in references_of(loaded.plan)), loaded)
    if not good:
        count = f"none of the {len(faults)} points can run; " if len(faults) > 1 else ""
        raise type(faults[0])(f"{count}{points[0]}: {fault_text(faults[0], request, points[0])}") from faults[0]
    return list(good.values())


def fault_text(error: TradewindError, request: SweepRequest, point: Point) -> str:
    """Return what is wrong with a point, its values called by the flag that gave them."""
    flag, text = "--points" if request.rows else "--grid", str(error)
    for path in point.parameters:
        text = text.replace(f"--set {path}:", f"{flag} {path}:")
    return text


def fingerprint(
    request: SweepRequest, points: Sequence[Point], plans: Sequence[LoadedPlan], registry: Registry
) -> dict[str, Any]:
    """Return what must be the same when a sweep is continued: points, configuration, code and versions."""
    code: dict[str, str] = {}
    for number, loaded in enumerate(plans):
        hashes = code_hashes(loaded.plan, registry, loaded.directory)
        labels = {place: ref.label for place, _, ref in references_of(loaded.plan)}
        code |= {f"{place} {labels[place]}" if place in labels else place: digest for place, digest in hashes.items()}
        if number == PLUGIN_SETS:
            break
    return {
        "points": _digest([dict(point.parameters) for point in points]),
        "configuration": _digest([plans[0].plan.model_dump(mode="json"), *request.overrides]),
        "code": code,
        "versions": versions_of(registry),
    }


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
