"""Write docs/reference/plugins.md and docs/reference/configuration.md from the code; ``--check`` only compares.

Usage: python scripts/write_reference.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tradewind.config.plan import Plan
from tradewind.registry import Registry
from tradewind.registry.parameter_table import markdown_table, parameter_rows

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
KIND_TITLES = {
    "strategy": "Strategies",
    "regime": "Regime detectors",
    "sizer": "Sizers",
    "exit": "Exits",
    "factor": "Factors",
    "feed": "Feeds",
    "broker": "Brokers",
    "gate": "Gates",
    "breaker": "Breakers",
    "cost": "Costs",
    "report": "Reports",
}


def table(schema: dict[str, Any]) -> list[str]:
    """Return a Markdown table of a schema's keys."""
    return markdown_table(parameter_rows(schema["properties"], schema.get("required", [])))


def plugins_page() -> str:
    """Return the page of the built-in plugins."""
    registry = Registry.load()
    lines = ["# Built-in plugins", "", "Made by `scripts/write_reference.py` from the registry."]
    for kind, title in KIND_TITLES.items():
        lines += ["", f"## {title}"]
        for plugin in registry.plugins(kind):
            if plugin.distribution != "tradewind":
                continue
            schema = registry.parameters(plugin).model_json_schema()
            lines += ["", f"### `{plugin.name}`", "", plugin.plugin.summary]
            if plugin.plugin.needs:
                lines += ["", "Needs: " + ", ".join(f"`{need}`" for need in plugin.plugin.needs) + "."]
            if schema.get("properties"):
                lines += ["", *table(schema)]
    return "\n".join(lines) + "\n"


def configuration_page() -> str:
    """Return the page of the configuration's keys."""
    schema = Plan.model_json_schema()
    lines = ["# Configuration keys", "", "Made by `scripts/write_reference.py` from the typed plan.", ""]
    lines += ["## The plan", ""]
    lines += table(schema)
    for name, section in schema["$defs"].items():
        lines += ["", f"## `{name}`", "", section.get("description", "").split("\n")[0], ""]
        lines += table(section)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or say which are out of date."""
    pages = {"plugins.md": plugins_page(), "configuration.md": configuration_page()}
    stale = [name for name, text in pages.items() if _read(REFERENCE / name) != text]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is out of date: run python scripts/write_reference.py\n")
        return 1 if stale else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (REFERENCE / name).write_text(pages[name], encoding="utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    raise SystemExit(main())
