"""What the run was: name, status, notes, data, versions, and how to have it again."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from tradewind.report.markup import Child, Markup, join, tag
from tradewind.report.summary import json_safe

if TYPE_CHECKING:
    from tradewind_plugins.reports.page.facts import Facts

__all__ = ["masthead", "notes", "reproduction"]

_SHOWN_WARNINGS = 3
_SHOWN_SYMBOLS = 30


def masthead(facts: Facts) -> Markup:
    """Return name, mode, status, dates and hashes."""
    result, data = facts.result, facts.result.data
    symbols = data.get("symbols", ())
    parts = [f"{data.get('start', '?')} to {data.get('end', '?')}", _counted(len(facts.index), "bar")]
    if symbols:
        parts.append(_counted(len(symbols), "symbol"))
    badges = tag(
        "div",
        tag("span", result.mode, class_="badge"),
        tag("span", result.status, class_=f"badge {'complete' if result.status == 'complete' else 'partial'}"),
        class_="badges",
    )
    hashes = tag("p", "decisions ", tag("code", result.decision_hash[:12], title=result.decision_hash),
                 ", data ", tag("code", result.data_hash[:12], title=result.data_hash), f", seed {result.seed}",
                 class_="facts")  # fmt: skip
    words = tag("div", tag("h1", result.name), badges, tag("p", ", ".join(parts), class_="facts"), hashes)
    button = tag("button", "Theme", type="button", class_="theme", hidden=True)
    return tag("header", tag("div", words, button, class_="row"), class_="top")


def notes(facts: Facts) -> Markup | None:
    """Return stamps and warnings, where a reader cannot miss them; None without any."""
    result = facts.result
    blocks: list[Markup] = []
    if result.status != "complete":
        text = "This run was interrupted. Its figures end with the last complete bar and cannot stand for the whole."
        blocks.append(tag("div", tag("strong", f"{result.status.capitalize()} run. "), text, class_="notes partial"))
    items: list[Child] = []
    if result.stamps:
        items += [
            tag("strong", "How these figures came about"),
            tag("ul", [tag("li", stamp) for stamp in result.stamps]),
        ]
    if result.warnings:
        count = len(result.warnings)
        listed = tag("ul", [tag("li", warning) for warning in result.warnings])
        items.append(tag("details", tag("summary", _counted(count, "warning")), listed, open=count <= _SHOWN_WARNINGS))
    if items:
        blocks.append(tag("div", items, class_="notes", role="note"))
    return join(blocks) if blocks else None


def reproduction(facts: Facts) -> Markup:
    """Return data, versions, configuration and the command that runs it again."""
    result = facts.result
    symbols = [str(symbol) for symbol in result.data.get("symbols", ())]
    shown = ", ".join(symbols[:_SHOWN_SYMBOLS])
    if len(symbols) > _SHOWN_SYMBOLS:
        shown += f" and {len(symbols) - _SHOWN_SYMBOLS} more"
    rows: list[tuple[str, Child]] = [
        ("Decision hash", tag("code", result.decision_hash)),
        ("Data hash", tag("code", result.data_hash)),
        ("Symbols", shown or "none"),
    ]
    rows += [
        (str(key).replace("_", " ").capitalize(), _plain(value))
        for key, value in result.data.items()
        if key not in ("symbols", "sha256")
    ]
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in result.versions.items())))
    command = (
        tag("pre", f"tradewind reproduce {shlex.quote(result.directory.name)}")
        if result.directory is not None
        else tag("p", "This run was not kept, so there is no folder to reproduce it from.")
    )
    config = json.dumps(json_safe(dict(result.config)), indent=2, ensure_ascii=False)
    return join(
        [
            tag("div", tag("h3", "Run it again and compare the hashes"), command, class_="card"),
            tag("div", tag("dl", [[tag("dt", key), tag("dd", value)] for key, value in rows], class_="facts-list"),
                class_="card"),
            tag("details", tag("summary", "Resolved configuration"), tag("pre", config), class_="card"),
        ]
    )  # fmt: skip


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {entry}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value) or "none"
    return str(value)
