"""A project of the user's: configurations, a strategy, and what must not be under version control."""

from __future__ import annotations

from tradewind.scaffold.names import Name
from tradewind.scaffold.render import render
from tradewind.scaffold.strategy import strategy_files

__all__ = ["project_files"]


def project_files(title: str) -> dict[str, str]:
    """Return the files of a new project, by path within its folder.

    Parameters
    ----------
    title
        Heading of its README: the folder's name.
    """
    values = {"title": title}
    strategy = {f"configs/{file}": text for file, text in strategy_files(Name("my_strategy")).items()}
    plain = {
        "README.md": "README.md",
        ".gitignore": "gitignore",
        ".env.example": "env.example",
        "configs/quickstart.yaml": "quickstart.yaml",
        "configs/modes/backtest.yaml": "backtest.yaml",
        "configs/modes/paper.yaml": "paper.yaml",
        "configs/modes/live.yaml": "live.yaml",
    }
    return {path: render(f"project/{template}", values) for path, template in plain.items()} | strategy
