"""Whose a factor or a journal entry is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.config.plan import Plan
    from tradewind.journal import Record

__all__ = ["ORDER", "author", "owner_title"]

ORDER = (
    "activity", "data_end", "order", "fill", "breaker", "regime", "signals", "targets", "exit", "cross", "gate",
    "intent", "resized",
)  # fmt: skip
"""Kinds of journal entries as they follow from each other within a bar."""

_WEIGHTS = frozenset({"weights", "kept"})
"""Keys of a ``signals`` entry that the sizer has made; the others are the strategy's."""
_EXIT = "exit:"
"""What the reason of an order begins with that rests for an exit."""


def owner_title(plan: Plan, owner: str) -> str:
    """Return who owns a factor, in words: ``strategy momentum of sleeve core``."""
    if owner == "regime":
        return f"regime detector {plan.regime.detector.label}" if plan.regime else "regime detector"
    for sleeve in plan.sleeves:
        if owner == sleeve.name:
            return f"strategy {sleeve.strategy.label} of sleeve {sleeve.name}"
        if owner == f"{sleeve.name}.sizer" and sleeve.sizer:
            return f"sizer {sleeve.sizer.label} of sleeve {sleeve.name}"
        if owner.startswith(f"{sleeve.name}.exit."):
            return f"exit {owner.removeprefix(f'{sleeve.name}.exit.')} of sleeve {sleeve.name}"
    return owner


def author(plan: Plan, record: Record, keys: Sequence[str] = ()) -> tuple[str, str]:
    """Return who wrote an entry, and what of it differs, where ``keys`` of it do; none: the whole entry."""
    payload: dict[str, Any] = json.loads(record.payload)
    sleeve = payload.get("sleeve", "")
    match record.kind:
        case "regime":
            return owner_title(plan, "regime"), "regime"
        case "signals" if keys and set(keys) <= _WEIGHTS:
            return owner_title(plan, f"{sleeve}.sizer"), "weights"
        case "signals" | "targets":
            return owner_title(plan, sleeve), record.kind
        case "exit":
            return owner_title(plan, f"{sleeve}.exit.{payload.get('exit', '')}"), "exit"
        case "gate":
            return f"gate {payload.get('gate', '')}", "verdict"
        case "breaker":
            return f"breaker {payload.get('by', '')}", "standing"
        case "intent" if str(payload.get("reason", "")).startswith(_EXIT):
            name = payload["reason"].removeprefix(_EXIT)
            return owner_title(plan, f"{next(iter(payload.get('split', ())), '')}.exit.{name}"), "resting order"
        case "fill" if list(keys) == ["costs"] and plan.costs:
            return f"cost model {plan.costs.label}", "costs"
        case "intent" if keys and set(keys) <= {"quantity", "split"} and plan.costs:
            # Decisions, prices and cash are the same: what is left to differ is what buying is expected to cost.
            return f"cost model {plan.costs.label}", "quantity of an order"
    split = ", ".join(payload.get("split", ()))
    owners = [owner_title(plan, name) for name in payload.get("split", ())]
    return (", ".join(owners) if split else "the run"), record.kind
