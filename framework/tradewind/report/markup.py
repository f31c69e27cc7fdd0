"""HTML that is escaped by construction: text becomes markup only through `tag`."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Child", "Markup", "escape", "join", "tag"]

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


Child: TypeAlias = "Markup | str | int | float | Iterable[Child] | None"
"""What a tag may hold: markup, text (escaped), numbers, nothing, or a sequence of them."""


def escape(text: object) -> Markup:
    """Return text with ``& < > " '`` escaped, fit for element content and for quoted attributes."""
    return Markup(html.escape(str(text), quote=True))


def join(children: Iterable[Child]) -> Markup:
    """Return the children one after another; text is escaped."""
    return Markup("".join(_flatten(children)))


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """Return one element.

    An attribute that is None or False is left out, one that is True stands without a value. A trailing underscore is
    dropped from its name (``class_``), others become hyphens (``aria_label``).

    >>> tag("p", "1 < 2", class_="note", hidden=False)
    '<p class="note">1 &lt; 2</p>'
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        parts.append(f" {attribute}" if value is True else f' {attribute}="{escape(value)}"')
    parts.append(">")
    if name not in _VOID:
        parts.extend(_flatten(children))
        parts.append(f"</{name}>")
    return Markup("".join(parts))


def _flatten(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, str | int | float):
            yield escape(child)
        else:
            yield from _flatten(child)
