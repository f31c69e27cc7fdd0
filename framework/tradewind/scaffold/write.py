"""Files that are written together or not at all, over nothing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["write_files"]


def write_files(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Write texts by their path within a folder, and return the paths in that order.

    Raises
    ------
    UserError
        If one of the files is there already, in which case none is written, or cannot be written.
    """
    paths = {folder / name: text for name, text in texts.items()}
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UserError(
            f"{there[0]}: is there already{more}, and nothing is overwritten; choose another name or folder, or move it"
        )
    made: list[Path] = []
    for path, text in paths.items():
        try:
            _write(path, text, made)
        except OSError as error:
            _remove(made)
            raise UserError(
                f"{path}: cannot be written: {error.strerror or error}; choose a folder that you may write to"
            ) from error
    return tuple(paths)


def _remove(made: Sequence[Path]) -> None:
    """Take back what was made, last first; what cannot be removed stays."""
    for one in reversed(made):
        with contextlib.suppress(OSError):
            if one.is_dir():
                one.rmdir()
            else:
                one.unlink()


def _write(path: Path, text: str, made: list[Path]) -> None:
    """Write a text into a new file, and add it and its new folders to what was made."""
    for folder in reversed([one for one in path.parents if not one.exists()]):
        folder.mkdir()
        made.append(folder)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        made.append(path)
        file.write(text)
