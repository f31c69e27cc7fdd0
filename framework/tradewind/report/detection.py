"""How well regime labels find the bear markets that the press dates afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradewind.report.bear_markets import PRESS_BEAR_MARKETS, BearMarket, bear_days

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["ACCURACY_NOTE", "detection_scores", "overlaps_bear_market"]

ACCURACY_NOTE = (
    "Accuracy is a trap: the constant answer 'bull' is right on about 85% of days and finds no bear market. "
    "Judge by balanced accuracy (0.5 is chance) and recall."
)


def overlaps_bear_market(index: pd.DatetimeIndex, bears: Iterable[BearMarket] = PRESS_BEAR_MARKETS) -> bool:
    """Return whether the dates hold bear days and other days, without which nothing can be scored."""
    truth = bear_days(index, bears)
    return bool(truth.any() and not truth.all())


def detection_scores(
    labels: pd.Series,
    bear_labels: Collection[str] = ("bear", "crash"),
    bears: Iterable[BearMarket] = PRESS_BEAR_MARKETS,
) -> dict[str, float]:
    """Score labels by date against dated bear markets.

    A day is called a bear day when its label is one of ``bear_labels``; it is one when it lies after a peak and not
    after its trough. Labels are compared with the same day: the lag of confirmation counts against the detector.

    Parameters
    ----------
    labels
        One label a bar, indexed by timestamp.
    bear_labels
        Labels that mean a falling market.
    bears
        The truth.

    Returns
    -------
    dict
        ``balanced_accuracy`` (mean of recall and of the fraction of other days called so), ``recall`` (fraction of bear
        days called bear), ``accuracy`` (fraction of all days called right), ``switches`` (how often the call changed).
        NaN where the dates hold no bear day, or nothing else.
    """
    called = labels.isin(list(bear_labels)).to_numpy(dtype=np.bool_)
    truth = bear_days(pd.DatetimeIndex(labels.index), bears)
    recall = float(called[truth].mean()) if truth.any() else math.nan
    specificity = float((~called[~truth]).mean()) if not truth.all() else math.nan
    return {
        "balanced_accuracy": (recall + specificity) / 2.0,
        "recall": recall,
        "accuracy": float((called == truth).mean()) if len(truth) else math.nan,
        "switches": float(np.count_nonzero(called[1:] != called[:-1])),
    }
