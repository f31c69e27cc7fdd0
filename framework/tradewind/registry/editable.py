"""Where the source of an editable install lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tradewind.registry.metadata import listed_files

if TYPE_CHECKING:
    import importlib.metadata
    from collections.abc import Iterator

__all__ = ["source_folders"]

_LIBRARIES = ("site-packages", "dist-packages")


def source_folders(distribution: importlib.metadata.Distribution) -> list[Path]:
    """Return the folders that a distribution has put on Python's path; else, of an editable install, its project.

    Some builders make an editable install with a path file, others with a finder of modules: then the whole folder that
    was installed is taken, which has all that the finder can point to.
    """
    found = list(dict.fromkeys(_on_path(distribution)))
    return found or [folder for folder in (_project(distribution), _developed(distribution)) if folder is not None]


def _on_path(distribution: importlib.metadata.Distribution) -> Iterator[Path]:
    for entry in listed_files(distribution):
        if len(entry.parts) != 1 or entry.suffix != ".pth":
            continue
        file = Path(str(distribution.locate_file(entry)))
        try:
            lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:
            continue
        for line in map(str.strip, lines):
            if line and not line.startswith(("#", "import ", "import\t")):
                folder = file.parent / line
                if folder.is_dir() and not folder.samefile(file.parent):
                    yield folder


def _project(distribution: importlib.metadata.Distribution) -> Path | None:
    try:
        told = json.loads(distribution.read_text("direct_url.json") or "{}")
        url = urlsplit(told["url"]) if told["dir_info"]["editable"] is True else None
    except (ValueError, KeyError, TypeError):
        return None
    if url is None or url.scheme != "file":
        return None
    folder = Path(url2pathname(url.path))
    return folder if folder.is_dir() else None


def _developed(distribution: importlib.metadata.Distribution) -> Path | None:
    """Return the folder of a ``setup.py develop``, whose metadata lie beside the source."""
    if distribution.read_text("RECORD") is not None or distribution.read_text("SOURCES.txt") is None:
        return None
    folder = Path(str(distribution.locate_file("")))
    return None if folder.name in _LIBRARIES else folder
