"""How likely a drawdown stays above a floor: the stationary bootstrap of a run's own returns.

References
----------
Politis and Romano (1994), "The stationary bootstrap", *JASA* 89. Politis and White (2004), "Automatic block-length
selection for the dependent bootstrap", *Econometric Reviews* 23, with the correction of Patton, Politis and White
(2009), *Econometric Reviews* 28.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradewind.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["LEAST_RETURNS", "Survival", "block_length", "politis_white", "resample_rows", "survival", "worst_drawdowns"]

LEAST_RETURNS = 60
"""Fewer returns than this say nothing about years."""
_CHUNK_VALUES = 1 << 20
"""Values drawn at once: 8 MB an array."""
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """The probability that no drawdown of an horizon reaches a limit.

    Parameters
    ----------
    drawdown
        The limit, a positive fraction.
    horizon_bars
        Bars looked ahead.
    probability
        Part of the paths whose drawdown stays smaller.
    simulation_interval
        Wilson's 95 % interval: what more paths would change.
    history_interval
        The middle 95 % of the estimates from resampled histories: what another history of the same length would
        change; never narrower than the other. It is the one to look at.
    """

    drawdown: float
    horizon_bars: int
    probability: float
    simulation_interval: tuple[float, float]
    history_interval: tuple[float, float]


def survival(
    returns: FloatArray,
    *,
    drawdowns: Sequence[float],
    horizons: Sequence[int],
    mean_block: float,
    paths: int = 10_000,
    seed: int = 0,
    histories: int = 100,
    paths_per_history: int = 200,
) -> tuple[Survival, ...]:
    """Return the probability of survival for each limit and horizon.

    A path begins at its high. The same paths serve all limits and horizons, so the probability never rises with the
    horizon and never falls with the limit.

    Parameters
    ----------
    returns
        Of each bar, all above -1, shape (T,).
    drawdowns, horizons
        Limits as positive fractions, and bars.
    mean_block
        Expected length of a block, at least 1; infinite: each path is one stretch of the history.
    paths, seed
        Paths drawn, and what they are drawn from.
    histories, paths_per_history
        Resampled histories, and paths of each, for ``history_interval``.

    Raises
    ------
    DataError
        If returns are too few, not finite, or -1 or less.
    """
    logarithms = _logarithms(returns)
    generator = np.random.default_rng(seed)
    floors = -np.log1p(-np.asarray(drawdowns, dtype=np.float64))
    found = _shares(worst_drawdowns(logarithms, horizons, paths, mean_block, generator), floors)
    others = np.empty((histories, *found.shape))
    for number in range(histories):
        history = logarithms[resample_rows(len(logarithms), 1, len(logarithms), mean_block, generator)[0]]
        worst = worst_drawdowns(history, horizons, paths_per_history, mean_block, generator)
        others[number] = _shares(worst, floors)
    return tuple(
        _survival(float(drawdown), int(horizon), float(found[row, column]), paths, others[:, row, column])
        for row, drawdown in enumerate(drawdowns)
        for column, horizon in enumerate(horizons)
    )


def worst_drawdowns(
    logarithms: FloatArray, horizons: Sequence[int], paths: int, mean_block: float, generator: np.random.Generator
) -> FloatArray:
    """Return the largest logarithmic drawdown ``log(high / low)`` within each horizon, shape (paths, horizons).

    Parameters
    ----------
    logarithms
        Logarithms of 1 + return, shape (T,).
    horizons
        In bars.
    paths, mean_block, generator
        As in `survival`.
    """
    longest = max(horizons)
    order = np.argsort(horizons)
    worst = np.empty((paths, len(horizons)))
    size = max(1, _CHUNK_VALUES // longest)
    for first in range(0, paths, size):
        count = min(size, paths - first)
        curve = logarithms[resample_rows(len(logarithms), count, longest, mean_block, generator)]
        np.cumsum(curve, axis=1, out=curve)
        depths = np.maximum(np.maximum.accumulate(curve, axis=1), 0.0)
        depths -= curve
        before, so_far = 0, np.zeros(count)
        for column in order:
            so_far = np.maximum(so_far, depths[:, before : horizons[column]].max(axis=1, initial=0.0))
            worst[first : first + count, column] = so_far
            before = horizons[column]
    return worst


def resample_rows(length: int, paths: int, bars: int, mean_block: float, generator: np.random.Generator) -> IntArray:
    """Return row numbers of a stationary bootstrap, shape (paths, bars).

    Each path begins anywhere; after each bar it goes on to the next one, the first after the last, or with probability
    ``1 / mean_block`` begins anywhere again.
    """
    total = paths * bars
    begins = generator.random(total) < 1.0 / mean_block
    begins[::bars] = True
    places = np.flatnonzero(begins)
    offsets = generator.integers(0, length, len(places)) - places
    rows = np.repeat(offsets, np.diff(places, append=total))
    rows += np.arange(total)
    rows %= length
    return rows.reshape(paths, bars)


def block_length(returns: FloatArray) -> float:
    """Return the expected block length that the rule of Politis and White chooses, at least 1.

    The rule is applied to the returns and to their absolute values, and the longer is taken: returns themselves are
    all but uncorrelated, while their size is not, and it is calm and turmoil in clusters that make drawdowns.
    """
    values = np.asarray(returns, dtype=np.float64)
    return max(politis_white(values), politis_white(np.abs(values)))


def politis_white(values: FloatArray) -> float:
    """Return the block length that minimises the error of the variance of the mean, stationary bootstrap, at least 1.

    ``(2 G^2 / D)^(1/3) N^(1/3)`` with ``G = sum lambda(k/M) |k| R(k)``, ``D = 2 (sum lambda(k/M) R(k))^2``, a flat-top
    window, and M twice the lag after which autocorrelations are insignificant. At most ``min(3 sqrt(N), N / 3)``.
    """
    count = len(values)
    centred = values - values.mean()
    variance = float(centred @ centred) / count
    if not variance > 0.0:
        return 1.0
    runs = max(5, math.ceil(math.sqrt(math.log10(count))))
    longest = min(math.ceil(math.sqrt(count)) + runs, count - 1)
    covariances = np.array([float(centred[lag:] @ centred[: count - lag]) / count for lag in range(longest + 1)])
    small = np.abs(covariances[1:] / variance) < 2.0 * math.sqrt(math.log10(count) / count)
    quiet = next((lag for lag in range(len(small) - runs + 1) if small[lag : lag + runs].all()), longest)
    bandwidth = min(2 * max(quiet, 1), longest)
    lags = np.arange(bandwidth + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))
    weighted = 2.0 * window * covariances[: bandwidth + 1]
    spread = float(weighted.sum()) - covariances[0]
    if spread == 0.0:
        return 1.0
    ratio = abs(float((weighted * lags).sum()) / spread)
    most = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    return float(min(max((ratio**2 * count) ** (1.0 / 3.0), 1.0), most))


def _logarithms(returns: FloatArray) -> FloatArray:
    values = np.asarray(returns, dtype=np.float64)
    if len(values) < LEAST_RETURNS:
        raise DataError(f"survival: received {len(values)} returns; at least {LEAST_RETURNS} are needed, run longer")
    if not np.isfinite(values).all() or not (values > -1.0).all():
        raise DataError("survival: returns must be finite and above -1; equity went to zero or below, or is NaN")
    return np.log1p(values)


def _shares(worst: FloatArray, floors: FloatArray) -> FloatArray:
    """Return the part of the paths below each floor, shape (floors, horizons)."""
    return np.asarray((worst[None, :, :] < floors[:, None, None]).mean(axis=1), dtype=np.float64)


def _survival(drawdown: float, horizon: int, share: float, paths: int, others: FloatArray) -> Survival:
    low, high = _wilson(share, paths)
    if len(others):
        low, high = min(low, float(np.quantile(others, 0.025))), max(high, float(np.quantile(others, 0.975)))
    return Survival(
        drawdown=drawdown,
        horizon_bars=horizon,
        probability=share,
        simulation_interval=_wilson(share, paths),
        history_interval=(low, high),
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    scale = 1.0 + _Z95**2 / count
    centre = share + _Z95**2 / (2.0 * count)
    half = _Z95 * math.sqrt(share * (1.0 - share) / count + _Z95**2 / (4.0 * count**2))
    return min(max((centre - half) / scale, 0.0), share), max(min((centre + half) / scale, 1.0), share)
