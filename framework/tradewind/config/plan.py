"""The typed plan: what a configuration says, after merging, checking and filling in defaults."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from tradewind.config.risk import RiskConfig, RiskSection
from tradewind.registry.reference import PluginRef

__all__ = [
    "AccountConfig",
    "DataConfig",
    "ExchangeConfig",
    "ModeConfig",
    "Plan",
    "PluginRef",
    "RebalanceConfig",
    "RegimeConfig",
    "RiskConfig",
    "SleeveConfig",
]


def _fault(text: str, *at: str | int) -> PydanticCustomError:
    """Return an error at a path below the validator's own."""
    return PydanticCustomError("config", "{text}", {"text": text, "at": at})


def _iso_date(value: object) -> object:
    # A number would be read as seconds since 1970.
    if value is None or isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value) if len(value) == 10 else value
        except ValueError:
            return value
    raise PydanticCustomError("date_type", "expected a date")


Session = Annotated[dt.date, BeforeValidator(_iso_date)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class AccountConfig(_Section):
    """The account the run trades."""

    cash: float = Field(100_000.0, gt=0, description="Cash at the start, in the account's currency.")
    cash_buffer: Fraction = Field(0.01, description="Share of equity kept in cash when buying.")
    leverage: float = Field(1.0, ge=1.0, description="Largest sum of the sleeves' shares in any regime.")


class DataConfig(_Section):
    """Where prices come from."""

    feed: PluginRef = Field(description="Feed plugin.")
    symbols: tuple[str, ...] = Field((), strict=False, description="Tradable symbols; empty: all.")
    references: dict[str, str] = Field(default_factory=dict, description="Role to symbol; never traded.")
    start: Session | None = Field(None, description="First session, inclusive.")
    end: Session | None = Field(None, description="Last session, inclusive.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise _fault(f"{self.end} lies before start {self.start}", "end")
        return self


class RegimeConfig(_Section):
    """A detector and the state machine around it."""

    detector: PluginRef = Field(description="Regime plugin.")
    confirmation_days: int = Field(3, ge=1, description="Bars in a row that must agree before the regime changes.")
    minimum_stay_days: int = Field(5, ge=0, description="Bars a regime lasts at least.")
    confidence: Fraction = Field(0.65, description="Least confidence of an estimate that counts towards a change.")
    hysteresis: Fraction = Field(0.05, description="Lead in probability that a new label needs over the present one.")
    immediate: tuple[str, ...] = Field(
        ("crash",), strict=False, description="Labels entered at once, without confirmation."
    )
    compare: tuple[PluginRef, ...] = Field((), strict=False, description="Detectors to judge beside it in the report.")


class SleeveConfig(_Section):
    """One strategy with its sizer, exits and capital share."""

    name: str = Field("main", min_length=1, description="Name of the sleeve, unique within the plan.")
    strategy: PluginRef = Field(description="Strategy plugin, `python:` file or `backtrader:` class.")
    sizer: PluginRef | None = Field(None, description="Sizer plugin; `equal_weight` where the strategy gives signals.")
    exits: tuple[PluginRef, ...] = Field((), strict=False, description="Exit plugins.")
    share: Fraction | dict[str, Fraction] = Field(1.0, description="Share of equity, or one a regime label.")

    def share_in(self, regime: str) -> float:
        """Capital share in a regime; 0 for a label that is not listed."""
        return self.share.get(regime, 0.0) if isinstance(self.share, dict) else self.share


class RebalanceConfig(_Section):
    """When a difference between what is held and what is wanted becomes an order."""

    drift_threshold: Fraction = Field(0.0, description="Least change of weight (of equity) that is traded.")
    minimum_notional: float = Field(0.0, ge=0, description="Least value of an order, in the account's currency.")


class ExchangeConfig(_Section):
    """Rules of the simulated exchange."""

    volume_limit: Fraction = Field(0.0, description="Largest part of a bar's volume one order may take; 0: no limit.")
    allow_short: bool = Field(True, description="Whether short positions are possible.")
    short_margin: float = Field(0.5, ge=0, description="Cash that must back a short position, as a part of its value.")
    borrow_rate_per_year: float = Field(0.0, ge=0, description="Cost of borrowing shares, a fraction of value a year.")
    data_end_haircut: Fraction = Field(0.0, description="Loss on the last close when a position's data end.")


class ModeConfig(_Section):
    """One row of the mode table; a mode swaps feed, broker and clock and nothing else."""

    mode: Literal["backtest", "paper", "live"] = "backtest"
    feed: PluginRef | None = Field(None, description="Feed of this mode; one with a `source` wraps the idea's feed.")
    broker: PluginRef | None = Field(
        None, description="Where orders go; none, or `exchange`: the simulated exchange in this process."
    )
    clock: Literal["bars", "wall"] = Field(
        "bars", description="What time is: that of the bars, as in a replay, or the wall's, where an operator is there."
    )

    @property
    def has_operator(self) -> bool:
        """Whether somebody is there to re-arm what a breaker has killed."""
        return self.mode == "live" or self.clock == "wall"

    @field_validator("broker", mode="before")
    @classmethod
    def _exchange_is_none(cls, broker: object) -> object:
        return None if broker == "exchange" else broker


class Plan(_Section):
    """A whole run."""

    name: str = Field("run", min_length=1, pattern=r"^[\w.\- ]+$", description="Name of the run's capsule.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    account: AccountConfig = Field(default_factory=AccountConfig)
    data: DataConfig
    regime: RegimeConfig | None = None
    sleeves: tuple[SleeveConfig, ...] = Field(min_length=1, strict=False)
    costs: PluginRef | None = Field(None, description="Cost plugin; none: trading is free.")
    rebalance: RebalanceConfig = Field(default_factory=RebalanceConfig)
    exchange: ExchangeConfig = Field(default_factory=ExchangeConfig)
    risk: RiskSection = Field(default_factory=RiskConfig, description="Gates and breakers; `off`: none acts.")
    reports: tuple[PluginRef, ...] = Field((), strict=False, description="Report plugins.")
    mode: ModeConfig = Field(default_factory=ModeConfig)

    @field_validator("sleeves")
    @classmethod
    def _unique_names(cls, sleeves: tuple[SleeveConfig, ...]) -> tuple[SleeveConfig, ...]:
        names = [sleeve.name for sleeve in sleeves]
        for name in names:
            if names.count(name) > 1:
                index = len(names) - 1 - names[::-1].index(name)
                raise _fault(f"two sleeves are named {name!r}; give each its own name", index, "name")
        return sleeves

    @model_validator(mode="after")
    def _shares(self) -> Self:
        labels = {label for s in self.sleeves if isinstance(s.share, dict) for label in s.share}
        if labels and self.regime is None:
            raise _fault(
                f"shares are given by regime ({', '.join(sorted(labels))}), but there is no `regime:`; add one, or "
                f"give one share for all",
                "sleeves",
            )
        for label in sorted(labels) or [""]:
            total = sum(sleeve.share_in(label) for sleeve in self.sleeves)
            if total > self.account.leverage + 1e-9:
                where = f" in regime {label!r}" if label else ""
                raise _fault(
                    f"the sleeves' shares sum to {total:.4g}{where}, more than account.leverage "
                    f"{self.account.leverage:.4g}; lower the shares or raise account.leverage",
                    "sleeves",
                )
        return self
