"""The files a plugin's code lies in, and their hashes."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.errors import PluginError
from tradewind.hookspecs import ENTRY_POINT_GROUP

if TYPE_CHECKING:
    import importlib.metadata
    from collections.abc import Iterator, Mapping

__all__ = ["hashes_of", "module_files", "source_files", "source_of"]

_CACHE = "__pycache__"
_POINTS = "entry_points.txt"


def source_files(distribution: importlib.metadata.Distribution) -> dict[str, Path]:
    """Return the files of a distribution by name, those of an editable install too; importing nothing.

    They are what its installer listed, everything that lies in the packages its entry points name (also what was put
    there later), and ``entry_points.txt``. Bytecode caches and other bookkeeping of the installer are left out. Names
    are relative to where the packages lie, so that a wheel and an editable install of the same code have the same.
    """
    found: dict[str, Path] = {}
    for entry in distribution.files or ():
        path, parts = Path(str(distribution.locate_file(entry))), entry.parts
        if parts[0].endswith((".dist-info", ".egg-info")):
            if entry.name == _POINTS:
                found[_POINTS] = path
        elif ".." not in parts and _CACHE not in parts:
            found[entry.as_posix()] = path
    for point in distribution.entry_points:
        if point.group == ENTRY_POINT_GROUP:
            found.update(module_files(point.module))
    return {name: path for name, path in sorted(found.items()) if path.exists()}


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
            return {_joined(above, key): found for root in roots for key, found in _tree(Path(root))}
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


def _tree(root: Path) -> Iterator[tuple[str, Path]]:
    for path in root.rglob("*"):
        if path.is_file() and _CACHE not in path.relative_to(root).parts:
            yield (Path(root.name) / path.relative_to(root)).as_posix(), path


def _joined(above: str, name: str) -> str:
    return f"{above}/{name}" if above else name
