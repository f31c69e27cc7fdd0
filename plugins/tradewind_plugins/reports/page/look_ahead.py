"""What is known of the plan's look-ahead, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.report.markup import Child, Markup, join, tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["look_ahead"]

_PAPER = (
    "A session hears of no bar before it is there, so that nothing in it can read one; that it decides as the backtest "
    "does is what <code>tradewind parity</code> compares."
)
_NOT_LOOKED = "Nobody has looked for look-ahead in this run: `tradewind verify` does."


def look_ahead(facts: Facts) -> Markup:
    """Return the verdict, what was found, what was compared and what was not checked."""
    verdict: Mapping[str, Any] = facts.result.verification
    if not verdict:
        return tag("p", Markup(_PAPER) if facts.result.mode != "backtest" else _NOT_LOOKED, class_="empty")
    blocks: list[Markup] = [tag("p", tag("strong", verdict["sentence"]))]
    if verdict["findings"]:
        blocks.append(tag("div", [tag("p", _finding(one)) for one in verdict["findings"]], class_="notes"))
    if verdict["checks"]:
        blocks.append(_listed("What was compared", [f"{one['name']}: {one['extent']}" for one in verdict["checks"]]))
    blocks.append(_listed("What was not checked", verdict["not_checked"]))
    return tag("div", join(blocks), class_="card")


def _finding(finding: Mapping[str, Any]) -> list[Child]:
    place = f"{finding['plugin']}: {finding['what']} at bar {finding['bar']} ({finding['time']})"
    rest = (f"{finding['text']}.", finding["cause"], finding["remedy"])
    return [tag("strong", place), ": ", " ".join(part for part in rest if part)]


def _listed(title: str, lines: Sequence[str]) -> Markup:
    return tag("details", tag("summary", title), tag("ul", [tag("li", line) for line in lines]))
