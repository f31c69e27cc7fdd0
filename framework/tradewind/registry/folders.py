"""The files below folders that code is imported from: packages, and what lies beside them."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from typing import TYPE_CHECKING

from tradewind.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CACHE", "files_of_package", "importable_files", "is_package", "shadows", "unchecked_bytecode"]

CACHE = "__pycache__"
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What an environment of Python's or conda's has in its folder."""
_HEADER_BYTES = 8
_HASHED, _CHECKED = 0b01, 0b10
"""Flags in the header of bytecode (PEP 552)."""


def is_package(folder: Path) -> bool:
    """Whether a folder is a package with an ``__init__``, not one of a namespace."""
    return any((folder / f"__init__{suffix}").is_file() for suffix in importlib.machinery.all_suffixes())


def files_of_package(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file below a folder by its name from the folder on; those of linked folders too, no bytecode caches.

    Raises
    ------
    PluginError
        If a folder cannot be read.
    """
    yield from _below(root, root.name, ())


def importable_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield what can be imported where a folder is on Python's path, by names relative to it.

    They are the Python files in it and in its folders, and everything in its packages. Hidden folders, those that this
    user may not read (nor import from), and environments with libraries of their own, are left out.

    Raises
    ------
    PluginError
        If a folder cannot be read.
    """
    yield from _importable(root, "", ())


def shadows(path: Path) -> Iterator[Path]:
    """Yield the packages and extension modules beside a Python file that are imported in its place."""
    stem = path.name.partition(".")[0]
    if is_package(path.with_name(stem)):
        yield path.with_name(stem)
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (beside := path.with_name(stem + suffix)).is_file():
            yield beside


def unchecked_bytecode(path: Path) -> Path | None:
    """Return the bytecode that Python takes for a source without comparing the two; None where there is none."""
    try:
        compiled = type(path)(importlib.util.cache_from_source(path))
        with compiled.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except (OSError, NotImplementedError):
        return None
    flags = int.from_bytes(header[4:], "little")
    return compiled if flags & _HASHED and not flags & _CHECKED else None


def _below(folder: Path, name: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    real = os.path.realpath(folder)
    if real in above:
        return
    for path in _entries(folder):
        if path.is_dir():
            if path.name != CACHE:
                yield from _below(path, f"{name}/{path.name}", (*above, real))
        elif path.is_file():
            yield f"{name}/{path.name}", path


def _importable(folder: Path, within: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    real = os.path.realpath(folder)
    if real in above:
        return
    for path in _entries(folder):
        if not path.is_dir():
            if path.name.endswith(tuple(importlib.machinery.all_suffixes())) and path.is_file():
                yield within + path.name, path
        elif path.name == CACHE or path.name.startswith(".") or _is_apart(path):
            continue
        elif is_package(path):
            yield from _below(path, within + path.name, (*above, real))
        else:
            yield from _importable(path, f"{within}{path.name}/", (*above, real))


def _is_apart(folder: Path) -> bool:
    """Whether nothing is imported from a folder: it is closed to this user, or an environment of its own."""
    return not os.access(folder, os.R_OK | os.X_OK) or any((folder / one).exists() for one in _ENVIRONMENT)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise PluginError(
            f"{folder}: cannot be read to compute the hashes of its files: {error.strerror or error}; make it "
            f"readable, or install its distribution again"
        ) from error
