"""A session keeps its configuration: what has changed is named, path by path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tradewind.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.config.plan import Plan

__all__ = ["kept_config", "require_same"]

_FREE = ("reports", "mode.feed.params.bars_per_second")
"""What may change between two processes of a session: it changes no decision."""
_MOST_CHANGES = 3
_NOTHING = object()


def kept_config(plan: Plan) -> dict[str, Any]:
    """Return a configuration as the journal keeps it with a session."""
    config: dict[str, Any] = json.loads(plan.model_dump_json(exclude_none=True))
    return config


def require_same(name: str, session: int, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to continue a session with another configuration.

    Raises
    ------
    UserError
        Naming what differs: its path, what it was and what it is.
    """
    changed = list(_changes("", before, now))
    if not changed:
        return
    told = "; ".join(changed[:_MOST_CHANGES])
    more = f"; and {len(changed) - _MOST_CHANGES} more" if len(changed) > _MOST_CHANGES else ""
    raise UserError(
        f"session {session} of {name!r} was begun with another configuration: {told}{more}. A session keeps its "
        f"configuration: restore it, give the session up with --fresh, or begin another one beside it with "
        f"--set name=NAME"
    )


def _changes(path: str, before: Any, now: Any) -> Iterator[str]:
    if path in _FREE or before == now:
        return
    for kind in (dict, list):
        if isinstance(before, kind) and isinstance(now, kind):
            ours, theirs = _parts(before), _parts(now)
            for key in dict.fromkeys([*ours, *theirs]):
                below = f"{path}.{key}" if path else str(key)
                yield from _changes(below, ours.get(key, _NOTHING), theirs.get(key, _NOTHING))
            return
    yield f"{path} was {_told(before)} and is {_told(now)}"


def _parts(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else dict(enumerate(value))


def _told(value: object) -> str:
    text = "not set" if value is _NOTHING else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
