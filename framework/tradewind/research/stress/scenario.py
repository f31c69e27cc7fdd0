"""A stress scenario: returns of prices, as fractions, falls negative, and the way the market took to get there."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tradewind.model import AssetClass
from tradewind.model.typing import FloatArray

__all__ = ["STATED_DIGITS", "Level", "PricePath", "Scenario"]

STATED_DIGITS = 0.0005
"""How far the path's furthest level may lie from ``market``: half of the last digit of a published -33.9 %."""

Return = Annotated[float, Field(ge=-1.0, le=10.0)]
PositiveLevel = Annotated[float, Field(gt=0.0)]


def _iso_date(value: object) -> object:
    # A number would be read as seconds since 1970.
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value) if len(value) == 10 else value
        except ValueError:
            return value
    if isinstance(value, dt.date):
        return value
    raise PydanticCustomError("date_type", "expected a date")


Date = Annotated[dt.date, BeforeValidator(_iso_date)]


def _fault(text: str, *at: str | int) -> PydanticCustomError:
    """Return an error at a path below the validator's own."""
    return PydanticCustomError("config", "{text}", {"text": text, "at": at})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Level(_Section):
    """The market at one date of the path."""

    date: Date | None = Field(None, description="Date of the level, where it has one.")
    sessions: int = Field(ge=0, le=10_000, description="Steps since the level before; 0 for the first.")
    level: PositiveLevel = Field(description="Level of the market, on any scale.")


class PricePath(_Section):
    """The way of the market through the episode: published levels, or a return a step."""

    unit: Literal["sessions", "moments"] = Field("sessions", description="What a step is; moments lie within one day.")
    source: str = Field("", description="Which figures are published, and which are a shape.")
    levels: tuple[Level, ...] = Field((), strict=False, max_length=5_000, description="Levels, the first at the start.")
    returns: tuple[Return, ...] = Field((), strict=False, max_length=10_000, description="Return of every step.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.levels) == bool(self.returns):
            given = "both" if self.levels else "neither"
            raise _fault(f"needs either `levels` or `returns`; received {given}")
        if len(self.levels) == 1:
            raise _fault("needs at least two levels; received 1", "levels")
        for number, level in enumerate(self.levels):
            if (number == 0) != (level.sessions == 0):
                rule = "the first level is the start, at 0" if number == 0 else "a later level is at least 1 step on"
                raise _fault(f"{rule}; received {level.sessions}", "levels", number, "sessions")
        return self

    def growth(self) -> FloatArray:
        """Return the market after each step as a fraction of its start, shape (S + 1,), beginning with 1.

        Between two levels the return of every step is the same.
        """
        if self.returns:
            return np.concatenate([[1.0], np.cumprod(1.0 + np.asarray(self.returns))])
        steps = np.cumsum([level.sessions for level in self.levels])
        logarithms = np.log([level.level / self.levels[0].level for level in self.levels])
        return np.asarray(np.exp(np.interp(np.arange(steps[-1] + 1), steps, logarithms)), dtype=np.float64)


class Scenario(_Section):
    """Shocks to prices, from nearest to furthest: by symbol, by duration, by sector, by asset class, by the market."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Name on the command line and in tables.")
    title: str = Field("", description="What it was, or might be.")
    source: str = Field(min_length=1, description="Where the figures come from, and which are estimates.")
    start: Date | None = Field(None, description="Date of the level before the first fall.")
    end: Date | None = Field(None, description="Date the episode ends.")
    market: Return = Field(0.0, description="Return of the market, from the start to its furthest level.")
    beta: bool = Field(True, description="Whether an instrument moves by its beta times the market, or with it.")
    symbols: dict[str, Return] = Field(default_factory=dict, description="Return by symbol.")
    sectors: dict[str, Return] = Field(default_factory=dict, description="Return by sector.")
    asset_classes: dict[Annotated[AssetClass, Field(strict=False)], Return] = Field(
        default_factory=dict, description="Return by asset class: equity, etf, future, option."
    )
    rates_basis_points: float = Field(0.0, description="Change of interest rates; acts on symbols with a duration.")
    durations_years: dict[str, float] = Field(
        default_factory=dict, description="Duration by symbol; its return is -duration times the change of rates."
    )
    vix_level: float | None = Field(None, gt=0.0, description="Highest VIX; shown, not applied.")
    path: PricePath | None = Field(None, description="The way of the market; without it there is one step.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.start and self.end and self.start > self.end:
            raise _fault(f"{self.end} lies before start {self.start}", "end")
        if not (self.market or self.symbols or self.sectors or self.asset_classes or self.durations_years):
            raise _fault("shocks nothing; give `market`, `sectors`, `asset_classes`, `symbols` or `durations_years`")
        if self.path is not None:
            furthest = _furthest(self.path.growth() - 1.0)
            if self.market == 0.0 or abs(furthest - self.market) > STATED_DIGITS:
                raise _fault(
                    f"the path's furthest level lies {furthest:+.4f} from its start, and `market` is "
                    f"{self.market:+.4f}; make them agree within {STATED_DIGITS}",
                    "path",
                )
        return self

    def shape(self) -> FloatArray:
        """Return the part of the shocks that has come true after each step, shape (S + 1,): 0 first, 1 at its furthest.

        Without a path it is one step.
        """
        if self.path is None:
            return np.array([0.0, 1.0])
        moved = self.path.growth() - 1.0
        return moved / _furthest(moved)

    def shock(self, symbol: str, sector: str, asset_class: AssetClass, beta: float) -> tuple[float, str]:
        """Return the return of an instrument, at least -1, and what it comes from; NaN for an option without a figure.

        Options do not follow their underlying in proportion, so neither the market nor an asset class's figure but
        their own is applied to them.
        """
        if symbol in self.symbols:
            return self.symbols[symbol], "symbol"
        if symbol in self.durations_years:
            change = -self.durations_years[symbol] * self.rates_basis_points / 10_000.0
            return max(change, -1.0), "duration"
        if asset_class is AssetClass.OPTION:
            given = self.asset_classes.get(asset_class)
            return (float("nan"), "not covered") if given is None else (given, "asset class")
        if sector and sector in self.sectors:
            return self.sectors[sector], "sector"
        if asset_class in self.asset_classes:
            return self.asset_classes[asset_class], "asset class"
        if self.beta:
            return max(beta * self.market, -1.0), "beta"
        return self.market, "market"


def _furthest(moved: FloatArray) -> float:
    """Return the value furthest from zero; of equally far ones, the first."""
    return float(moved[int(np.abs(moved).argmax())])
