"""What the journal keeps of decisions, as plain JSON types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.sleeve import Decision
    from tradewind.model import OrderIntent, RegimeEstimate
    from tradewind.portfolio.rebalance import Cross
    from tradewind.risk.pipeline import Ruling

__all__ = ["cross_payload", "decision_payload", "regime_payload", "ruling_payload"]


def regime_payload(confirmed: str, estimate: RegimeEstimate | None) -> dict[str, Any]:
    """Return the confirmed regime and the detector's estimate, if there is one."""
    payload: dict[str, Any] = {"regime": confirmed}
    if estimate is not None:
        payload |= {
            "label": estimate.label,
            "confidence": estimate.confidence,
            "probabilities": dict(estimate.probabilities),
            "fitted_until": estimate.fitted_until,
        }
    return payload


def decision_payload(sleeve: str, decision: Decision, symbols: Sequence[str]) -> dict[str, Any]:
    """Return what a sleeve wants; zeros and opinions that are none are left out."""
    payload: dict[str, Any] = {"sleeve": sleeve}
    for name, values in (("scores", decision.opinion), ("weights", decision.weights)):
        if values is not None:
            told = np.flatnonzero((values != 0.0) & ~np.isnan(values)).tolist()
            payload[name] = dict(zip([symbols[column] for column in told], values[told].tolist(), strict=True))
    if decision.weights is not None and np.isnan(decision.weights).any():
        payload["kept"] = [symbols[column] for column in np.flatnonzero(np.isnan(decision.weights)).tolist()]
    if decision.quantities:
        payload["quantities"] = {key.symbol: value for key, value in decision.quantities.items()}
    return payload


def ruling_payload(intent: OrderIntent, ruling: Ruling) -> dict[str, Any]:
    """Return what a gate has done to an order."""
    return {
        "id": intent.order_id,
        "symbol": intent.instrument.symbol,
        "gate": ruling.gate,
        "code": ruling.code,
        "asked": ruling.asked,
        "allowed": ruling.allowed,
        "text": ruling.text,
    }


def cross_payload(cross: Cross) -> dict[str, Any]:
    """Return a transfer between sleeves."""
    return {
        "symbol": cross.instrument.symbol,
        "buyer": cross.buyer,
        "seller": cross.seller,
        "quantity": cross.quantity,
        "price": cross.price,
    }
