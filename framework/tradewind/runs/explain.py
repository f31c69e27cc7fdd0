"""Who wanted an order, why, on what data, in which regime and with which code: read from the journal alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tradewind.errors import UserError, choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.journal.store import Entry, JournalStore, SessionInfo

__all__ = ["explain_order"]

_DECIDED = ("signals", "targets", "exit")


def explain_order(store: JournalStore, info: SessionInfo, order_id: str) -> dict[str, Any]:
    """Return everything that a session's journal says of an order, as plain JSON types.

    Parameters
    ----------
    store, info
        The journal and the session.
    order_id
        As decided (``12-0-SPY``), or as the venue knows it (``9f3c01ab-12-0-SPY``).

    Raises
    ------
    UserError
        If the session never decided such an order; the nearest is named.
    JournalError
        If the session is not as it was written.
    """
    store.require_good(info.id)
    known: dict[str, str] = {}
    bar: dict[str, Any] = {"number": -1}
    told: dict[str, Any] | None = None
    tag = info.header["tag"]
    wanted = order_id.removeprefix(f"{tag}-")
    regime: dict[str, Any] = {}
    for entry in store.entries(info.id):
        payload = json.loads(entry.payload)
        if entry.bar != bar["number"] and told is None:
            bar = {"number": entry.bar, "decided": []}
        _note(bar, entry, payload, frozen=told is not None)
        if entry.kind == "regime" and told is None:
            regime = payload
        if entry.kind == "intent":
            known[payload["id"]] = ""
            if payload["id"] == wanted and told is None:
                told = {"order": payload, "bar": bar, "regime": regime, "life": []}
        elif told is not None:
            told["life"] += _life(entry, payload, wanted, f"{tag}-{wanted}")
    if told is None:
        raise UserError(f"orders: session {info.id} decided no order {order_id!r}; {choices(wanted, known)}")
    return {**told, "session": info.id, "who": _who(info.header, told["order"]["split"])}


def _note(bar: dict[str, Any], entry: Entry, payload: dict[str, Any], *, frozen: bool) -> None:
    """Keep what was seen and decided on the order's bar before the order."""
    if frozen:
        return
    if entry.kind == "row":
        bar["time"] = payload["time"]
    elif entry.kind == "data":
        bar["data"] = payload
    elif entry.kind in _DECIDED:
        bar["decided"].append({"kind": entry.kind, **payload})


def _life(entry: Entry, payload: dict[str, Any], wanted: str, sent: str) -> list[dict[str, Any]]:
    at = {"bar": entry.bar, "durable_at": entry.committed_at.isoformat()}
    if entry.kind in ("order", "fill", "resized") and payload["id"] == wanted:
        return [{**at, "what": entry.kind, **payload}]
    if entry.kind == "call" and sent in payload["ids"]:
        return [{**at, "what": f"about to {payload['operation']}"}]
    if entry.kind == "answer" and payload["operation"] in ("submit", "cancel", "ask"):
        return [
            {**at, "what": payload["operation"], "outcome": outcome, "reason": reason, "code": code}
            for order_id, outcome, reason, code in payload["answer"]
            if order_id == sent
        ]
    if entry.kind == "answer" and payload["operation"] == "poll":
        return [{**at, "what": "reported", **one} for one in payload["answer"] if one["order_id"] == sent]
    return []


def _who(header: Mapping[str, Any], split: Mapping[str, float]) -> list[dict[str, Any]]:
    sleeves = {sleeve["name"]: (number, sleeve) for number, sleeve in enumerate(header["config"]["sleeves"])}
    told = []
    for name, quantity in split.items():
        number, sleeve = sleeves[name]
        code = header["code"].get(f"sleeves.{number}.strategy", "")
        told.append(
            {
                "sleeve": name,
                "quantity": quantity,
                "strategy": sleeve["strategy"],
                "code_sha256": code,
                "tradewind": header["versions"].get("tradewind", ""),
            }
        )
    return told
