"""What keeps Python itself from listing the installed distributions."""

from __future__ import annotations

import importlib.metadata
import traceback
from pathlib import Path

__all__ = ["damaged_entry_points"]


def damaged_entry_points(error: BaseException) -> str:
    """Say which installed distribution, of plugins or not, has caused an error of Python's list of entry points.

    pydantic and tradewind read them all. Nothing of them may be imported here. Empty where it was something else.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not any(Path(frame.filename).parts[-3:-1] == ("importlib", "metadata") for frame in frames):
        return ""
    for distribution in importlib.metadata.distributions():
        try:
            _ = distribution.entry_points
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as fault:
            file = Path(str(getattr(distribution, "_path", "")), "entry_points.txt")
            return (
                f"{file}: cannot be read ({type(fault).__name__}: {fault}), and Python reads it whenever it looks for "
                f"plugins; install this distribution again, or remove it"
            )
    return ""
