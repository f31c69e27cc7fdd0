"""Where a plan names plugins, and whether those plugins and their parameters are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.config.plan import Plan, PluginRef, SleeveConfig
from tradewind.errors import PluginError, TradewindError
from tradewind.registry.problems import Problem, Step, raise_problems

if TYPE_CHECKING:
    from tradewind.config.loader import LoadedPlan
    from tradewind.registry import Registry

__all__ = ["PLACES", "check_plan", "effective_feed", "references"]

PLACES = {
    ("DataConfig", "feed"): "feed",
    ("ModeConfig", "feed"): "feed",
    ("ModeConfig", "broker"): "broker",
    ("RegimeConfig", "detector"): "regime",
    ("RegimeConfig", "compare"): "regime",
    ("SleeveConfig", "strategy"): "strategy",
    ("SleeveConfig", "sizer"): "sizer",
    ("SleeveConfig", "exits"): "exit",
    ("RiskConfig", "gates"): "gate",
    ("RiskConfig", "breakers"): "breaker",
    ("Plan", "costs"): "cost",
    ("Plan", "reports"): "report",
}
"""Section and field of a plan to the kind of plugin it names."""


def references(plan: Plan) -> Iterator[tuple[str, tuple[Step, ...], PluginRef]]:
    """Yield kind, path and reference of every plugin a plan names."""
    sections: list[tuple[tuple[Step, ...], object]] = [(("data",), plan.data)]
    if plan.regime is not None:
        sections.append((("regime",), plan.regime))
    sections += [(("sleeves", index), sleeve) for index, sleeve in enumerate(plan.sleeves)]
    sections += [((), plan), (("risk",), plan.risk), (("mode",), plan.mode)]
    for path, section in sections:
        for (owner, field), kind in PLACES.items():
            if owner != type(section).__name__:
                continue
            value = getattr(section, field)
            if isinstance(value, PluginRef):
                yield kind, (*path, field), value
            elif value is not None:
                yield from ((kind, (*path, field, index), one) for index, one in enumerate(value))


def check_plan(loaded: LoadedPlan, registry: Registry) -> None:
    """Check every plugin a plan names, with its parameters and nested plugins, making none.

    Raises
    ------
    ConfigError
        Naming all problems, one a line, each with file, line and column.
    PluginError
        The same, if every problem is a missing or broken plugin.
    """
    plan = loaded.plan
    problems = []
    for kind, path, ref in references(plan):
        if path == ("mode", "feed"):
            problems += _mode_feed_problems(loaded, registry, ref)
        else:
            problems += registry.problems(kind, ref, directory=loaded.directory, where=path)
    for index, sleeve in enumerate(plan.sleeves):
        problems += _backtrader_problems(plan, index, sleeve)
    if problems:
        raise_problems(problems, loaded.locate(problems))


def effective_feed(plan: Plan, registry: Registry, *, directory: Path | None = None) -> PluginRef:
    """Return the feed a run uses: the mode's, wrapped around the idea's where it takes a ``source``, or the idea's.

    Raises
    ------
    PluginError
        If the mode's feed is missing or broken.
    """
    feed = plan.mode.feed
    if feed is None:
        return plan.data.feed
    registered = registry.resolve("feed", feed, directory=directory)
    if registry.nested(registered).get("source") != "feed" or "source" in feed.params:
        return feed
    source = plan.data.feed.model_dump(mode="json", exclude_none=True)
    return feed.model_copy(update={"params": {**feed.params, "source": source}})


def _mode_feed_problems(loaded: LoadedPlan, registry: Registry, ref: PluginRef) -> list[Problem]:
    path = ("mode", "feed")
    try:
        feed = effective_feed(loaded.plan, registry, directory=loaded.directory)
    except TradewindError as error:
        return [Problem(path, str(error), plugin=isinstance(error, PluginError))]
    problems = registry.problems("feed", feed, directory=loaded.directory, where=path)
    if "source" in ref.params:
        return problems
    # The source is the idea's feed, whose problems are told where it is written.
    return [problem for problem in problems if problem.path[2:4] != ("params", "source")]


def _backtrader_problems(plan: Plan, index: int, sleeve: SleeveConfig) -> list[Problem]:
    if sleeve.strategy.backtrader is None:
        return []
    found = []
    if plan.mode.broker is not None:
        told = f"{sleeve.strategy.label} is a Backtrader strategy, which trades on the simulated exchange only"
        found.append(Problem(("mode", "broker"), f"mode.broker: {told}; leave `broker:` out of the mode's file"))
    for field in ("sizer", "exits"):
        if getattr(sleeve, field):
            text = f"a Backtrader strategy sizes and exits by itself; remove `{field}`"
            found.append(Problem(("sleeves", index, field), text, at_key=True))
    if len(plan.sleeves) > 1:
        text = (
            f"a Backtrader strategy must be alone in its account; received {len(plan.sleeves)} sleeves; keep this one"
        )
        found.append(Problem(("sleeves", index, "strategy"), text))
    return found
