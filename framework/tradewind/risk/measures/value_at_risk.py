"""Value at risk and expected shortfall of one sample of returns, or of weights on a sample of asset returns.

Each is a positive fraction lost over one bar, and negative where even the tail is a gain. With ``level`` 0.95 the tail
holds the worst 5 % of bars.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradewind.errors import UserError, choices
from tradewind.risk.measures.checks import checked_level, matrix_of, positive_semi_definite, vector_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tradewind.model.typing import BoolArray, FloatArray

__all__ = [
    "ESTIMATORS",
    "METHODS",
    "TailEstimate",
    "TailRisk",
    "cornish_fisher_domain",
    "estimate_tail",
    "monte_carlo_risk",
    "portfolio_risk",
    "tail_risk",
]

ESTIMATORS = ("historical", "gaussian", "cornish_fisher")
"""Methods that need nothing but one sample of returns."""

METHODS = (*ESTIMATORS, "monte_carlo")

DRAWS = 100_000
_DRAWS_AT_ONCE = 4096
_STANDARD = NormalDist()
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class TailRisk:
    """Value at risk and expected shortfall by one method at one level, over one bar.

    Parameters
    ----------
    method
        One of `METHODS`.
    level
        Confidence, above 0.5 and below 1.
    value_at_risk
        Loss that is exceeded on a fraction 1 - ``level`` of bars, as a positive fraction; negative where it is a gain.
    expected_shortfall
        Mean loss in that tail (CVaR), never below ``value_at_risk``.
    observations
        Returns looked at; of a simulation, the draws.
    within_domain
        False where Cornish-Fisher was used with a skewness and kurtosis for which its quantiles are not monotone: then
        the figures are an extrapolation, held from falling as the level rises. Always True of the other methods.
    """

    method: str
    level: float
    value_at_risk: float
    expected_shortfall: float
    observations: int
    within_domain: bool = True


class TailEstimate(NamedTuple):
    """The figures of many samples at once; arrays of one shape, one entry a sample."""

    value_at_risk: FloatArray
    expected_shortfall: FloatArray
    within_domain: BoolArray


def tail_risk(returns: ArrayLike, *, method: str = "historical", level: float = 0.95) -> TailRisk:
    """Return value at risk and expected shortfall of a sample of returns.

    Parameters
    ----------
    returns
        Simple returns per bar, shape (n,), at least 2, finite.
    method
        ``historical``: minus the (1 - level) quantile, linear between order statistics (type 7 of Hyndman and Fan);
        the shortfall is the mean of the returns at or below the order statistic under that quantile.
        ``gaussian``: from the mean and the population standard deviation (divisor n).
        ``cornish_fisher``: the gaussian quantile corrected for population skewness and excess kurtosis.
    level
        Confidence, above 0.5 and below 1.

    Raises
    ------
    DataError
        If the sample is shorter than 2 or holds NaN or infinity.
    UserError
        If the level or the method is unknown; ``monte_carlo`` needs assets and weights: `portfolio_risk`.

    Notes
    -----
    The shortfall of Cornish-Fisher is the Edgeworth expansion's mean beyond the corrected quantile, and is held at the
    value at risk where it comes out smaller, as R's PerformanceAnalytics does ("operational" modified shortfall).
    Outside its domain (`cornish_fisher_domain`) the corrected quantile can fall as the level rises; here it is held
    at the greatest value it has on levels from 0.5 up to the one asked for, and ``within_domain`` is False.

    References
    ----------
    Hyndman and Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50 (1996), p. 361-365.
    Favre and Galeano, *Mean-Modified Value-at-Risk Optimization with Hedge Funds*, Journal of Alternative Investments
    5 (2002), pp. 21-25.
    Boudt, Peterson and Croux, *Estimation and Decomposition of Downside Risk for Portfolios with Non-Normal Returns*,
    Journal of Risk 11 (2008), pp. 79-103.
    """
    sample = vector_of(returns, "tail risk: returns", shortest=2)
    estimate = estimate_tail(sample, method=method, level=level)
    return _record(estimate, method, level, len(sample))


def portfolio_risk(
    asset_returns: ArrayLike,
    weights: ArrayLike,
    *,
    method: str = "historical",
    level: float = 0.95,
    seed: int = 0,
    draws: int = DRAWS,
) -> TailRisk:
    """Return the risk of weights held now, had they been held over a sample of asset returns.

    ``monte_carlo`` takes mean and population covariance of the sample and calls `monte_carlo_risk`; the other methods
    look at the sample of portfolio returns, ``asset_returns @ weights`` (`tail_risk`).

    Parameters
    ----------
    asset_returns
        Simple returns, shape (T, N), finite, T at least 2.
    weights
        Signed fractions of equity, shape (N,); what they lack to 1 is cash without return.
    seed, draws
        Of the simulation; unused by the other methods.
    """
    sample = matrix_of(asset_returns, "portfolio risk: asset returns", shortest=2)
    held = vector_of(weights, "portfolio risk: weights", length=sample.shape[1])
    if method != "monte_carlo":
        return tail_risk(sample @ held, method=method, level=level)
    mean = sample.mean(axis=0)
    deviations = sample - mean
    covariance = deviations.T @ deviations / len(sample)
    return monte_carlo_risk(mean, covariance, held, level=level, seed=seed, draws=draws)


def monte_carlo_risk(
    mean: ArrayLike,
    covariance: ArrayLike,
    weights: ArrayLike,
    *,
    level: float = 0.95,
    seed: int,
    draws: int = DRAWS,
    degrees_of_freedom: float | None = None,
) -> TailRisk:
    """Return the risk of weights on simulated asset returns, by the historical estimator over the draws.

    Parameters
    ----------
    mean, covariance
        Of the asset returns per bar, shapes (N,) and (N, N); the matrix symmetric, without negative eigenvalues.
    weights
        Signed fractions of equity, shape (N,). Assets that are not held are neither drawn nor checked.
    seed
        Of the generator (PCG64): equal seeds, equal figures.
    draws
        Number of simulated bars, at least 1 / (1 - level). The standard error of the value at risk falls with its
        root: at 95 % and 100,000 draws about 0.7 % of a standard deviation.
    degrees_of_freedom
        None draws normal returns; a number above 2 draws multivariate Student t returns of the same mean and
        covariance, whose assets fall together (Glasserman, *Monte Carlo Methods in Financial Engineering*, 2003,
        section 9.3).

    Raises
    ------
    DataError
        If shapes do not fit, a number is not finite, or the matrix is no covariance.
    UserError
        If ``draws`` are too few for the level or ``degrees_of_freedom`` is not above 2.
    """
    where = "monte carlo risk"
    confidence = checked_level(level, where)
    held = vector_of(weights, f"{where}: weights")
    centre = vector_of(mean, f"{where}: mean", length=len(held))
    matrix = matrix_of(covariance, f"{where}: covariance", rows=len(held), columns=len(held))
    kept = np.flatnonzero(held)
    held, centre = held[kept], centre[kept]
    values, vectors = positive_semi_definite(matrix[np.ix_(kept, kept)], len(kept), f"{where}: covariance")
    if draws * (1.0 - confidence) < 1.0 - 1e-9:
        raise UserError(f"{where}: {draws} draws leave no bar beyond level {confidence}; draw {DRAWS:,}")
    if degrees_of_freedom is not None and not degrees_of_freedom > 2.0:
        raise UserError(f"{where}: degrees_of_freedom is {degrees_of_freedom}, expected above 2, or None for normal")
    # The symmetric root: unlike Cholesky's it exists for a singular matrix, and it has no sign left to choose.
    loadings = vectors @ (np.sqrt(values) * (vectors.T @ held))
    shocks = _simulated(loadings, draws, seed, degrees_of_freedom)
    estimate = _historical(shocks + float(centre @ held), confidence)
    return _record(estimate, "monte_carlo", confidence, draws)


def estimate_tail(samples: FloatArray, *, method: str, level: float) -> TailEstimate:
    """Return the figures of many samples at once: ``samples`` has shape (..., n), the result shape (...).

    The samples must be finite and n at least 2; ``method`` is one of `ESTIMATORS`. See `tail_risk`.
    """
    confidence = checked_level(level, "tail risk")
    if method == "historical":
        return _historical(samples, confidence)
    if method == "gaussian":
        return _gaussian(samples, confidence)
    if method == "cornish_fisher":
        return _cornish_fisher(samples, confidence)
    if method == "monte_carlo":
        raise UserError(
            "tail risk: method 'monte_carlo' needs a mean, a covariance and weights; "
            "call portfolio_risk or monte_carlo_risk"
        )
    raise UserError(f"tail risk: method {method!r} is unknown; {choices(method, METHODS)}")


def cornish_fisher_domain(skewness: FloatArray | float, excess_kurtosis: FloatArray | float) -> BoolArray:
    """Tell for which skewness and excess kurtosis the Cornish-Fisher quantiles rise everywhere.

    True where the derivative of the expansion, a quadratic in the normal quantile, is nowhere negative:
    ``S²/9 - 4 (K/8 - S²/6) (1 - K/8 + 5 S²/36) <= 0``. S and K are the expansion's parameters; as is usual, the
    sample's moments stand in for them. No skewness above 6 (sqrt(2) - 1), about 2.49, in size is in the domain.

    References
    ----------
    Maillard, *A User's Guide to the Cornish Fisher Expansion*, SSRN 1997178 (2012), on the domain of validity.
    """
    square, linear, constant = _derivative(np.asarray(skewness), np.asarray(excess_kurtosis))
    inside: BoolArray = (linear**2 - 4.0 * square * constant <= 0.0) & (square >= 0.0)
    return inside


def _record(estimate: TailEstimate, method: str, level: float, observations: int) -> TailRisk:
    return TailRisk(
        method=method,
        level=float(level),
        value_at_risk=float(estimate.value_at_risk),
        expected_shortfall=float(estimate.expected_shortfall),
        observations=observations,
        within_domain=bool(estimate.within_domain),
    )


def _historical(samples: FloatArray, level: float) -> TailEstimate:
    count = samples.shape[-1]
    # Rounded, for 1 - 0.9 is a little less than 0.1 and would lose a whole order statistic.
    position = round((count - 1) * (1.0 - level), 9)
    lower = int(position)
    upper = min(lower + 1, count - 1)
    ordered = np.partition(samples, (lower, upper), axis=-1)
    below = ordered[..., lower]
    value = below + (position - lower) * (ordered[..., upper] - below)
    shortfall = ordered[..., : lower + 1].mean(axis=-1)
    # A mean of equal numbers may differ from them in the last digit.
    return _losses(value, np.minimum(shortfall, value))


def _gaussian(samples: FloatArray, level: float) -> TailEstimate:
    mean, deviation = samples.mean(axis=-1), samples.std(axis=-1)
    quantile = _STANDARD.inv_cdf(1.0 - level)
    tail_mean = -_STANDARD.pdf(quantile) / (1.0 - level)
    return _losses(mean + quantile * deviation, mean + tail_mean * deviation)


def _cornish_fisher(samples: FloatArray, level: float) -> TailEstimate:
    mean = samples.mean(axis=-1)
    deviations = samples - mean[..., np.newaxis]
    deviation = np.sqrt((deviations**2).mean(axis=-1))
    # The higher moments of a sample that stands still would be those of its rounding.
    moving = deviation > _ROUNDING * np.abs(samples).max(axis=-1)
    scores = np.where(moving[..., np.newaxis], deviations, 0.0) / np.where(moving, deviation, 1.0)[..., np.newaxis]
    squares = scores * scores
    skewness = (squares * scores).mean(axis=-1)
    kurtosis = np.where(moving, (squares * squares).mean(axis=-1) - 3.0, 0.0)
    quantile = _rising_quantile(_STANDARD.inv_cdf(1.0 - level), skewness, kurtosis)
    tail_mean = np.minimum(_edgeworth_tail_mean(quantile, skewness, kurtosis, level), quantile)
    within_domain = cornish_fisher_domain(skewness, kurtosis)
    return _losses(mean + quantile * deviation, mean + tail_mean * deviation)._replace(within_domain=within_domain)


def _losses(quantile: FloatArray, tail_mean: FloatArray) -> TailEstimate:
    """Turn returns into losses; subtracted from 0, for minus 0 would be printed as such."""
    return TailEstimate(0.0 - quantile, 0.0 - tail_mean, np.ones(quantile.shape, dtype=np.bool_))


def _derivative(skewness: FloatArray, kurtosis: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients of z², z and 1 in the derivative of the expansion."""
    squared = skewness**2
    return kurtosis / 8.0 - squared / 6.0, skewness / 3.0, 1.0 - kurtosis / 8.0 + 5.0 * squared / 36.0


def _expansion(z: FloatArray | float, skewness: FloatArray, kurtosis: FloatArray) -> FloatArray:
    expanded: FloatArray = (
        z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
    )
    return expanded


def _rising_quantile(z: float, skewness: FloatArray, kurtosis: FloatArray) -> FloatArray:
    """Return the lowest value of the expansion from ``z`` < 0 up to 0: the expansion itself inside its domain."""
    lowest = np.minimum(_expansion(z, skewness, kurtosis), _expansion(0.0, skewness, kurtosis))
    square, linear, constant = _derivative(skewness, kurtosis)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(linear**2 - 4.0 * square * constant)
        turns = ((-linear - root) / (2.0 * square), (-linear + root) / (2.0 * square), -constant / linear)
    for turn in turns:
        between = np.isfinite(turn) & (turn > z) & (turn < 0.0)
        there = _expansion(np.where(between, turn, z), skewness, kurtosis)
        lowest = np.minimum(lowest, there)
    return lowest


def _edgeworth_tail_mean(h: FloatArray, skewness: FloatArray, kurtosis: FloatArray, level: float) -> FloatArray:
    """Return the Edgeworth density's mean below ``h``, over the tail's probability, in standard deviations.

    The integrals of Boudt, Peterson and Croux (2008), in closed form.
    """
    density = np.exp(-(h**2) / 2.0) / math.sqrt(2.0 * math.pi)
    correction = (
        1.0
        + h**3 * skewness / 6.0
        + (h**6 - 9.0 * h**4 + 9.0 * h**2 + 3.0) * skewness**2 / 72.0
        + (h**4 - 2.0 * h**2 - 1.0) * kurtosis / 24.0
    )
    tail_mean: FloatArray = -density / (1.0 - level) * correction
    return tail_mean


def _simulated(loadings: FloatArray, draws: int, seed: int, degrees_of_freedom: float | None) -> FloatArray:
    """Draw portfolio shocks, shape (draws,): each the sum over assets of a loading times an independent shock."""
    generator = np.random.default_rng(seed)
    shocks = np.empty(draws)
    for start in range(0, draws, _DRAWS_AT_ONCE):
        count = min(_DRAWS_AT_ONCE, draws - start)
        normal = generator.standard_normal((count, len(loadings)))
        if degrees_of_freedom is not None:
            spread = np.sqrt((degrees_of_freedom - 2.0) / generator.chisquare(degrees_of_freedom, count))
            normal *= spread[:, np.newaxis]
        shocks[start : start + count] = normal @ loadings
    return shocks
