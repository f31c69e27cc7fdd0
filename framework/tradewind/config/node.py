"""A configuration as a tree whose every value knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Node", "Origin", "Scalar", "Steps", "dotted"]

Scalar = str | int | float | bool | None
Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a place in a file, or a source such as ``--set`` or ``default``.

    Parameters
    ----------
    source
        Path of the file as the user gave it, or the name of another source.
    line, column
        From 1; None outside a file.
    note
        What else is to say, for example the environment variable.
    """

    source: str
    line: int | None = None
    column: int | None = None
    note: str = ""

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        return f"{place} ({self.note})" if self.note else place

    @property
    def place(self) -> str:
        """Source, line and column, without the note."""
        return str(Origin(self.source, self.line, self.column))


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, list or mapping with its origin, and the origin of its key where it has one."""

    value: Scalar | list[Node] | dict[str, Node]
    origin: Origin
    key: Origin | None = None

    def plain(self) -> Any:
        """Return the value without origins."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def walk(self, path: Steps = ()) -> Iterator[tuple[Steps, Node]]:
        """Yield every node with its path, the root first."""
        yield path, self
        if isinstance(self.value, dict):
            for name, node in self.value.items():
                yield from node.walk((*path, name))
        elif isinstance(self.value, list):
            for index, node in enumerate(self.value):
                yield from node.walk((*path, index))

    def at(self, path: Steps) -> Node | None:
        """Return the node at a path; None where there is none."""
        node = self
        for step in path:
            below = node.child(step)
            if below is None:
                return None
            node = below
        return node

    def child(self, step: str | int) -> Node | None:
        """Return the node of a key or list index; None where there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def nearest(self, path: Steps) -> Node:
        """Return the node at a path, or the one furthest along it."""
        node = self
        for step in path:
            below = node.child(step)
            if below is None:
                return node
            node = below
        return node

    def with_key(self, key: Origin | None) -> Node:
        """Return the node under another key."""
        return Node(self.value, self.origin, key)

    @classmethod
    def of(cls, value: Any, origin: Origin) -> Node:
        """Return a tree of plain data that all come from one place."""
        if isinstance(value, Mapping):
            return cls({str(name): cls.of(one, origin).with_key(origin) for name, one in value.items()}, origin)
        if isinstance(value, list | tuple):
            return cls([cls.of(one, origin) for one in value], origin)
        return cls(value, origin)


def dotted(path: Steps) -> str:
    """Return a path as it is written on the command line: ``sleeves.0.share``."""
    return ".".join(str(step) for step in path)
