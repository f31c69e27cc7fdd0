"""How far the positions of a book offset each other: correlation, diversification ratio, effective number of bets.

The functions of ``covariance`` take any estimate; `measure_diversification` takes the sample itself, whose own
covariance it never forms: all follow from the matrix of returns, which is quicker for many assets. A short counts as
the mirror of its asset: its correlation to a long changes sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.risk.measures.checks import matrix_of, positive_semi_definite, vector_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tradewind.model.typing import BoolArray, FloatArray

__all__ = [
    "Diversification",
    "average_correlation",
    "diversification_ratio",
    "effective_number_of_bets",
    "measure_diversification",
    "weighted_correlation",
]

_NOTHING = 1e-14
"""A variance this small beside the largest is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversification:
    """How diversified a book is; a figure that is not defined is NaN (an empty book, a single position).

    Parameters
    ----------
    volatility
        Standard deviation of the book per bar, as a fraction of equity (divisor T - 1).
    ratio
        Diversification ratio, at least 1; see `diversification_ratio`.
    average_correlation
        Of the pairs of held assets; see `average_correlation`.
    weighted_correlation
        Of the pairs of positions; see `weighted_correlation`.
    effective_bets
        Effective number of uncorrelated bets, from 1 to the number of positions; see `effective_number_of_bets`.
    """

    volatility: float
    ratio: float
    average_correlation: float
    weighted_correlation: float
    effective_bets: float


def diversification_ratio(weights: ArrayLike, covariance: ArrayLike) -> float:
    """Return the sizes of the positions times their volatilities, over the volatility of the book; at least 1.

    1 where all positions move as one, sqrt(N) for N uncorrelated positions of equal risk; NaN without risk. Of a book
    with shorts ``|weight|`` takes the place of the weight (the paper is about long-only portfolios).

    References
    ----------
    Choueifaty and Coignard, *Toward Maximum Diversification*, Journal of Portfolio Management 35 (2008), pp. 40-51.
    """
    held, matrix = _book(weights, covariance, "diversification ratio")
    risks = np.abs(held) * np.sqrt(np.diagonal(matrix))
    return _ratio(float(risks.sum()), float(held @ matrix @ held))


def weighted_correlation(weights: ArrayLike, covariance: ArrayLike) -> float:
    """Return the average correlation of pairs of positions, each weighted by the product of the two positions' risks.

    A position's risk is ``|weight| * volatility``; a short's correlations change sign. From -1 to 1, NaN below two
    risky positions. With it and the concentration of the risks C (their Herfindahl index) the diversification ratio is
    ``(rho (1 - C) + C) ** -0.5``.

    References
    ----------
    Choueifaty, Froidure and Reynier, *Properties of the Most Diversified Portfolio*, Journal of Investment Strategies 2
    (2013), pp. 49-70.
    """
    held, matrix = _book(weights, covariance, "weighted correlation")
    risks = np.abs(held) * np.sqrt(np.diagonal(matrix))
    return _off_diagonal(risks, float(held @ matrix @ held))


def average_correlation(covariance: ArrayLike) -> float:
    """Return the mean correlation of all pairs of assets that move at all; NaN below two of them."""
    matrix = np.asarray(covariance, dtype=np.float64)
    matrix = matrix_of(matrix, "average correlation: covariance", rows=len(matrix), columns=len(matrix))
    moving = _moving(np.diagonal(matrix))
    deviations = np.sqrt(np.diagonal(matrix)[moving])
    correlation = matrix[np.ix_(moving, moving)] / np.outer(deviations, deviations)
    return _pairs_mean(float(correlation.sum()), len(deviations))


def effective_number_of_bets(weights: ArrayLike, covariance: ArrayLike) -> float:
    """Return how many uncorrelated bets the variance is spread over: the exponential of their entropy, from 1 to N.

    The bets are the principal portfolios, the eigenvectors of the covariance; a bet's share is its part of the
    variance, ``(e_n' w)² lambda_n``. Where eigenvalues are equal these portfolios are a matter of choice, and so is the
    number (N equal, uncorrelated positions may count as one bet or as N). NaN without risk.

    References
    ----------
    Meucci, *Managing Diversification*, Risk 22 (2009), pp. 74-79.
    """
    held, matrix = _book(weights, covariance, "effective number of bets")
    values, vectors = positive_semi_definite(matrix, len(held), "effective number of bets: covariance")
    return _entropy_number((vectors.T @ held) ** 2 * values)


def measure_diversification(asset_returns: ArrayLike, weights: ArrayLike) -> Diversification:
    """Return how diversified weights held now are, by a sample of asset returns.

    Parameters
    ----------
    asset_returns
        Simple returns, shape (T, N), finite, T at least 2; what is looked back at.
    weights
        Signed fractions of equity, shape (N,). Columns that are not held are left out of every figure.
    """
    where = "diversification"
    sample = matrix_of(asset_returns, f"{where}: asset returns", shortest=2)
    every = vector_of(weights, f"{where}: weights", length=sample.shape[1])
    held = every[every != 0.0]
    if not len(held):
        return Diversification(
            volatility=0.0,
            ratio=math.nan,
            average_correlation=math.nan,
            weighted_correlation=math.nan,
            effective_bets=math.nan,
        )
    deviations = sample[:, every != 0.0]
    deviations = (deviations - deviations.mean(axis=0)) / math.sqrt(len(sample) - 1)
    variances = np.einsum("tn,tn->n", deviations, deviations)
    risks = np.abs(held) * np.sqrt(variances)
    book = deviations @ held
    variance = float(book @ book)
    moving = _moving(variances)
    together = deviations[:, moving] @ (1.0 / np.sqrt(variances[moving]))
    return Diversification(
        volatility=math.sqrt(variance),
        ratio=_ratio(float(risks.sum()), variance),
        average_correlation=_pairs_mean(float(together @ together), int(moving.sum())),
        weighted_correlation=_off_diagonal(risks, variance),
        effective_bets=_bets(deviations, held, book),
    )


def _bets(deviations: FloatArray, held: FloatArray, book: FloatArray) -> float:
    """Return the effective number of bets, from the smaller of D'D and DD', whose positive eigenvalues are equal."""
    bars, assets = deviations.shape
    if assets <= bars:
        values, vectors = np.linalg.eigh(deviations.T @ deviations)
        return _entropy_number((vectors.T @ held) ** 2 * np.maximum(values, 0.0))
    _, vectors = np.linalg.eigh(deviations @ deviations.T)
    return _entropy_number((vectors.T @ book) ** 2)


def _entropy_number(parts: FloatArray) -> float:
    total = float(parts.sum())
    if not total > 0.0:
        return math.nan
    shares = parts[parts > 0.0] / total
    shares = shares[shares > 0.0]
    return max(1.0, math.exp(-float(shares @ np.log(shares))))


def _book(weights: ArrayLike, covariance: ArrayLike, where: str) -> tuple[FloatArray, FloatArray]:
    held = vector_of(weights, f"{where}: weights")
    return held, matrix_of(covariance, f"{where}: covariance", rows=len(held), columns=len(held))


def _moving(variances: FloatArray) -> BoolArray:
    moving: BoolArray = variances > _NOTHING * float(variances.max(initial=0.0))
    return moving


def _ratio(sum_of_risks: float, variance: float) -> float:
    if variance <= _NOTHING * sum_of_risks**2:
        return math.nan
    return max(1.0, sum_of_risks / math.sqrt(variance))


def _off_diagonal(risks: FloatArray, variance: float) -> float:
    squares = float(risks @ risks)
    pairs = float(risks.sum()) ** 2 - squares
    return min(1.0, max(-1.0, (variance - squares) / pairs)) if pairs > _NOTHING * squares else math.nan


def _pairs_mean(sum_of_correlations: float, assets: int) -> float:
    if assets < 2:
        return math.nan
    return min(1.0, max(-1.0, (sum_of_correlations - assets) / (assets * (assets - 1))))
