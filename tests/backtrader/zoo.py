"""The indicators, analyzers and observers that scenarios choose from, each under its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backtrader as bt

ind = bt.indicators
DAYS = bt.TimeFrame.Days


class NextOnly(bt.Indicator):
    """An indicator of a script's own, with `next` only, that reads its own past."""

    lines = ("level", "steps")
    params = (("period", 3),)

    def __init__(self) -> None:
        self.addminperiod(self.p.period)

    def nextstart(self) -> None:
        self.lines.level[0] = sum(self.data.close.get(size=self.p.period)) / self.p.period
        self.lines.steps[0] = 1.0

    def next(self) -> None:
        self.lines.level[0] = 0.5 * self.lines.level[-1] + 0.5 * self.data.close[0]
        self.lines.steps[0] = self.lines.steps[-1] + len(self.data)


class WithOnce(bt.Indicator):
    """An indicator of a script's own that calculates in `next` and in `once`."""

    lines = ("range",)

    def next(self) -> None:
        self.lines.range[0] = self.data.high[0] - self.data.low[0]

    def once(self, start: int, end: int) -> None:
        for bar in range(start, end):
            self.lines.range.array[bar] = self.data.high.array[bar] - self.data.low.array[bar]


class Nested(bt.Indicator):
    """An indicator of a script's own made of other indicators and line expressions."""

    lines = ("score",)
    params = (("period", 3),)

    def __init__(self) -> None:
        middle = ind.SMA((self.data.high + self.data.low) / 2, period=self.p.period)
        self.lines.score = bt.If(self.data.close > middle, self.data.close - middle, middle(-1) - self.data.close)


INDICATORS: dict[str, Callable[[Any, int], Any]] = {
    "SMA": lambda data, n: ind.SMA(data, period=n),
    "own, next only": lambda data, n: NextOnly(data, period=n),
    "own, with once": lambda data, n: WithOnce(data),
    "own, nested": lambda data, n: Nested(data, period=n),
    "average of own": lambda data, n: ind.SMA(NextOnly(data, period=n).level, period=2),
    "EMA": lambda data, n: ind.EMA(data, period=n),
    "SMMA": lambda data, n: ind.SMMA(data, period=n),
    "WMA": lambda data, n: ind.WMA(data, period=n),
    "DEMA": lambda data, n: ind.DEMA(data, period=n),
    "TEMA": lambda data, n: ind.TEMA(data, period=n),
    "HMA": lambda data, n: ind.HMA(data, period=max(n, 4)),
    "KAMA": lambda data, n: ind.KAMA(data, period=n),
    "ZLEMA": lambda data, n: ind.ZLEMA(data, period=n),
    "ZLInd": lambda data, n: ind.ZLInd(data, period=n, gainlimit=5),
    "DMA": lambda data, n: ind.DMA(data, period=n, gainlimit=5, hperiod=3),
    "Highest": lambda data, n: ind.Highest(data, period=n),
    "Lowest": lambda data, n: ind.Lowest(data, period=n),
    "FindFirstIndexHighest": lambda data, n: ind.FindFirstIndexHighest(data.high, period=n),
    "SumN": lambda data, n: ind.SumN(data, period=n),
    "Average": lambda data, n: ind.Average(data, period=n),
    "WeightedAverage": lambda data, n: ind.WeightedAverage(data, period=n, coef=1.0, weights=tuple(range(1, n + 1))),
    "Accum": lambda data, n: ind.Accum(data),
    "AnyN": lambda data, n: ind.AnyN(data.close > data.open, period=n),
    "AllN": lambda data, n: ind.AllN(data.close > data.open, period=n),
    "StdDev": lambda data, n: ind.StdDev(data, period=n),
    "MeanDev": lambda data, n: ind.MeanDev(data, period=n),
    "BollingerBands": lambda data, n: ind.BollingerBands(data, period=n),
    "BollingerBandsPct": lambda data, n: ind.BollingerBandsPct(data, period=n),
    "Envelope": lambda data, n: ind.Envelope(data),
    "EMAEnvelope": lambda data, n: ind.EMAEnvelope(data, period=n),
    "RSI": lambda data, n: ind.RSI(data, period=n, safediv=True),
    "RSI_SMA": lambda data, n: ind.RSI_SMA(data, period=n, safediv=True),
    "RSI_EMA": lambda data, n: ind.RSI_EMA(data, period=n, safediv=True),
    "RSI unsafe": lambda data, n: ind.RSI(data, period=n),
    "RMI": lambda data, n: ind.RMI(data, period=n, lookback=2, safediv=True),
    "LRSI": lambda data, n: ind.LRSI(data),
    "ATR": lambda data, n: ind.ATR(data, period=n),
    "TrueRange": lambda data, n: ind.TrueRange(data),
    "MACD": lambda data, n: ind.MACD(data, period_me1=n, period_me2=n + 3, period_signal=3),
    "MACDHisto": lambda data, n: ind.MACDHisto(data, period_me1=n, period_me2=n + 3, period_signal=3),
    "PPO": lambda data, n: ind.PPO(data, period1=n, period2=n + 3, period_signal=3),
    "PPOShort": lambda data, n: ind.PPOShort(data, period1=n, period2=n + 3, period_signal=3),
    "Stochastic": lambda data, n: ind.Stochastic(data, period=n, safediv=True),
    "StochasticFast": lambda data, n: ind.StochasticFast(data, period=n, safediv=True),
    "StochasticFull": lambda data, n: ind.StochasticFull(data, period=n, safediv=True),
    "WilliamsR": lambda data, n: ind.WilliamsR(data, period=n),
    "WilliamsAD": lambda data, n: ind.WilliamsAD(data),
    "UltimateOscillator": lambda data, n: ind.UltimateOscillator(data, p1=n, p2=n + 1, p3=n + 2),
    "Momentum": lambda data, n: ind.Momentum(data, period=n),
    "MomentumOscillator": lambda data, n: ind.MomentumOscillator(data, period=n),
    "ROC": lambda data, n: ind.ROC(data, period=n),
    "ROC100": lambda data, n: ind.ROC100(data, period=n),
    "PctChange": lambda data, n: ind.PctChange(data, period=n),
    "PercentRank": lambda data, n: ind.PercentRank(data, period=n),
    "TRIX": lambda data, n: ind.TRIX(data, period=min(n, 5)),
    "TRIXSignal": lambda data, n: ind.TrixSignal(data, period=min(n, 4), sigperiod=2),
    "TSI": lambda data, n: ind.TSI(data, period1=n, period2=3, pchange=1),
    "CCI": lambda data, n: ind.CCI(data, period=n),
    "DPO": lambda data, n: ind.DPO(data, period=n),
    "DV2": lambda data, n: ind.DV2(data, period=n, maperiod=2),
    "KST": lambda data, n: ind.KST(data, rp1=2, rp2=3, rp3=4, rp4=5, rma1=2, rma2=2, rma3=2, rma4=2, rsignal=2),
    "PGO": lambda data, n: ind.PGO(data, period=n),
    "PSAR": lambda data, n: ind.PSAR(data),
    "Ichimoku": lambda data, n: ind.Ichimoku(data, tenkan=3, kijun=5, senkou=7, senkou_lead=4, chikou=3),
    "HeikinAshi": lambda data, n: ind.HeikinAshi(data),
    "HADelta": lambda data, n: ind.haDelta(data, period=2),
    "Aroon": lambda data, n: ind.AroonUpDown(data, period=n),
    "AroonOscillator": lambda data, n: ind.AroonOscillator(data, period=n),
    "ADX": lambda data, n: ind.ADX(data, period=min(n, 6)),
    "DirectionalMovement": lambda data, n: ind.DM(data, period=min(n, 6)),
    "Vortex": lambda data, n: ind.Vortex(data, period=n),
    "AO": lambda data, n: ind.AO(data, fast=2, slow=n + 1),
    "AccDeOsc": lambda data, n: ind.AccDeOsc(data, period=2),
    "Hurst": lambda data, n: ind.Hurst(data, period=12, lag_start=2, lag_end=5),
    "UpMove": lambda data, n: ind.UpMove(data),
    "DownDay": lambda data, n: ind.DownDay(data, period=2),
    "PivotPoint": lambda data, n: ind.PivotPoint(data),
    "FibonacciPivotPoint": lambda data, n: ind.FibonacciPivotPoint(data),
    "CrossOver": lambda data, n: ind.CrossOver(ind.SMA(data, period=2), ind.SMA(data, period=n + 1)),
    "CrossUp": lambda data, n: ind.CrossUp(data.close, ind.SMA(data, period=n)),
    "RSI of SMA of midpoint": lambda data, n: ind.RSI_Safe(ind.SMA((data.high + data.low) / 2.0, period=n), period=3),
    "SMA of ATR": lambda data, n: ind.SMA(ind.ATR(data, period=n), period=3),
    "price plus": lambda data, n: ind.SMA(1.0 + data.close * 2 - data.open, period=n),
    "price beyond": lambda data, n: ind.SMA(abs(data.close(-1) - data.close) ** 2, period=n),
    "power": lambda data, n: ind.SMA(data.close / data.open - 1.0, period=n),
    "number first": lambda data, n: ind.SMA(5.0 - data.close + 2.0 / data.open - data.low * 3, period=n),
    "whole and rest": lambda data, n: data.close // 3 + data.close % 3,
    "root": lambda data, n: data.close**0.5 - (-data.open),
    "by volume": lambda data, n: data.close / data.volume,
    "bounds": lambda data, n: (data.close > 20) + (data.close <= 19.5) - (data.low > 20) * (data.high != 21),
    "older": lambda data, n: data.close(-n) - ind.SMA(data, period=2)(-1),
    "compare": lambda data, n: bt.And(data.close > data.open, data.close >= data.close(-n), data.volume != 0),
    "or": lambda data, n: bt.Or(data.close < data.open, data.close <= data.low),
    "if": lambda data, n: bt.If(data.close > data.close(-1), data.high, -data.low),
    "max": lambda data, n: bt.Max(data.close, data.open(-1), 20.0),
    "min": lambda data, n: bt.Min(data.close, data.open),
    "sum": lambda data, n: bt.Sum(data.close, data.open, data.high),
    "any": lambda data, n: bt.Any(data.close == data.open, data.close > 21.0),
    "all": lambda data, n: bt.All(data.close > data.open, data.close > 19.0),
    "cmp": lambda data, n: bt.Cmp(data.close, data.open),
    "divbyzero": lambda data, n: bt.DivByZero(data.close, data.volume, zero=-1.0),
    "reduce": lambda data, n: bt.Reduce(lambda one, other: one - other, data.close, data.open),
}

PAIRS: dict[str, Callable[[Any, Any, int], Any]] = {
    "crossing of feeds": lambda one, other, n: ind.CrossOver(one.close, other.close),
    "difference of feeds": lambda one, other, n: one.close - other.close(-1),
    "average ratio of feeds": lambda one, other, n: ind.SMA(one.close / other.close, period=n),
    "feed above the other's average": lambda one, other, n: one.close > ind.EMA(other, period=n),
    "highest of feeds": lambda one, other, n: bt.Max(one.close, other.close),
    "beta": lambda one, other, n: ind.OLS_BetaN(one, other, period=n),
}
MEASURES = (*INDICATORS, *PAIRS)


def measures_of(name: str, feeds: list[Any], period: int) -> list[Any]:
    """Return the named indicator on every feed, or on the first and the last together."""
    if name in PAIRS:
        return [PAIRS[name](feeds[0], feeds[-1], period)]
    return [INDICATORS[name](data, period) for data in feeds]


ANALYZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "AnnualReturn": (bt.analyzers.AnnualReturn, {}),
    "Calmar": (bt.analyzers.Calmar, {"timeframe": DAYS, "period": 5}),
    "DrawDown": (bt.analyzers.DrawDown, {}),
    "DrawDown of the fund": (bt.analyzers.DrawDown, {"fund": True}),
    "TimeDrawDown": (bt.analyzers.TimeDrawDown, {"timeframe": bt.TimeFrame.Weeks}),
    "GrossLeverage": (bt.analyzers.GrossLeverage, {}),
    "LogReturnsRolling": (bt.analyzers.LogReturnsRolling, {"timeframe": DAYS, "compression": 3}),
    "PeriodStats": (bt.analyzers.PeriodStats, {"timeframe": DAYS}),
    "PositionsValue": (bt.analyzers.PositionsValue, {"headers": True, "cash": True}),
    "PyFolio": (bt.analyzers.PyFolio, {}),
    "Returns": (bt.analyzers.Returns, {"timeframe": DAYS}),
    "SharpeRatio": (bt.analyzers.SharpeRatio, {"timeframe": DAYS, "factor": 252}),
    "SharpeRatio from annual returns": (bt.analyzers.SharpeRatio, {"legacyannual": True}),
    "SharpeRatio_A": (bt.analyzers.SharpeRatio_A, {"timeframe": DAYS}),
    "SQN": (bt.analyzers.SQN, {}),
    "TimeReturn": (bt.analyzers.TimeReturn, {"timeframe": DAYS}),
    "TimeReturn by month": (bt.analyzers.TimeReturn, {"timeframe": bt.TimeFrame.Months}),
    "TimeReturn of a feed": (bt.analyzers.TimeReturn, {"timeframe": bt.TimeFrame.NoTimeFrame}),
    "TradeAnalyzer": (bt.analyzers.TradeAnalyzer, {}),
    "Transactions": (bt.analyzers.Transactions, {"headers": True}),
    "VWR": (bt.analyzers.VWR, {"timeframe": DAYS}),
}

OBSERVERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Broker": (bt.observers.Broker, {}),
    "Cash": (bt.observers.Cash, {}),
    "Value": (bt.observers.Value, {}),
    "BuySell": (bt.observers.BuySell, {"barplot": True}),
    "Trades": (bt.observers.Trades, {"pnlcomm": False}),
    "DataTrades": (bt.observers.DataTrades, {}),
    "DrawDown": (bt.observers.DrawDown, {}),
    "DrawDownLength": (bt.observers.DrawDownLength, {}),
    "TimeReturn": (bt.observers.TimeReturn, {"timeframe": DAYS}),
    "LogReturns": (bt.observers.LogReturns, {"timeframe": DAYS}),
    "Benchmark": (bt.observers.Benchmark, {"timeframe": DAYS}),
    "FundValue": (bt.observers.FundValue, {}),
    "FundShares": (bt.observers.FundShares, {}),
}
