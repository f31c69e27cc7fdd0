"""The section `risk:` of a plan: gates, breakers, and what happens when one trips."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tradewind.errors import choices
from tradewind.registry.problems import show
from tradewind.registry.reference import PluginRef

__all__ = ["ALL", "DEFAULT_BREAKERS", "DEFAULT_GATES", "RiskConfig", "RiskLimits", "RiskSection"]

DEFAULT_GATES = (
    "order_structure",
    "symbol",
    "duplicate_order",
    "market_hours",
    "stale_quote",
    "price_collar",
    "fat_finger",
    "order_rate",
    "short_availability",
    "trade_risk",
    "position_size",
    "sector_allocation",
    "regime_compliance",
    "total_allocation",
    "buying_power",
)
"""Gates that are on in every mode unless they are switched off."""

DEFAULT_BREAKERS = (
    "drawdown",
    "daily_loss",
    "volatility_spike",
    "losing_streak",
    "error_rate",
    "stale_data",
    "confidence_floor",
)
"""Breakers that are on in every mode unless they are switched off."""

ALL = "all"
ALWAYS = "order_structure"
"""What is no order is refused in any case."""


class RiskLimits(BaseModel):
    """Limits of the portfolio's risk; what is beyond one is told as a breach and changes no decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    value_at_risk_95: float | None = Field(
        None,
        gt=0.0,
        le=1.0,
        description="Largest value at risk of one bar at 95 %, of the holdings, a fraction of equity.",
    )
    value_at_risk_99: float | None = Field(None, gt=0.0, le=1.0, description="Largest value at risk at 99 %.")
    expected_shortfall_95: float | None = Field(None, gt=0.0, le=1.0, description="Largest expected shortfall at 95 %.")
    expected_shortfall_99: float | None = Field(None, gt=0.0, le=1.0, description="Largest expected shortfall at 99 %.")
    volatility: float | None = Field(None, gt=0.0, description="Largest volatility of the holdings over one bar.")
    gross: float | None = Field(None, ge=0.0, description="Largest gross exposure, a fraction of equity.")
    net: float | None = Field(None, ge=0.0, description="Largest size of net exposure, a fraction of equity.")
    sector: float | None = Field(
        None, ge=0.0, description="Largest gross exposure to one sector, a fraction of equity."
    )
    position: float | None = Field(None, ge=0.0, description="Largest size of one position, a fraction of equity.")
    herfindahl: float | None = Field(
        None, gt=0.0, le=1.0, description="Largest sum of squared shares of gross exposure; 1: one position."
    )
    effective_positions: float | None = Field(None, ge=1.0, description="Smallest effective number of positions.")
    average_correlation: float | None = Field(
        None, ge=-1.0, le=1.0, description="Largest average correlation between positions."
    )
    diversification_ratio: float | None = Field(
        None, ge=0.0, description="Smallest diversification ratio; 1: the positions move as one."
    )
    beta: float | None = Field(None, ge=0.0, description="Largest size of the account's beta to the benchmark.")

    def given(self) -> dict[str, float]:
        """Return the limits that are set, by name."""
        return {name: float(limit) for name, limit in self.model_dump(exclude_none=True).items()}


class RiskConfig(BaseModel):
    """Limits of the account; the same in every mode."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    gates: tuple[PluginRef, ...] = Field(
        (), strict=False, description="Gates with other parameters than the default ones, and further gates."
    )
    breakers: tuple[PluginRef, ...] = Field(
        (), strict=False, description="Breakers with other parameters than the default ones, and further breakers."
    )
    switched_off: tuple[str, ...] = Field(
        (), strict=False, description="Default gates and breakers that do not act; `all` for every one."
    )
    reduced_size: float = Field(
        0.7,
        gt=0.0,
        lt=1.0,
        description="Part of a wanted position that may be opened while a breaker asks for smaller sizes.",
    )
    cool_down_bars: int = Field(10, ge=1, description="Bars that a halt lasts.")
    on_kill: Literal["cancel", "flatten"] = Field(
        "cancel", description="What a kill does: cancel what is at work, or also sell what is held."
    )
    rearm_after_bars: int = Field(
        21, ge=0, description="Bars after which backtest and replay re-arm a kill; 0: never. On the wall's clock never."
    )

    limits: RiskLimits = Field(
        default_factory=RiskLimits, description="Limits of portfolio risk: told when exceeded, no order is changed."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {*DEFAULT_GATES, *DEFAULT_BREAKERS, ALL} - {ALWAYS}
        listed = {ref.name for ref in (*self.gates, *self.breakers) if ref.name}
        for index, name in enumerate(self.switched_off):
            if name in listed:
                raise _fault(f"{name!r} is switched off and listed; do one of the two", "switched_off", index)
            if name == ALWAYS:
                raise _fault(f"{name!r} cannot be switched off; remove it", "switched_off", index)
            if name not in known:
                raise _fault(
                    f"no default gate or breaker is named {name!r}; {choices(name, known)}",
                    "switched_off",
                    index,
                )
        for field in ("gates", "breakers"):
            names = [ref.name for ref in getattr(self, field) if ref.name]
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise _fault(f"{name!r} is listed twice; keep one", field, index)
        return self

    def gate_refs(self) -> list[PluginRef]:
        """Return the gates that act: the default ones, and what is listed."""
        return self._refs(self.gates, DEFAULT_GATES)

    def breaker_refs(self) -> list[PluginRef]:
        """Return the breakers that act: the default ones, and what is listed."""
        return self._refs(self.breakers, DEFAULT_BREAKERS)

    def off(self) -> tuple[str, ...]:
        """Return the default gates and breakers that do not act."""
        listed = {ref.name for ref in (*self.gates, *self.breakers)}
        names = (*DEFAULT_GATES, *DEFAULT_BREAKERS)
        return tuple(name for name in names if self._is_off(name) and name not in listed)

    def _refs(self, listed: tuple[PluginRef, ...], default: tuple[str, ...]) -> list[PluginRef]:
        named = {ref.name for ref in listed}
        kept = [PluginRef(name=name) for name in default if name not in named and not self._is_off(name)]
        return [*kept, *listed]

    def _is_off(self, name: str) -> bool:
        return name != ALWAYS and (ALL in self.switched_off or name in self.switched_off)


def _fault(text: str, *at: str | int) -> PydanticCustomError:
    return PydanticCustomError("config", "{text}", {"text": text, "at": at})


def _everything_off(value: Any) -> Any:
    """Read ``risk: off``, which YAML makes False."""
    if isinstance(value, str | bool) and value not in (False, "off"):
        on = value is True or str(value).casefold() in ("on", "yes", "true")
        meant = "leave `risk` out: limits are on by default" if on else "write `off`, without quotes, for no limits"
        raise _fault(f"expected a mapping; received {show(value)}; {meant}")
    return {"switched_off": [ALL]} if value is False or value == "off" else value


RiskSection = Annotated[RiskConfig, BeforeValidator(_everything_off)]
