"""What an installed distribution tells of itself, as far as it can be read."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from tradewind.errors import PluginError

if TYPE_CHECKING:
    from importlib.metadata import Distribution, PackagePath

__all__ = ["listed_files", "name_and_version"]

_HEADER = re.compile(r"^(Name|Version):[ \t]*(.*?)\s*$", flags=re.MULTILINE)


def name_and_version(distribution: Distribution | None) -> tuple[str, str]:
    """Return what the metadata of a distribution say; empty where they say nothing."""
    if distribution is None:
        return "", ""
    # The properties of a distribution parse its whole metadata, readme included, each time they are read.
    text = _text(distribution, "METADATA") or _text(distribution, "PKG-INFO")
    told = dict(_HEADER.findall(text.partition("\n\n")[0]))
    return told.get("Name", ""), told.get("Version", "")


def listed_files(distribution: Distribution) -> list[PackagePath]:
    """Return the files that the installer of a distribution has listed; none where it left no list.

    Raises
    ------
    PluginError
        If the list cannot be read.
    """
    try:
        return [entry for entry in distribution.files or () if entry.parts]
    except (ValueError, TypeError, csv.Error) as error:
        label = " ".join(name_and_version(distribution))
        raise PluginError(
            f"{label}: the list of its files (RECORD) cannot be read: {error}; install the distribution again"
        ) from error


def _text(distribution: Distribution, file: str) -> str:
    try:
        return distribution.read_text(file) or ""
    except UnicodeDecodeError as error:
        # What is wanted of it is ASCII; an author's name need not be.
        return error.object.decode("utf-8", errors="replace")
