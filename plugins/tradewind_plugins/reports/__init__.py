"""Built-in reports."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.contracts import ReportPlugin
from tradewind.hookspecs import hookimpl
from tradewind_plugins.reports.html import HtmlReport
from tradewind_plugins.reports.png import PngReport

__all__ = ["HtmlReport", "PngReport"]


@hookimpl
def tradewind_reports() -> Iterable[ReportPlugin]:
    """Yield the built-in reports."""
    yield ReportPlugin(name="html", create=HtmlReport, summary="One self-contained page, for screen and paper.")
    yield ReportPlugin(name="png", create=PngReport, summary="A picture of equity, drawdown and months.")
