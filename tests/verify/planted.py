"""Plugins that read the future, each in another way, and bars to find them on."""

import itertools
import time

import numpy as np

from tradewind.model import Signals, Targets
from tradewind.runs.in_memory import builder_over
from tradewind.testing import make_bars
from tradewind.verify import verify

SYMBOLS = ("AA", "BB", "CC", "DD")


def prices(bars=120, symbols=SYMBOLS, seed=3, **options):
    """Return bars with all fields, random walks in which the best of the next bar is seldom the best of this one."""
    generator = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(generator.normal(0.0, 0.03, (bars, len(symbols))), axis=0))
    spread = close * generator.uniform(0.001, 0.01, close.shape)
    return make_bars(
        close,
        symbols=symbols,
        open=close * (1.0 + generator.uniform(-0.001, 0.001, close.shape)),
        high=close + spread,
        low=close - spread,
        volume=generator.integers(1_000_000, 2_000_000, close.shape).astype(np.float64),
        **options,
    )


def one(scores):
    """Return signals for the highest score alone."""
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    return Signals(scores=(np.arange(len(scores)) == scores.argmax()).astype(np.float64))


class Plain:
    """Holds what has risen most in five bars; honest."""

    schedule = "weekly"
    warmup = 10

    def on_bar(self, market, portfolio):
        return one(market.current("close") / market.current("close", -5))


def idea(strategy=Plain, *, sizer="equal_weight", risk="off", exits=(), costs=None, **more):
    sleeve = {"strategy": strategy, "exits": list(exits)} | ({"sizer": sizer} if sizer else {})
    costs = {} if costs is None else {"costs": costs}
    return {"name": "planted", "sleeves": [sleeve], "risk": risk, **costs, **more}


def verdict_on(config, bars=None, **options):
    bars = prices() if bars is None else bars
    return verify(builder_over(config, bars), bars, **({"cuts": 8, "whole_cuts": 2} | options))


class FactorReader:
    """Holds what its factor ``leak`` ranks highest."""

    schedule = "weekly"
    warmup = 10
    factor = None

    def __init__(self):
        self.factors = {"leak": self.factor}

    def on_bar(self, market, portfolio):
        return one(market.factor("leak"))


def reader_of(leak, **attributes):
    """Return a strategy that reads a factor made of a function of bars."""
    members = {"needs": ("close",), "compute": lambda self, bars: leak(bars), "start": lambda self, n: OwnClose()}
    factor = type("Made", (), members)()
    return type("Reader", (FactorReader,), {"factor": factor, **attributes})


class OwnClose:
    """The step form that a factor would have which looks at one bar."""

    def step(self, row):
        return row["close"].copy()


def later(values, bars=1):
    """Return rows of ``bars`` bars ahead; the last ones repeat."""
    return np.concatenate([values[bars:], np.repeat(values[-1:], bars, axis=0)])


def shifted(bars):
    return later(bars.fields["close"]) / bars.fields["close"]


def scaled(bars):
    close = bars.fields["close"]
    return (close - close.mean(axis=0)) / close.std(axis=0)


def centred(bars):
    close = bars.fields["close"]
    padded = np.pad(close, ((2, 2), (0, 0)), mode="edge")
    return close / sum(padded[k : k + len(close)] for k in range(5))


def labelled_left(bars):
    """Weeks of five bars that carry their last close from their first bar on."""
    close = bars.fields["close"]
    week = np.arange(len(close)) // 5
    last = np.minimum(week * 5 + 4, len(close) - 1)
    return close[last] / close[0]


def fitted(bars):
    """The slope of a line through the whole history."""
    close = np.log(bars.fields["close"])
    slope = np.polyfit(np.arange(len(close)), close, 1)[0]
    return np.repeat(slope[np.newaxis], len(close), axis=0)


def survivors(bars):
    """The close of whatever still trades on the last day."""
    close = bars.fields["close"]
    return np.where(np.isfinite(close[-1]), close / close[0], -1.0)


LEAKING_FACTORS = {
    "shifted": shifted,
    "scaled": scaled,
    "centred": centred,
    "labelled left": labelled_left,
    "fitted": fitted,
    "survivors": survivors,
}


class NextClose(Plain):
    """Reads the array behind what the market shows."""

    def on_bar(self, market, portfolio):
        close = market.fields["close"]
        ahead = min(market.bar + 1, len(close) - 1)
        return one(close[ahead] / close[market.bar])


class Base(Plain):
    """Reads the array that a window is a view of."""

    def on_bar(self, market, portfolio):
        window = market.window("close", 3)
        whole = window
        while whole.base is not None and len(whole.base) >= len(whole):
            whole = whole.base
        return one(whole[min(market.bar + 1, len(whole) - 1)] / window[-1])


class LastDay(Plain):
    """Holds what there still is at the end."""

    def on_bar(self, market, portfolio):
        return one(market.fields["close"][-1])


class Targeting(NextClose):
    def on_bar(self, market, portfolio):
        scores = super().on_bar(market, portfolio).scores
        return Targets(weights=scores * 0.9)


class OneBar(Plain):
    """Reads the high of BB of bar 71, ten bars before it is there."""

    schedule = "every_bar"

    def on_bar(self, market, portfolio):
        high = market.fields["high"]
        scores = np.array([1.0, 0.0, 0.0, 0.0])
        if market.bar == 61 and len(high) > 71:
            scores[0] = high[71, 1]
        return Signals(scores=scores)


class LeakingSizer:
    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        close = market.fields["close"]
        rises = close[min(market.bar + 1, len(close) - 1)] > close[market.bar]
        return np.where(np.nan_to_num(signals.scores) > 0, np.where(rises, 0.9, 0.3), 0.0)


class LeakingExit:
    def closes(self, market, portfolio):
        close = market.fields["close"]
        return close[min(market.bar + 1, len(close) - 1)] < close[market.bar]


class LeakingRegime:
    labels = ("up", "down")
    warmup = 5

    def estimate(self, market):
        from tradewind.model import RegimeEstimate

        close = market.fields["close"]
        ahead = close[min(market.bar + 1, len(close) - 1), 0] > close[market.bar, 0]
        label = "up" if ahead else "down"
        odds = {"up": 0.9 if ahead else 0.1, "down": 0.1 if ahead else 0.9}
        return RegimeEstimate(label=label, probabilities=odds, confidence=0.9, fitted_until=market.bar)


class HonestRegime(LeakingRegime):
    def estimate(self, market):
        from tradewind.model import RegimeEstimate

        up = bool(market.current("close")[0] > market.current("close", -5)[0])
        odds = {"up": 0.9 if up else 0.1, "down": 0.1 if up else 0.9}
        return RegimeEstimate(label="up" if up else "down", probabilities=odds, confidence=0.9, fitted_until=market.bar)


class ClassState(Plain):
    """Counts its calls in the class, so that the second run goes on where the first has ended."""

    calls = 0

    def on_bar(self, market, portfolio):
        type(self).calls += 1
        return Signals(scores=np.eye(4)[type(self).calls % 3])


class Unseeded(Plain):
    def on_bar(self, market, portfolio):
        return one(np.random.default_rng().normal(size=4))


class Clock(Plain):
    def on_bar(self, market, portfolio):
        return one(np.sin(time.perf_counter_ns() % 9973 + np.arange(4.0)))


_instances = itertools.count()


class SetOrder(Plain):
    """Takes the first of a set whose order depends on where its objects lie in memory."""

    def __init__(self):
        number = next(_instances)
        self._order = {(number, symbol) for symbol in SYMBOLS}

    def on_bar(self, market, portfolio):
        symbol = next(iter(self._order))[1]
        return Signals(scores=np.array([float(symbol == one) for one in SYMBOLS]))


class Jumping(Plain):
    """Says that nothing happens for ten bars, and would have decided on each of them."""

    schedule = "every_bar"

    def next_event(self, path):
        return min(path.bar + 10, path.stop)


class StepsOtherwise:
    """A factor whose step form is a bar late."""

    needs = ("close",)

    def compute(self, bars):
        return bars.fields["close"].copy()

    def start(self, symbols):
        class Step:
            last = np.full(symbols, np.nan)

            def step(self, row):
                last, self.last = self.last, row["close"].copy()
                return last

        return Step()


class Failing(Plain):
    """Fails where the history ends early."""

    def on_bar(self, market, portfolio):
        market.fields["close"][market.bar + 3]
        return super().on_bar(market, portfolio)


class Foreseeing(Plain):
    """Keeps what `next_event` is shown of the bars ahead, and decides by it."""

    schedule = "every_bar"

    def __init__(self):
        self._rises = None

    def next_event(self, path):
        ahead = path.ahead("close")
        if len(ahead) > 1:
            self._rises = ahead[1] / ahead[0]
        return min(path.bar + 1, path.stop)

    def on_bar(self, market, portfolio):
        return one(np.arange(4.0) if self._rises is None else self._rises)


_shown = {}


class Showing(Plain):
    """Decides honestly, and leaves the array it was shown where others find it."""

    def on_bar(self, market, portfolio):
        _shown["close"], _shown["bar"] = market.fields["close"], market.bar
        return super().on_bar(market, portfolio)


def rises_next(column):
    close, bar = _shown["close"], _shown["bar"]
    return close[min(bar + 1, len(close) - 1), column] > close[bar, column]


class LeakingGate:
    """Rejects what falls on the next bar."""

    def check(self, batch, account):
        from tradewind.contracts import Verdict

        return [
            Verdict(order, 0.0, "falls", f"{intent.instrument.symbol} will fall")
            for order, intent in enumerate(batch.intents)
            if batch.openings[order] and not rises_next(SYMBOLS.index(intent.instrument.symbol))
        ]


class LeakingCost:
    """Charges more for what rises on the next bar."""

    uses_liquidity = False

    def costs(self, trades):
        from tradewind.contracts import Costs

        nothing = np.zeros(len(trades.instruments))
        dear = np.array([rises_next(SYMBOLS.index(one.symbol)) for one in trades.instruments])
        return Costs(commission=np.where(dear, 9.0, 1.0), spread=nothing, slippage=nothing, impact=nothing)


class LeakingStop:
    """Rests a stop just below the low of the next bar."""

    def stop_prices(self, market, portfolio):
        low = market.fields["low"]
        return np.where(portfolio.quantities != 0.0, low[min(market.bar + 1, len(low) - 1)] * 0.999, np.nan)

    def limit_prices(self, market, portfolio):
        return np.full(len(portfolio.quantities), np.nan)


class LeakingLevel(LeakingStop):
    """Rests a stop that stays, below the lowest low of bars to come: it seldom moves."""

    def stop_prices(self, market, portfolio):
        lows = np.minimum.accumulate(market.fields["low"][market.bar :][:6])[-1]
        return np.where(portfolio.quantities != 0.0, np.floor(lows * 0.97), np.nan)


class Everything(Plain):
    """Holds all there is; honest."""

    schedule = "quarterly"

    def on_bar(self, market, portfolio):
        return Signals(scores=np.ones(len(market.symbols)))


class Average(FactorReader):
    """Reads a long average after a short warm-up."""

    def __init__(self, average_bars: int = 40, warmup: int = 12) -> None:
        from tradewind_plugins.factors import Sma

        self.warmup = warmup
        self.factors = {"leak": Sma(average_bars)}
