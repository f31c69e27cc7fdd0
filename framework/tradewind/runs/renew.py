"""Write the reports of a kept run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.config.plan import PluginRef
from tradewind.runs.capsule import load_result, read_provenance
from tradewind.runs.reports import make_reports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradewind.registry import Registry

__all__ = ["renew_reports"]


def renew_reports(capsule: Path, registry: Registry, kinds: Sequence[str] = ()) -> Iterator[Path]:
    """Write reports into a capsule and yield their paths; default: those of its configuration, or html.

    Raises
    ------
    UserError
        If the capsule cannot be read.
    PluginError
        If a report is not known, cannot be made or fails.
    """
    result = load_result(capsule)
    directory = Path(read_provenance(capsule)["config_directory"])
    wanted = [(f"--report {name}", PluginRef(name=name)) for name in kinds]
    if not wanted:
        configured = [PluginRef.model_validate(ref) for ref in result.config.get("reports", ())]
        wanted = [(f"reports.{number}", ref) for number, ref in enumerate(configured or [PluginRef(name="html")])]
    for report in make_reports(registry, wanted, directory):
        yield report.write(result, capsule)
