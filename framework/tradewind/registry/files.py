"""The files a plugin's code lies in, and their hashes."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tradewind.errors import PluginError
from tradewind.hookspecs import ENTRY_POINT_GROUP
from tradewind.registry.editable import source_folders
from tradewind.registry.folders import (
    CACHE,
    files_of_package,
    importable_files,
    is_package,
    shadows,
    unchecked_bytecode,
)
from tradewind.registry.metadata import listed_files, name_and_version

if TYPE_CHECKING:
    import importlib.metadata
    from collections.abc import Mapping, Sequence

__all__ = ["hashes_of", "module_files", "source_files", "source_of", "with_bytecode"]

_POINTS = "entry_points.txt"
_SCRIPTS = ("bin", "Scripts")


def source_files(distribution: importlib.metadata.Distribution) -> dict[str, Path]:
    """Return the files of a distribution by name, those of an editable install too; importing nothing.

    They are what its installer listed, everything that lies in its packages and those its entry points name (also what
    was put there later), what can be imported from the folders of an editable install, bytecode that Python would take
    unchecked, and ``entry_points.txt``. Scripts, other bytecode and bookkeeping of the installer are left out. Names
    are relative to where the packages lie, so that a wheel and an editable install of the same code have the same.

    Raises
    ------
    PluginError
        If a folder cannot be read, or nothing says what belongs to the distribution.
    """
    found = _listed_files(distribution)
    folders = source_folders(distribution)
    for folder in folders:
        found.update(importable_files(folder))
    if distribution.read_text("RECORD") is None:
        names = (distribution.read_text("top_level.txt") or "").split()
        if not names and not folders:
            raise PluginError(
                f"{' '.join(name_and_version(distribution))}: its installer left no list of its files (RECORD), so "
                f"nothing can be said about its code; install it with pip, as a wheel or an editable install"
            )
        for name in names:
            found.update(module_files(name))
    for point in distribution.entry_points:
        # One that names no module cannot be loaded.
        if point.group == ENTRY_POINT_GROUP and point.pattern.match(point.value):
            found.update(module_files(point.module))
    return {name: path for name, path in sorted(with_bytecode(found).items()) if path.exists()}


def _listed_files(distribution: importlib.metadata.Distribution) -> dict[str, Path]:
    """Return what the installer listed, and what lies in the packages of it."""
    found: dict[str, Path] = {}
    whole: set[PurePosixPath] = set()
    site, holds = Path(str(distribution.locate_file(""))), functools.cache(is_package)
    for entry in listed_files(distribution):
        path, parts = Path(str(distribution.locate_file(entry))), entry.parts
        if parts[0].endswith((".dist-info", ".egg-info")):
            if entry.name == _POINTS:
                found[_POINTS] = path
            continue
        if CACHE in parts or _is_script(parts):
            continue
        if path.is_dir():
            found.update(_at(site, PurePosixPath(entry)))
            continue
        found[entry.as_posix()] = path
        if ".." in parts:
            continue
        package = next((one for one in reversed(entry.parents[:-1]) if holds(site / one)), None)
        if package is not None:
            whole.add(PurePosixPath(package))
        elif path.suffix == ".py":
            whole.add(PurePosixPath(entry))
            whole.update(PurePosixPath(entry).with_name(one.name) for one in shadows(path))
    for name in whole:
        found.update(_at(site, name))
        # What lies earlier on Python's path is imported in its place.
        found.update(module_files(".".join((*name.parts[:-1], name.name.partition(".")[0]))))
    return found


def _at(site: Path, name: PurePosixPath) -> dict[str, Path]:
    path, above = site / name, "" if name.parent == PurePosixPath() else name.parent.as_posix()
    if path.is_file():
        return {name.as_posix(): path}
    return {_joined(above, key): one for key, one in files_of_package(path)}


def _is_script(parts: Sequence[str]) -> bool:
    """Whether a file lies in the folder of an environment's commands: installers write those anew."""
    return ".." in parts and len(parts) > 1 and parts[-2] in _SCRIPTS and set(parts[:-2]) == {".."}


def with_bytecode(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return files and the bytecode of them that Python would take without comparing it with its source."""
    found = dict(files)
    for name, path in files.items():
        compiled = unchecked_bytecode(path) if path.suffix == ".py" else None
        if compiled is not None:
            found[_joined(name.rpartition("/")[0], f"{CACHE}/{compiled.name}")] = compiled
    return found


def module_files(module: str) -> dict[str, Path]:
    """Return the files of the package or module that a dotted name lies in; empty where there is none.

    It is the top-level one; below a namespace, which several distributions may share, the first below.
    """
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        try:
            # Below the top level this imports the parents, which are namespaces and run nothing.
            specification = importlib.util.find_spec(".".join(parts[:depth]))
        except (ImportError, ValueError, AttributeError):
            return {}
        if specification is None:
            return {}
        roots = specification.submodule_search_locations
        if specification.origin is not None:
            path = Path(specification.origin)
            above = "/".join(parts[: depth - 1])
            if roots is None:
                return {_joined(above, path.name): path} if path.is_file() else {}
            return {_joined(above, key): found for root in roots for key, found in files_of_package(Path(root))}
    return {}


def source_of(create: Any) -> Path | None:
    """Return the file a class or function is written in; None where there is no Python source."""
    while isinstance(create, functools.partial):
        create = create.func
    try:
        found = inspect.getsourcefile(inspect.unwrap(create))
    except TypeError:
        return None
    return Path(found) if found and Path(found).is_file() else None


def hashes_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of each file, by the names given.

    Raises
    ------
    PluginError
        If one cannot be read.
    """
    hashes = {}
    for name, path in files.items():
        try:
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise PluginError(
                f"{path}: cannot be read to compute its hash: {error.strerror or error}; make it readable, or install "
                f"its distribution again"
            ) from error
    return hashes


def _joined(above: str, name: str) -> str:
    return f"{above}/{name}" if above else name
