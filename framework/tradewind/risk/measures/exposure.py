"""What the book holds: weights (signed fractions of equity), gross and net, by sector, and how concentrated it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind.risk.measures.checks import vector_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tradewind.model.typing import FloatArray

__all__ = [
    "Concentration",
    "Exposure",
    "SectorExposure",
    "effective_positions",
    "herfindahl",
    "measure_concentration",
    "measure_exposure",
    "position_weights",
    "sector_columns",
]

NO_SECTOR = "unknown"
"""Sector of a position that has none (an empty name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorExposure:
    """What one sector holds of equity: ``gross`` sums sizes, ``net`` sums signed weights."""

    sector: str
    gross: float
    net: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What a book holds, as fractions of equity.

    Parameters
    ----------
    gross
        Long plus short, at least 0.
    net
        Long minus short.
    long, short
        Sums of positive weights and of the sizes of negative ones, each at least 0.
    sectors
        By sector, alphabetically; sectors without a position are there with 0. Gross and net sum to the book's.
    """

    gross: float
    net: float
    long: float
    short: float
    sectors: tuple[SectorExposure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How much of a book hangs on few positions.

    Parameters
    ----------
    positions
        Number of weights that are not 0.
    largest
        Size of the largest weight, as a fraction of equity; 0 of an empty book.
    herfindahl
        Sum of squared shares of gross exposure, from 1 / positions to 1; NaN of an empty book.
    effective_positions
        ``1 / herfindahl``, from 1 to ``positions``: as many equal positions are as concentrated; NaN of an empty book.
    """

    positions: int
    largest: float
    herfindahl: float
    effective_positions: float


def position_weights(
    quantities: ArrayLike, prices: ArrayLike, multipliers: ArrayLike | float, *, equity: float
) -> FloatArray:
    """Return each position's value as a signed fraction of equity, ``quantity * price * multiplier / equity``.

    Parameters
    ----------
    quantities
        Signed holdings, shape (N,).
    prices
        Last prices in the account's currency, shape (N,); may be NaN where nothing is held.
    multipliers
        Cash value of one point of price for one unit, shape (N,) or one for all.
    equity
        Value of the account, above 0.

    Raises
    ------
    DataError
        If a held position has no finite price, or equity is not above 0: a share of it has no meaning then.
    """
    where = "position weights"
    if not (math.isfinite(equity) and equity > 0.0):
        raise DataError(f"{where}: equity is {equity}, expected above 0; a ruined account has no weights, only debts")
    held = vector_of(quantities, f"{where}: quantities")
    points = np.asarray(prices, dtype=np.float64)
    factors = np.asarray(multipliers, dtype=np.float64)
    if points.shape != held.shape or factors.shape not in ((), held.shape):
        raise DataError(
            f"{where}: received {len(held)} quantities, prices of shape {points.shape} and multipliers of shape "
            f"{factors.shape}, expected ({len(held)},) for each; align them by instrument"
        )
    values = np.where(held == 0.0, 0.0, held * points * factors)
    vector_of(values, f"{where}: values of held positions")
    weights: FloatArray = values / equity
    return weights


def measure_exposure(weights: ArrayLike, sectors: Sequence[str] = ()) -> Exposure:
    """Return gross, net, long, short and sector exposure.

    Parameters
    ----------
    weights
        Signed fractions of equity, shape (N,).
    sectors
        Sector of each column, shape (N,); an empty name counts as ``unknown``. Without any, no sector is told.
    """
    held = vector_of(weights, "exposure: weights", shortest=0)
    names, membership = sector_columns(sectors, len(held))
    gross, net = np.abs(held) @ membership, held @ membership
    return Exposure(
        gross=float(np.abs(held).sum()),
        net=float(held.sum()),
        long=float(np.maximum(held, 0.0).sum()),
        short=float(np.maximum(-held, 0.0).sum()),
        sectors=tuple(
            SectorExposure(sector=name, gross=float(gross[column]), net=float(net[column]))
            for column, name in enumerate(names)
        ),
    )


def sector_columns(sectors: Sequence[str], size: int) -> tuple[tuple[str, ...], FloatArray]:
    """Return sector names in alphabetical order, S of them, and an (N, S) matrix of 1 where a column belongs to one."""
    if len(sectors) not in (0, size):
        raise DataError(f"exposure: {len(sectors)} sectors for {size} weights; name one sector a column, or none")
    labels = [sector or NO_SECTOR for sector in sectors]
    names = tuple(sorted(set(labels)))
    membership = np.zeros((size, len(names)))
    for row, label in enumerate(labels):
        membership[row, names.index(label)] = 1.0
    return names, membership


def measure_concentration(weights: ArrayLike) -> Concentration:
    """Return the largest position, the Herfindahl index and the effective number of positions of weights, shape (N,).

    A short counts by its size.
    """
    held = vector_of(weights, "concentration: weights", shortest=0)
    index = float(herfindahl(held))
    return Concentration(
        positions=int(np.count_nonzero(held)),
        largest=float(np.abs(held).max(initial=0.0)),
        herfindahl=index,
        effective_positions=float(effective_positions(held)),
    )


def herfindahl(weights: FloatArray) -> FloatArray:
    """Return the sum of squared shares of gross exposure of books, shape (..., N) to (...); NaN of an empty book.

    References
    ----------
    Herfindahl, *Concentration in the Steel Industry* (1950); Hirschman, *The Paternity of an Index*, American Economic
    Review 54 (1964), p. 761.
    """
    sizes = np.abs(weights)
    gross = sizes.sum(axis=-1, keepdims=True)
    shares = np.divide(sizes, gross, out=np.full(sizes.shape, np.nan), where=gross > 0.0)
    index: FloatArray = (shares**2).sum(axis=-1) if sizes.shape[-1] else np.full(sizes.shape[:-1], np.nan)
    return index


def effective_positions(weights: FloatArray) -> FloatArray:
    """Return ``1 / herfindahl``, shape (..., N) to (...); NaN of an empty book."""
    number: FloatArray = 1.0 / herfindahl(weights)
    return number
