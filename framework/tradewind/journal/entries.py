"""Canonical JSON of the entries a run writes by the hundred thousand: the text `Journal.write` would make of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tradewind.model import OrderType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model import Fill, OrderEvent, OrderIntent

__all__ = ["fill_entry", "intent_entry", "order_entry"]

_text = json.encoder.encode_basestring_ascii
_number = float.__repr__
_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_fraction")


def intent_entry(intent: OrderIntent) -> str:
    """Return the entry of a decision to trade."""
    prices = ""
    if intent.order_type is not OrderType.MARKET:
        for name in _PRICES:
            value = getattr(intent, name)
            if value is not None:
                prices += f',"{name}":{_number(value)}'
    quantity = _number(intent.quantity)
    return (
        f'{{"id":{_text(intent.order_id)},"symbol":{_text(intent.instrument.symbol)},'
        f'"quantity":{quantity},"type":"{intent.order_type.value}",'
        f'"time_in_force":"{intent.time_in_force.value}","reason":{_text(intent.reason)},'
        f'"split":{_parts(intent.split, intent.quantity, quantity)}{prices}}}'
    )


def order_entry(event: OrderEvent) -> str:
    """Return the entry of what became of an order."""
    code = f',"code":"{event.code.value}"' if event.code else ""
    return f'{{"id":{_text(event.order_id)},"event":"{event.kind.value}","reason":{_text(event.reason)}{code}}}'


def fill_entry(fill: Fill, parts: Mapping[str, float]) -> str:
    """Return the entry of an execution and its division among the sleeves."""
    quantity = _number(fill.quantity)
    costs = ",".join(
        [_number(cost) if cost else "0.0" for cost in (fill.commission, fill.spread, fill.slippage, fill.impact)]
    )
    return (
        f'{{"id":{_text(fill.order_id)},"symbol":{_text(fill.instrument.symbol)},'
        f'"quantity":{quantity},"price":{_number(fill.price)},"costs":[{costs}],'
        f'"split":{_parts(parts, fill.quantity, quantity)}}}'
    )


def _parts(parts: Mapping[str, float], whole: float, text: str) -> str:
    """Return the parts of a quantity; one sleeve's part is mostly the whole, whose text is known."""
    told = [f"{_text(name)}:{text if part == whole else _number(part)}" for name, part in parts.items()]
    return "{" + ",".join(told) + "}"
