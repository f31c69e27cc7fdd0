"""Which plugins live runs may use: distribution, version and the hash of every file, kept beside the configuration."""

from __future__ import annotations

import importlib.metadata
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.errors import ConfigError, PluginError, UserError, choices
from tradewind.registry.files import hashes_of, module_files, source_files, source_of, with_bytecode
from tradewind.registry.safe_mode import BUILT_IN, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.registry.records import RegisteredPlugin

__all__ = ["FILE_NAME", "Code", "TrustFile", "changes", "code_of", "code_of_class", "trusted_name"]

FILE_NAME = "trusted_plugins.json"
_PYTHON = "python:"
_SHOWN = 5
"""Files of a kind of change that a message names."""
_NEW_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Code:
    """The code that a plugin is made of.

    Parameters
    ----------
    origin
        Name of the distribution; ``python:`` and the file or module for what belongs to none.
    version
        Version of the distribution; empty for a file.
    files
        Name to SHA-256 of each file.
    """

    origin: str
    version: str
    files: Mapping[str, str]

    @property
    def label(self) -> str:
        """Origin and version, for messages."""
        return f"{self.origin} {self.version}".strip()


@dataclass(slots=True)
class TrustFile:
    """The trusted plugins of a directory.

    Parameters
    ----------
    path
        The file; it need not exist.
    code
        What was trusted, by origin.
    plugins
        Origin to the plugins that were named, as ``kind name``.
    """

    path: Path
    code: dict[str, Code] = field(default_factory=dict)
    plugins: dict[str, set[str]] = field(default_factory=dict)
    _text: str | None = None

    @classmethod
    def read(cls, directory: Path) -> TrustFile:
        """Return the file of a directory, empty where there is none.

        Raises
        ------
        ConfigError
            If it cannot be read or is not such a file: then nothing is trusted.
        """
        path = directory / FILE_NAME
        try:
            text = path.read_text(encoding="utf-8")
            content = json.loads(text)
        except FileNotFoundError:
            return cls(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: {error}; {_REMEDY}") from error
        found = cls(path, _text=text)
        for origin, entry in _section(path, "the file", content, "trusted").items():
            files = _section(path, origin, entry, "files")
            named = entry.get("plugins")
            version = entry.get("version")
            if not isinstance(version, str) or not _are_texts(named) or not _are_texts(list(files.values())):
                raise ConfigError(
                    f"{path}: {origin}: version is a text, plugins a list of texts, files texts; {_REMEDY}"
                )
            found.code[origin] = Code(origin, version, files)
            found.plugins[origin] = set(named)
        return found

    def add(self, code: Code, plugin: str) -> None:
        """Trust code as it is now, and a plugin of it."""
        self.code[code.origin] = code
        self.plugins.setdefault(code.origin, set()).add(plugin)

    def remove(self, name: str, kind: str | None = None) -> list[str]:
        """Trust a plugin no longer, and return the origins it was trusted from.

        Raises
        ------
        UserError
            If it is not trusted.
        """
        removed = []
        for origin in sorted(self.plugins):
            matching = {one for one in self.plugins[origin] if _is_named(one, name, kind)}
            if matching:
                removed.append(origin)
                self.plugins[origin] -= matching
                if not self.plugins[origin]:
                    del self.plugins[origin], self.code[origin]
        if not removed:
            named = {one.partition(" ")[2] for some in self.plugins.values() for one in some}
            raise UserError(f"{self.path}: {f'{kind} ' if kind else ''}{name!r} is not trusted; {choices(name, named)}")
        return removed

    def write(self) -> None:
        """Write the file at once or not at all, one line a file; a link stays one, and permissions stay as they are.

        Raises
        ------
        UserError
            If it cannot be written, or is not as it was when it was read.
        """
        content = {
            "about": "Code that live runs may use; written by `tradewind plugins trust`.",
            "trusted": {
                origin: {
                    "files": dict(sorted(code.files.items())),
                    "plugins": sorted(self.plugins[origin]),
                    "version": code.version,
                }
                for origin, code in sorted(self.code.items())
            },
        }
        try:
            self._require_unchanged()
            _replace(self.path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            self._text = _content(self.path)
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot be written: {error.strerror or error}; name another folder with --config-dir, or "
                f"make it writable"
            ) from error

    def _require_unchanged(self) -> None:
        """Refuse to undo what another process has written: it may have ended the trust in a plugin."""
        if _content(self.path) != self._text:
            raise UserError(
                f"{self.path}: was changed meanwhile by another process, so nothing was written; give the command again"
            )

    def fault(self, plugin: str, code: Code) -> str:
        """Return why a plugin, named as ``kind name``, may not be used live, or an empty text."""
        trusted = self.code.get(code.origin)
        if trusted is None or plugin not in self.plugins[code.origin]:
            elsewhere = [self.code[origin].label for origin, named in sorted(self.plugins.items()) if plugin in named]
            instead = f"; trusted is that of {' and '.join(elsewhere)}" if elsewhere else ""
            return f"{plugin} of {code.label} is not trusted{instead}"
        changed = changes(trusted, code)
        return f"{plugin} of {code.label} has changed since it was trusted: {'; '.join(changed)}" if changed else ""


def trusted_name(label: str) -> str:
    """Return the name under which a plugin is kept: ``./mine.py:Mine`` and ``mine.py:Mine`` are the same."""
    source, colon, name = label.rpartition(":")
    return f"{_path_name(source)}:{name}" if colon and source.endswith(".py") else label


def changes(before: Code, after: Code) -> list[str]:
    """Return what differs: distribution, version, and which files were added, removed and changed."""
    told = []
    if before.origin != after.origin:
        told.append(f"distribution {before.origin} became {after.origin}")
    if before.version != after.version:
        told.append(f"version {before.version} became {after.version}")
    kept = before.files.keys() & after.files.keys()
    for word, names in (
        ("added", after.files.keys() - before.files.keys()),
        ("removed", before.files.keys() - after.files.keys()),
        ("changed", {name for name in kept if before.files[name] != after.files[name]}),
    ):
        if names:
            told.append(f"{word}: {_listed(names)}")
    return told


def code_of(plugin: RegisteredPlugin, directory: Path) -> Code | None:
    """Return the code of a plugin; None for a built-in one, which is trusted as tradewind is.

    Parameters
    ----------
    plugin
        An installed plugin, or one of a ``python:`` reference.
    directory
        Where relative files lie.

    Raises
    ------
    PluginError
        If its files cannot be found or read.
    """
    if normalised(plugin.distribution) == BUILT_IN:
        return None
    if plugin.distribution:
        try:
            installed = importlib.metadata.distribution(plugin.distribution)
        except importlib.metadata.PackageNotFoundError as error:
            raise PluginError(
                f"{plugin.provider}: the distribution {plugin.distribution!r} is no longer installed; install it again"
            ) from error
        files = source_files(installed)
        written = source_of(plugin.plugin.create)
        if written is not None and written not in files.values():
            files[f"{plugin.plugin.create.__module__}:{written.name}"] = written
        return _sound(Code(plugin.distribution, plugin.version, hashes_of(files)))
    return code_of_class(plugin.provider.removeprefix(_PYTHON), directory)


def code_of_class(source: str, directory: Path) -> Code | None:
    """Return the code of a file or module that a configuration names; None for a module of tradewind.

    Raises
    ------
    PluginError
        If its files cannot be found or read.
    """
    if source.endswith(".py"):
        name = _path_name(source)
        return Code(f"{_PYTHON}{name}", "", hashes_of({name: directory / source}))
    top = source.partition(".")[0]
    if top in {"tradewind", "tradewind_plugins", "tradewind_strategies"}:
        return None
    return _sound(Code(f"{_PYTHON}{top}", "", hashes_of(with_bytecode(module_files(source)))))


def _path_name(source: str) -> str:
    return os.path.normpath(source).replace(os.sep, "/")


def _sound(code: Code) -> Code:
    if not code.files:
        raise PluginError(
            f"{code.label}: none of its files can be found, so nothing can be said about its code; install it as a "
            f"wheel or an editable install"
        )
    return code


_REMEDY = "restore it from version control, or delete it and trust the plugins again with `tradewind plugins trust`"


def _section(path: Path, where: str, value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: {where} has no section {key!r}; received {str(value)[:60]!r}; {_REMEDY}")
    return found


def _is_named(label: str, name: str, kind: str | None) -> bool:
    known_kind, _, known_name = label.partition(" ")
    return known_name == name and kind in (None, known_kind)


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str) -> None:
    target = path.resolve()
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mode = _NEW_MODE
    with tempfile.NamedTemporaryFile(
        "w",
        dir=target.parent,
        prefix=f".{target.name}.",
        delete=False,
        encoding="utf-8",
        errors="backslashreplace",  # a name of a file need not be text, and JSON reads \udce9 as it was
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
