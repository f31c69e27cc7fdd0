"""Templates: text files with ``{{names}}``."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render"]

_FIELD = re.compile(r"\{\{(\w+)\}\}")


def render(template: str, values: Mapping[str, str]) -> str:
    """Return a template, ``kinds/factor.py``, with its fields filled in.

    Raises
    ------
    KeyError
        If the template has a field that there is no value for: a fault of tradewind.
    """
    text = (files("tradewind.scaffold") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
    return _FIELD.sub(lambda found: values[found[1]], text)
