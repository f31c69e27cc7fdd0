"""Run a regime detector alone over a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tradewind.contracts import Regime
from tradewind.engine.panel import HistoryPanel
from tradewind.engine.regime_track import estimate_of
from tradewind.errors import ConfigError
from tradewind.portfolio.regime_state import RegimeState

if TYPE_CHECKING:
    from tradewind.config.plan import PluginRef
    from tradewind.engine.assemble import Builder
    from tradewind.model import Bars

__all__ = ["detect"]


def detect(builder: Builder, ref: PluginRef, bars: Bars) -> list[str]:
    """Return the confirmed label of every bar, with the plan's state machine around another detector."""
    regime = builder.plan.regime
    if regime is None:
        raise ConfigError("regime.compare: there is no `regime:` section to compare with")
    detector = cast("Regime", builder.create("regime", ref, "regime.compare"))
    state = RegimeState(
        detector.labels,
        confirmation_days=regime.confirmation_days,
        minimum_stay_days=regime.minimum_stay_days,
        confidence=regime.confidence,
        hysteresis=regime.hysteresis,
        immediate=tuple(label for label in regime.immediate if label in detector.labels),
    )
    warmup: int = getattr(detector, "warmup", 0)
    panel = HistoryPanel(bars, {"regime": dict(getattr(detector, "factors", {}))})
    labels: list[str] = []
    while panel.advance():
        labels.append(state.update(estimate_of(detector, panel.market("regime")) if panel.bar >= warmup else None))
    return labels
