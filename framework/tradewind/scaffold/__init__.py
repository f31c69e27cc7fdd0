"""What `tradewind new` and `tradewind init` write: strategies, plugin distributions, projects."""

from __future__ import annotations

from tradewind.scaffold.names import Name, require_no_library
from tradewind.scaffold.plugin import plugin_files
from tradewind.scaffold.project import project_files
from tradewind.scaffold.strategy import strategy_files
from tradewind.scaffold.write import write_files

__all__ = ["Name", "plugin_files", "project_files", "require_no_library", "strategy_files", "write_files"]
