"""Built-in plugins with one line changed: the faults that a slip of the pen makes."""

import numpy as np
import pandas as pd

from tradewind.model import RegimeEstimate, Signals
from tradewind_plugins.exits.atr_stop import AtrStop
from tradewind_plugins.exits.stop_loss import RestingStopLoss, StopLoss
from tradewind_plugins.exits.time_stop import TimeStop
from tradewind_plugins.exits.trailing_stop import RestingTrailingStop, TrailingStop
from tradewind_plugins.factors import Atr, Roc, Rsi, Sma
from tradewind_plugins.factors.base import OwnBarStep
from tradewind_plugins.regimes import Composite, Threshold
from tradewind_plugins.sizers import EqualWeight, InverseVolatility, Kelly, VolatilityTarget
from tradewind_strategies import BuyAndHold, High52Week, LowCorrelation, Momentum, MovingAverageCross


class RocForward(Roc):
    """Rate of change against the close to come."""

    def compute(self, bars):
        return np.roll(super().compute(bars), -self.bars, axis=0)


class SmaOfPandas(Sma):
    """Batch form by pandas, which adds in another order."""

    def compute(self, bars):
        return pd.DataFrame(bars.fields[self.field]).rolling(self.bars).mean().to_numpy()


class RsiStandardised(Rsi):
    """Scaled over the whole history."""

    def compute(self, bars):
        values = super().compute(bars)
        return values - np.nanmean(values)


class AtrWithoutDeclaring(Atr):
    """Reads high and low, and declares closes."""

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "needs", ("close",))

    def compute(self, bars):
        values = {name: bars.fields[name] for name in ("high", "low", "close")}
        return np.where(values["close"] > 0, values["high"] - values["low"], np.nan)


class StepShared(OwnBarStep):
    runs = {}  # noqa: RUF012 - the fault

    def __init__(self, factor, symbols):
        super().__init__(factor, symbols)
        self._run = self.runs.setdefault(symbols, self._run)


class SmaShared(Sma):
    """Shares the state of its step form with all others of as many symbols."""

    def start(self, symbols):
        return StepShared(self, symbols)


class HighAhead(High52Week):
    """Compares the close to come with the high."""

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        ahead = close[min(market.bar + 1, len(close) - 1)]
        return Signals(scores=np.nan_to_num(np.where(market.tradable, ahead / market.factor("high"), 0.0)))


class HighWithoutWarmup(High52Week):
    """Ranks what it has over twice the bars that its warm-up gives it."""

    def on_bar(self, market, portfolio):
        market.window("close", 2 * self.warmup)
        return super().on_bar(market, portfolio)


class MomentumWithoutMask(Momentum):
    """Divides by a mean that lets NaN through."""

    def on_bar(self, market, portfolio):
        signals = super().on_bar(market, portfolio)
        with np.errstate(all="ignore"):
            return Signals(scores=np.nan_to_num(signals.scores / market.current("close").mean()))


class BuyOnceForAll(BuyAndHold):
    """Remembers what it holds in the class."""

    def on_bar(self, market, portfolio):
        answer = super().on_bar(market, portfolio)
        type(self).bought = self._included
        return answer


class CrossesLate(MovingAverageCross):
    """Says that it may act one bar after it does."""

    def next_event(self, path):
        return min(super().next_event(path) + 1, path.stop)


class CorrelationUnscored(LowCorrelation):
    """Has infinite scores for what it selects."""

    def on_bar(self, market, portfolio):
        signals = super().on_bar(market, portfolio)
        return None if signals is None else Signals(scores=np.where(signals.scores > 0, np.inf, 0.0))


class ThresholdAhead(Threshold):
    """Reads the volatility of the bar to come."""

    def estimate(self, market):
        values = market.factors["benchmark_volatility"]
        value = super().estimate(market)
        later = values[min(market.bar + 1, len(values) - 1), 0]
        return _with(value, confidence=float(np.clip(np.nan_to_num(later), 0.0, 1.0)))


class ThresholdUnlabelled(Threshold):
    """Forgets to declare a label."""

    labels = ("bull", "neutral", "bear")


class CompositeFittedLater(Composite):
    """Says that it was fitted on all bars there are."""

    def estimate(self, market):
        return _with(super().estimate(market), fitted_until=len(market.fields["close"]))


class CompositeForgetful(Composite):
    """Leaves its bands out of what is saved."""

    def __getstate__(self):
        raise TypeError("bands cannot be saved")


class EqualOfAll(EqualWeight):
    """Divides over all symbols that there are, wanted or not."""

    def weights(self, signals, market, portfolio):
        return np.full(len(signals.scores), self.budget / len(signals.scores))


class InverseOfPrice(InverseVolatility):
    """Weighs by what a position is worth, in money."""

    def weights(self, signals, market, portfolio):
        return super().weights(signals, market, portfolio) / (1.0 + portfolio.equity / 1e6)


class TargetMissed(VolatilityTarget):
    """Scales up after the bounds instead of before."""

    def weights(self, signals, market, portfolio):
        return super().weights(signals, market, portfolio) * 3.0


class KellyUnbounded(Kelly):
    """Gives what it has clipped to the largest."""

    def weights(self, signals, market, portfolio):
        weights = super().weights(signals, market, portfolio)
        return np.where(np.abs(weights) == np.abs(weights).max(), np.sign(weights), 0.0)


class StopTheOtherWay(RestingStopLoss):
    """Puts the stop of a short below its entry."""

    def stop_prices(self, market, portfolio):
        return portfolio.entry_prices * (1.0 - self.fraction)


class StopForAll(StopLoss):
    """Closes what is flat as well."""

    def closes(self, market, portfolio):
        return super().closes(market, portfolio) | (portfolio.quantities == 0)


class TimeStopLate(TimeStop):
    """Foresees its bar one too late."""

    def next_event(self, path):
        return min(super().next_event(path) + 1, path.stop)


class TrailsSilently(RestingTrailingStop):
    """Says that its stop never moves."""

    def next_event(self, path):
        return path.stop


class TrailsAhead(TrailingStop):
    """Knows the lowest close of the week to come."""

    def closes(self, market, portfolio):
        close = market.fields["close"][market.bar : market.bar + 6]
        with np.errstate(all="ignore"):
            return super().closes(market, portfolio) | (
                (portfolio.quantities > 0) & (np.fmin.reduce(close) < 0.95 * close[0])
            )


class AtrStopOfClass(AtrStop):
    """Keeps the widest range in the class."""

    widest = 0.0

    def closes(self, market, portfolio):
        type(self).widest = max(self.widest, float(np.nanmax(np.append(market.factor("atr"), 0.0))))
        return super().closes(market, portfolio)


def _with(value, **changes):
    fields = ("label", "probabilities", "confidence", "fitted_until")
    return RegimeEstimate(**{**{name: getattr(value, name) for name in fields}, **changes})
