"""The HTML report: one page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from tradewind.report.markup import Markup, join, tag
from tradewind_plugins.reports.page import (
    attribution,
    guards,
    holdings,
    look_ahead,
    performance,
    provenance,
    risk,
    trading,
)
from tradewind_plugins.reports.page.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind.model import Result

__all__ = ["HtmlReport", "render"]


_HEADINGS = {
    "overlay": "What the regime overlay did",
    "months": "Monthly returns",
    "profit": "Where the profit came from",
    "costs": "Turnover and costs",
    "detectors": "How well the regimes were found",
    "look-ahead": "Whether anything reads the future",
    "guards": "What gates and breakers did",
    "risk": "Portfolio risk",
    "figures": "All figures and what they mean",
}


class HtmlReport:
    """Writes ``report.html``: curves, tables, definitions and provenance, for screens of any size and for paper."""

    def write(self, result: Result, directory: Path) -> Path:
        """Write the page into ``directory`` and return its path."""
        path = directory / "report.html"
        path.write_text(render(result), encoding="utf-8")
        return path


def render(result: Result) -> str:
    """Return the page. It loads nothing, and runs no script but its own."""
    facts = Facts.of(result)
    folder = files("tradewind_plugins.reports.page")
    style = folder.joinpath("style.css").read_text(encoding="utf-8")
    script = folder.joinpath("script.js").read_text(encoding="utf-8")
    sections = _sections(facts)
    links = tag("ul", [tag("li", tag("a", title, href=f"#{key}")) for key, title, _, _ in sections])
    body = join(
        [
            tag("a", "Skip to the report", href="#main", class_="skip"),
            tag("div", provenance.masthead(facts), provenance.notes(facts), class_="wide"),
            tag("div", performance.headline(facts), class_="wide"),
            tag("nav", tag("div", links, class_="wide"), aria_label="Sections", style="margin-top:1.25rem"),
            tag("main", [_section(*one) for one in sections], id="main", class_="wide"),
            tag("footer", "Written by tradewind. Past results say little about the future.", class_="wide"),
            tag("script", Markup(script)),
        ]
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{result.name}: {result.mode} report"),
        tag("style", Markup(style)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _sections(facts: Facts) -> list[tuple[str, str, str, Markup]]:
    if facts.result.equity.empty:
        nothing = tag("p", "The run has no bars.", class_="empty")
        return [("performance", "Performance", "", nothing), _last(facts)]
    parts: list[tuple[str, str, str, Markup | None]] = [
        ("performance", "Performance", "", performance.curves(facts)),
        (
            "overlay",
            "Overlay",
            "The same portfolio, held throughout at the shares of its calmest regime, tells what the overlay did.",
            performance.overlay(facts),
        ),
        ("months", "Months", "", performance.months(facts)),
        ("holdings", "Holdings", "", holdings.holdings(facts)),
        ("risk", "Risk", "", risk.risk(facts)),
        ("guards", "Gates and breakers", "", guards.guards(facts)),
        ("profit", "Profit by source", "", attribution.profits(facts)),
        ("costs", "Costs", "", trading.costs(facts)),
        ("detectors", "Detection", "", attribution.detectors(facts)),
        ("trades", "Trades", "", trading.trades(facts)),
        ("look-ahead", "Look-ahead", "", look_ahead.look_ahead(facts)),
        ("figures", "All figures", "Losses are positive: a drawdown of 25% is a loss of a quarter.",
         performance.all_figures(facts)),
        _last(facts),
    ]  # fmt: skip
    return [(key, title, lead, content) for key, title, lead, content in parts if content is not None]


def _last(facts: Facts) -> tuple[str, str, str, Markup]:
    return ("provenance", "Data and versions", "", provenance.reproduction(facts))


def _section(key: str, title: str, lead: str, content: Markup) -> Markup:
    heading = f"{key}-title"
    note = tag("p", lead, class_="lead") if lead else None
    return tag(
        "section", tag("h2", _HEADINGS.get(key, title), id=heading), note, content, id=key, aria_labelledby=heading
    )


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
