"""Points by the bars they run over: each panel is read once and shared."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradewind.config.loader import LoadedPlan, check_plan, effective_feed
from tradewind.contracts.plugin import Seed
from tradewind.engine.assemble import Builder
from tradewind.errors import TradewindError, UserError
from tradewind.registry.parameters import read_signature
from tradewind.research.sweep.crew import Group
from tradewind.research.sweep.request import load_point
from tradewind.research.sweep.sharing import SharedBars
from tradewind.research.sweep.worker import PointRunner, failed
from tradewind.runs.execute import read_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradewind.model import Bars
    from tradewind.registry import Registry
    from tradewind.research.sweep.request import SweepRequest
    from tradewind.research.sweep.row import Row
    from tradewind.research.sweep.space import Point

__all__ = ["Panels"]


class Panels:
    """Reads the bars of each group of points when its turn comes.

    Parameters
    ----------
    request, registry
        The sweep and its plugins.
    points
        All points.
    done
        Rows that are there already.
    mapped
        Whether workers need the bars in a file.
    first
        A checked plan of the sweep.
    """

    def __init__(
        self,
        request: SweepRequest,
        registry: Registry,
        points: Sequence[Point],
        done: Mapping[int, Row],
        *,
        mapped: bool,
        first: LoadedPlan,
    ) -> None:
        self._request = request
        self._registry = registry
        self._mapped = mapped
        self._sections = ("data", "mode", *(("seed",) if _draws(first, registry) else ()))
        self._groups: dict[str, list[Point]] = {}
        self._data: dict[str, set[str]] = {}
        for point in points:
            key = self._key(point)
            if point.number in done:
                self._data.setdefault(key, set()).add(done[point.number].data)
            else:
                self._groups.setdefault(key, []).append(point)
        self._only = len({self._key(point) for point in points}) == 1
        self.warnings: dict[str, None] = {}
        """Findings of the data checks so far."""

    def groups(self) -> Iterator[Group]:
        """Yield the groups; bars are read when theirs is asked for.

        Raises
        ------
        TradewindError
            If the only bars of the sweep cannot be read, or are no longer what they were.
        """
        for key, points in self._groups.items():
            loaded = self._first_good(points)
            if loaded is None:
                yield Group(deque(points), PointRunner(self._request, None, "", self._registry))
                continue
            try:
                bars, _, warnings = read_data(Builder(loaded.plan, self._registry, loaded.directory))
            except TradewindError as error:
                if self._only:
                    raise
                yield Group(deque(points), _Refused(str(error)))
                continue
            self.warnings.update(dict.fromkeys(warnings))
            digest = self._checked(key, bars)
            shared = SharedBars(bars, mapped=self._mapped)
            runner = PointRunner(self._request, shared, digest, self._registry)
            del bars
            yield Group(deque(points), runner, shared.close)

    def _key(self, point: Point) -> str:
        swept = {path: value for path, value in point.parameters.items() if path.split(".")[0] in self._sections}
        return json.dumps(swept, sort_keys=True)

    def _checked(self, key: str, bars: Bars) -> str:
        digest = bars.sha256()
        before = self._data.get(key, set()) - {""}
        if before and before != {digest}:
            raise UserError(
                f"the feed delivers other prices than before: data hash {min(before)[:12]} then, {digest[:12]} now; "
                f"put the data back, or start a new sweep without --resume"
            )
        return digest

    def _first_good(self, points: Sequence[Point]) -> LoadedPlan | None:
        for point in points:
            try:
                loaded = load_point(self._request, point)
                check_plan(loaded, self._registry)
            except TradewindError:
                continue
            return loaded
        return None


@dataclass(frozen=True, slots=True)
class _Refused:
    """Fails every point with what is wrong with their bars."""

    error: str

    def __call__(self, point: Point) -> Row:
        return failed(point, self.error)


def _draws(loaded: LoadedPlan, registry: Registry) -> bool:
    """Whether the feed, or one inside it, may depend on the seed."""
    feed = registry.resolve(
        "feed", effective_feed(loaded.plan, registry, directory=loaded.directory), directory=loaded.directory
    )
    signature = read_signature(feed.plugin.create)
    return Seed in signature.injected.values() or bool(signature.nested)
