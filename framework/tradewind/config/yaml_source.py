"""YAML files to trees of values with positions, within limits."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tradewind.config.node import Node, Origin
from tradewind.config.scalars import resolve
from tradewind.errors import ConfigError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_text", "parse_value", "read_file"]

BYTES_LIMIT = 1 << 20
DEPTH_LIMIT = 32
ALIASED_NODES_LIMIT = 1_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEAST = "`data:` and `strategy:`"
_SUFFIXES = (".yaml", ".yml")


def read_file(path: Path, *, least: str = _LEAST) -> Node:
    """Return the tree of a YAML file, whose top level is a mapping; ``least`` is what an empty one is told to have.

    Raises
    ------
    UserError
        If there is no such file; names the nearest one.
    ConfigError
        If it cannot be read, is no YAML within the limits, or is not a mapping; with line and column.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ConfigError(f"{path}: is no regular file; give a YAML file")
    node = parse_text(_read(path), str(path), least=least)
    if not isinstance(node.value, dict):
        # What is no configuration may be a file of secrets: nothing of it is shown.
        shown = "a list" if isinstance(node.value, list) else "one value"
        raise _error(node.origin, f"the file must be a mapping, `key: value` lines; received {shown}")
    return node


def parse_text(text: str, source: str, *, least: str = _LEAST) -> Node:
    """Return the tree of one YAML document.

    Raises
    ------
    ConfigError
        If it is no YAML, empty, or uses what is not allowed: duplicate keys, keys that are not text, merge keys, tags,
        several documents, more than 32 levels, more than 1,000 values through aliases.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        place = _position(text, unprintable.start(), source)
        raise _error(place, f"the character {unprintable[0]!r} is not allowed; is it a text file?")
    try:
        return _Composer(source, iter(yaml.parse(text, Loader=_LOADER)), least).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Origin(source, mark.line + 1, mark.column + 1) if mark else Origin(source, 1, 1)
        raise _error(place, f"not valid YAML: {error.problem or error.context}{_advice(text, place)}") from error
    except yaml.YAMLError as error:
        raise _error(Origin(source, 1, 1), f"not valid YAML: {error}") from error


def parse_value(text: str, source: str) -> Node:
    """Return the tree of a value given on the command line: a plain scalar, or YAML in brackets, braces or quotes.

    Raises
    ------
    ConfigError
        If it is none of these.
    """
    origin = Origin(source)
    if text.lstrip()[:1] in ("[", "{", '"', "'"):
        try:
            return Node.of(parse_text(text, source).plain(), origin)
        except ConfigError as error:
            # Lines and columns mean nothing in a flag.
            raise ConfigError(re.sub(rf"^{re.escape(source)}:\d+:\d+", source, str(error))) from error
    try:
        return Node(resolve(text.strip()), origin)
    except ValueError as error:
        raise _error(origin, str(error)) from error


@dataclass
class _Composer:
    source: str
    events: Iterator[Any]
    least: str
    anchors: dict[str, Node] = field(default_factory=dict)
    aliased: int = 0

    def document(self) -> Node:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise _error(Origin(self.source, 1, 1), f"the file is empty; write at least {self.least}")
        node = self._node(self._next(), 1)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _error(self._origin(event), "a second document begins here; keep one document a file")
        return node

    def _next(self) -> Any:
        return next(self.events)

    def _origin(self, event: Any) -> Origin:
        return Origin(self.source, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        origin = self._origin(event)
        if depth > DEPTH_LIMIT:
            raise _error(origin, f"nested more than {DEPTH_LIMIT} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, origin, depth)
        if event.tag is not None:
            raise _error(origin, f"the tag '{event.tag}' is not allowed; remove it, and quote a value that is text")
        node = self._collection(event, origin, depth) or self._scalar(event, origin)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _collection(self, event: Any, origin: Origin, depth: int) -> Node | None:
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return Node(items, origin)
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(depth), origin)
        return None

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            place = self._origin(event)
            name = self._key(event, place)
            if name in found:
                first = found[name].key
                assert first is not None
                raise _error(place, f"the key '{name}' is given twice, first at {first}; remove one")
            found[name] = self._node(self._next(), depth + 1).with_key(place)
        return found

    def _key(self, event: Any, place: Origin) -> str:
        if isinstance(event, yaml.AliasEvent) or not isinstance(event, yaml.ScalarEvent):
            raise _error(place, "a key must be text; received a list, mapping or alias")
        name = self._scalar(event, place).value
        if event.tag is not None:
            raise _error(place, f"the tag '{event.tag}' is not allowed; remove it")
        if name == "<<" and not event.style:
            raise _error(place, "merge keys ('<<') are not allowed; write the keys out, or give a second file with -c")
        if not isinstance(name, str):
            raise _error(place, f"a key must be text; received {event.value or 'nothing'}; write it in quotes")
        if event.anchor is not None:
            raise _error(place, "an anchor on a key is not allowed; put it on the value")
        return name

    def _scalar(self, event: Any, origin: Origin) -> Node:
        if event.style:
            return Node(str(event.value), origin)
        try:
            return Node(resolve(event.value), origin)
        except ValueError as error:
            raise _error(origin, str(error)) from error

    def _alias(self, event: Any, origin: Origin, depth: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise _error(origin, f"the alias '*{event.anchor}' refers to an anchor that is not complete before it")
        for path, _ in node.walk():
            self.aliased += 1
            if self.aliased > ALIASED_NODES_LIMIT:
                raise _error(origin, f"aliases stand for more than {ALIASED_NODES_LIMIT:,} values")
            if depth + len(path) > DEPTH_LIMIT:
                raise _error(origin, f"nested more than {DEPTH_LIMIT} levels deep")
        return node


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: is a directory; give one of its files{_listing(path)}")
        with path.open("rb") as file:
            content = file.read(BYTES_LIMIT + 1)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file{_nearest(path)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if len(content) > BYTES_LIMIT:
        raise ConfigError(f"{path}: larger than {BYTES_LIMIT // 1024} KiB, which is no configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        place = _position(before, len(before), str(path))
        raise _error(
            place, f"not UTF-8 text; received byte 0x{content[error.start]:02x}; save the file as UTF-8"
        ) from error


def _listing(directory: Path) -> str:
    names = _yaml_names(directory)
    return f": {', '.join(names[:10])}" if names else ""


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f", nor a directory {path.parent}"
    names = _yaml_names(path.parent)
    if not names:
        return f"; there is no YAML file in {path.parent.resolve()}"
    # All end alike, and that makes no two of them near.
    stems = {Path(name).stem: name for name in names}
    nearest = [stems[stem] for stem in difflib.get_close_matches(path.stem, stems, n=1, cutoff=0.5)]
    text = f"; in {path.parent}/: {', '.join(names[:10])}."
    return f"{text} Did you mean '{path.parent / nearest[0]}'?" if nearest else text


def _yaml_names(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if entry.suffix in _SUFFIXES)
    except OSError:
        return []


def _position(text: str, offset: int, source: str) -> Origin:
    before = text[:offset]
    line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
    lines = len(re.findall(r"\r\n|\r|\n", before))
    return Origin(source, lines + 1, offset - line_start + 1)


def _advice(text: str, place: Origin) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line and place.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "; indent with spaces, not tabs"
    return ""


def _error(origin: Origin, text: str) -> ConfigError:
    return ConfigError(f"{origin}: {text}")
