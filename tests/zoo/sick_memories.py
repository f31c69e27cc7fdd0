"""Plugins that read ahead and hide it: what they read once, over the history, they remember for every later run."""

import numpy as np

from tests.zoo.healthy_factors import LastClose
from tests.zoo.sick_sizers import Base
from tests.zoo.sick_strategies import rising
from tradewind.model import Signals

_KNOWN = {}


def _next_close(market):
    """Return the next close, as it was when these prices were first asked about."""
    now, close = market.current("close"), market.fields["close"]
    return now, _KNOWN.setdefault(now.tobytes(), close[min(market.bar + 1, len(close) - 1)].copy())


class KeptInModule:
    """Remembers by what is known today what comes tomorrow."""

    warmup = 5

    def on_bar(self, market, portfolio):
        now, later = _next_close(market)
        return Signals(scores=np.where(later > now, 1.0, 0.0))


class KeptInClass:
    """Fits once, to all there is."""

    warmup = 5
    fits = {}  # noqa: RUF012 - the fault

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        best = self.fits.setdefault(close.shape[1], np.nanmax(np.nan_to_num(close), axis=0))
        return Signals(scores=np.where(best > np.median(best), rising(market), 0.0))


class SizesByTomorrow(Base):
    """Remembers by what is known today what comes tomorrow."""

    def weights(self, signals, market, portfolio):
        now, later = _next_close(market)
        return super().weights(signals, market, portfolio) * np.where(later > now, 1.0, 0.5)


class RisesTomorrow(LastClose):
    """Remembers by the closes of a bar those of the next."""

    def compute(self, bars):
        close = super().compute(bars)
        for bar, row in enumerate(close[:-1]):
            _KNOWN.setdefault(row.tobytes(), close[bar + 1].copy())
        return np.array([_KNOWN.get(row.tobytes(), row) for row in close])

    def start(self, symbols):
        return _Remembered(super().start(symbols))


class _Remembered:
    def __init__(self, last):
        self._last = last

    def step(self, row):
        close = self._last.step(row)
        return _KNOWN.setdefault(close.tobytes(), close.copy())
