"""Classes named by ``./file.py:Class`` or ``package.module:Class``."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.errors import ConfigError, PluginError, TradewindError, choices
from tradewind.registry.raised import told

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["LoadedClass", "check_form", "load_class", "load_source"]

_FORM = re.compile(r"(?P<source>[^:]+(?::[\\/][^:]*)?):(?P<name>[A-Za-z_]\w*)")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class LoadedClass:
    """A class, the name of its source, and the hash of its file (empty for an importable module)."""

    create: type
    source: str
    version: str


def check_form(reference: str) -> tuple[str, str]:
    """Return file or module, and class name.

    Raises
    ------
    ConfigError
        If the reference has neither form.
    """
    match = _FORM.fullmatch(reference)
    if match is None or not (match["source"].endswith(".py") or _MODULE.fullmatch(match["source"])):
        raise ConfigError(
            f"not a reference to a class; received {reference!r}; allowed: './file.py:Class', with the path beside "
            f"the config, or 'package.module:Class'{_missing_part(reference)}"
        )
    return match["source"], match["name"]


def _missing_part(reference: str) -> str:
    """Return what to add where a file is meant and half of it is given."""
    if reference.endswith(".py"):
        return f". Did you mean '{reference}:Class', with the name of the class?"
    source, colon, name = reference.rpartition(":")
    if colon and name.isidentifier() and re.search(r"[\\/]", source) and not Path(source).suffix:
        return f". Did you mean '{source}.py:{name}'?"
    return ""


def load_class(reference: str, directory: Path | None = None) -> type:
    """Return the class a reference names; a relative file lies in ``directory`` (default: the working directory).

    The file is loaded under a module name of its own, registered in `sys.modules` so that its objects can be pickled;
    `sys.path` is left alone. The same file with the same text is loaded once.

    Raises
    ------
    ConfigError
        If the reference has neither form.
    PluginError
        If file, module or class is missing, or loading fails; with file and line where there is one.
    """
    return load_source(reference, directory).create


def load_source(reference: str, directory: Path | None = None) -> LoadedClass:
    """Do as `load_class`, and tell where the class comes from."""
    source, name = check_form(reference)
    if source.endswith(".py"):
        path = Path(directory or Path.cwd(), source).resolve()
        module, version = _load_file(path, source)
    else:
        module, version = _import(source), ""
    found = vars(module).get(name)
    if not isinstance(found, type):
        what = f"has no class {name!r}" if found is None else f"{name!r} is a {type(found).__name__}, not a class"
        raise PluginError(f"{source} {what}; {choices(name, _own_classes(module))}")
    return LoadedClass(found, source, version)


def _own_classes(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


def _load_file(path: Path, source: str) -> tuple[ModuleType, str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PluginError(f"{source}: no such file; looked for {path}.{_nearest(path)}") from None
    except OSError as error:
        raise PluginError(f"{source}: cannot be read: {error.strerror or error}; looked for {path}") from error
    digest = hashlib.sha256(str(path).encode(errors="surrogateescape") + b"\0" + content).hexdigest()
    version = f"sha256:{hashlib.sha256(content).hexdigest()[:12]}"
    stem = re.sub(r"\W", "_", path.stem)
    name = f"tradewind_file_{stem}_{digest[:12]}"
    if name in sys.modules:
        return sys.modules[name], version
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise PluginError(f"{source}: cannot be loaded as Python; looked for {path}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        # Compiled from what was hashed, so that version and behaviour cannot part, and no __pycache__ is written.
        exec(compile(content, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except BaseException as error:  # a user's file may raise anything
        del sys.modules[name]
        if isinstance(error, TradewindError):
            raise
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"while {source} was loaded") from error
        raise PluginError(_failure(error, source, path)) from error
    return module, version


def _failure(error: BaseException, source: str, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{source}:{error.lineno}: syntax error: {error.msg}"
    if isinstance(error, SyntaxError | ValueError) and "null bytes" in str(error):
        return f"{source}: holds null bytes, which Python source has not; save the file as UTF-8 text"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f"{source}:{lines[-1]}" if lines else source
    text = f"{where}: loading it raised {told(error)}"
    if isinstance(error, ModuleNotFoundError) and error.name and (path.parent / f"{error.name}.py").exists():
        text += "; a file is loaded alone, without its directory on sys.path: put both into one file or a package"
    return text


def _nearest(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix == ".py")
    except OSError:
        return f" The directory {path.parent} cannot be read."
    nearest = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean '{nearest[0]}'?" if nearest else ""


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise PluginError(
                f"{name}: there is no module {error.name!r}; install the package, or name a file as './file.py:Class'"
            ) from error
        raise PluginError(f"{name}: importing it raised ModuleNotFoundError: {error}") from error
    except TradewindError:
        raise
    except KeyboardInterrupt as interruption:
        raise KeyboardInterrupt(f"while {name} was imported") from interruption
    except BaseException as error:  # a user's module may raise anything
        raise PluginError(f"{name}: importing it raised {told(error)}") from error
