"""What the book's returns owe to given factors: least-squares betas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError
from tradewind.risk.measures.checks import frozen, vector_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from tradewind.model.typing import FloatArray

__all__ = ["FactorExposure", "factor_exposure", "least_squares_betas", "market_beta"]

_RANK = 1e-10
"""A direction this weak beside the strongest one tells nothing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FactorExposure:
    """The least-squares fit ``return = intercept + sum(beta * factor return) + residual``.

    Parameters
    ----------
    factors
        Names, K of them.
    betas
        Shape (K,), in the order of ``factors``; read-only.
    standard_errors
        Of the betas, shape (K,), for residuals of one variance that do not depend on each other; read-only.
    intercept
        Return per bar that no factor explains.
    r_squared
        Fraction of the variance explained, from 0 to 1; NaN where the returns stand still.
    residual_volatility
        Standard deviation of the residuals per bar, divisor T - K - 1.
    observations
        Bars looked at, T.
    """

    factors: tuple[str, ...]
    betas: FloatArray
    standard_errors: FloatArray
    intercept: float
    r_squared: float
    residual_volatility: float
    observations: int

    def beta(self, factor: str) -> float:
        """Return one factor's beta; KeyError where the fit has no such factor."""
        if factor not in self.factors:
            raise KeyError(factor)
        return float(self.betas[self.factors.index(factor)])


def factor_exposure(returns: ArrayLike, factors: Mapping[str, ArrayLike]) -> FactorExposure:
    """Fit the book's returns to factor returns by ordinary least squares, with an intercept.

    Parameters
    ----------
    returns
        Simple returns of the book, shape (T,); T above the number of factors by at least 2.
    factors
        Returns of each factor by name, each of shape (T,). With one, the market, its beta is `market_beta`.

    Raises
    ------
    DataError
        If the sample is too short, or a factor stands still or is a sum of the others: its beta is undetermined.

    References
    ----------
    Greene, *Econometric Analysis*, 7th edition (2012), chapters 3 and 4.
    """
    names = tuple(factors)
    sample = vector_of(returns, "factor exposure: returns", shortest=len(names) + 2)
    design = np.empty((len(sample), len(names)))
    for column, name in enumerate(names):
        design[:, column] = vector_of(factors[name], f"factor exposure: factor {name!r}", length=len(sample))
    means, centre = design.mean(axis=0), float(sample.mean())
    deviations, response = design - means, sample - centre
    betas = least_squares_betas(sample, design)
    if np.isnan(betas).any():
        raise DataError(
            f"factor exposure: the factors {', '.join(names)} do not determine their betas: one stands still or is a "
            f"sum of the others over these {len(sample)} bars; leave it out or lengthen the window"
        )
    residuals = response - deviations @ betas
    freedom = len(sample) - len(names) - 1
    residual_variance = float(residuals @ residuals) / freedom
    total = float(response @ response)
    inverse = np.linalg.inv(deviations.T @ deviations) if names else np.empty((0, 0))
    return FactorExposure(
        factors=names,
        betas=frozen(betas),
        standard_errors=frozen(np.sqrt(np.diagonal(inverse) * residual_variance)),
        intercept=centre - float(means @ betas),
        r_squared=max(0.0, 1.0 - residual_variance * freedom / total) if total > 0.0 else math.nan,
        residual_volatility=math.sqrt(residual_variance),
        observations=len(sample),
    )


def market_beta(returns: ArrayLike, market_returns: ArrayLike) -> float:
    """Return the covariance of returns with the market's over the market's variance; `DataError` if that stood still.

    References
    ----------
    Sharpe, *Capital Asset Prices*, Journal of Finance 19 (1964), pp. 425-442.
    """
    return factor_exposure(returns, {"market": market_returns}).beta("market")


def least_squares_betas(returns: FloatArray, factors: FloatArray) -> FloatArray:
    """Return betas, shape (K,), of factors, shape (T, K), intercept included; all NaN where they are undetermined."""
    deviations = factors - factors.mean(axis=0)
    # Scaled, so that the rank does not depend on the units of a factor.
    scales = np.sqrt(np.einsum("tk,tk->k", deviations, deviations))
    undetermined = np.full(len(scales), np.nan)
    if not (factors.max(axis=0) > factors.min(axis=0)).all():
        return undetermined
    betas, _, rank, _ = np.linalg.lstsq(deviations / scales, returns - returns.mean(), rcond=_RANK)
    return betas / scales if rank == len(scales) else undetermined
