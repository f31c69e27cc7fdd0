"""A plausible `Result` without a run, for tests of reports."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tradewind.model import Result
from tradewind.report.detection import detection_scores
from tradewind.report.metrics import compute_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.typing import FloatArray

__all__ = ["bare_result", "make_result"]

_START_CASH = 100_000.0
_LABELS = ("bull", "neutral", "bear", "crash")
_INVESTED = {"bull": 0.95, "neutral": 0.7, "bear": 0.3, "crash": 0.0}
_SLEEVES = {"core": 0.6, "highs": 0.4}


def make_result(
    prices: pd.DataFrame | None = None, benchmark: pd.Series | None = None, *, name: str = "synthetic", seed: int = 7
) -> Result:
    """Return the result of a made-up monthly portfolio with regimes, two sleeves, costs and closed trades.

    Every table obeys the sums of `Result`: sleeves sum to equity less start cash, cash plus holdings to equity.

    Parameters
    ----------
    prices, benchmark
        Closes by symbol, and of the benchmark, on the same dates; five random walks of 1,200 business days and their
        mean when None.
    name, seed
        Name of the run; seed of the random walks.
    """
    if prices is None:
        prices = _random_prices(seed)
    if benchmark is None:
        benchmark = prices.mean(axis=1)
    regimes = _regimes(benchmark)
    tables = _simulate(prices, regimes["regime"].to_numpy(dtype=str))
    calm = _simulate(prices, np.full(len(prices), _LABELS[0]))
    equity = tables["equity"].assign(benchmark=benchmark.to_numpy(dtype=np.float64))
    always = pd.Series(_LABELS[0], index=prices.index)
    scores = {"made_up": detection_scores(regimes["regime"]), "always bull": detection_scores(always)}
    result = bare_result(equity["equity"], name=name)
    return replace(
        result,
        seed=seed,
        config={"name": name, "seed": seed, "sleeves": [{"name": sleeve} for sleeve in _SLEEVES]},
        data={**result.data, "symbols": [str(symbol) for symbol in prices.columns]},
        equity=equity,
        weights=tables["weights"],
        orders=tables["orders"],
        fills=tables["fills"],
        regimes=regimes,
        sleeves=tables["sleeves"],
        metrics=compute_metrics(equity, tables["fills"], orders=tables["orders"]),
        without_overlay=calm["equity"].assign(benchmark=np.nan),
        detectors=pd.DataFrame.from_dict(scores, orient="index"),
        stamps=("Made-up prices.", "Close-only bars: a decision at the close of a bar fills at the next close."),
    )


def bare_result(equity: pd.Series, *, name: str = "bare", status: str = "complete") -> Result:
    """Return a result that has an equity curve and nothing else: no benchmark, regimes, sleeves, orders or metrics."""
    index = pd.DatetimeIndex(equity.index)
    table = pd.DataFrame(
        {"equity": equity, "cash": equity, "gross": 0.0, "net": 0.0, "benchmark": np.nan}, index=index, dtype=np.float64
    )
    order_columns = ["order_id", "bar", "timestamp", "symbol", "quantity", "order_type", "reason", "status", "sleeves"]
    cost_columns = ["commission", "spread", "slippage", "impact"]
    fill_columns = ["order_id", "bar", "timestamp", "symbol", "quantity", "price", *cost_columns, "reason"]
    return Result(
        name=name,
        mode="backtest",
        status=status,
        config={"name": name},
        versions={"tradewind": "0.1.0"},
        seed=0,
        decision_hash="0123456789abcdef" * 4,
        data_hash="fedcba9876543210" * 4,
        data={
            "start": str(index[0].date()) if len(index) else "",
            "end": str(index[-1].date()) if len(index) else "",
            "bars": len(index),
            "symbols": [],
            "close_only": True,
            "adjusted": True,
        },
        equity=table,
        weights=pd.DataFrame(index=index),
        orders=pd.DataFrame(columns=order_columns),
        fills=pd.DataFrame(columns=fill_columns),
        regimes=pd.DataFrame(columns=["regime", "label", "confidence"]),
        sleeves=pd.DataFrame(index=index),
    )


def _random_prices(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    index = pd.bdate_range("2018-01-01", periods=1200)
    market = random.normal(0.0004, 0.009, size=(1200, 1))
    market[550:600] -= 0.006
    returns = market + random.normal(0.0, 0.012, size=(1200, 5))
    returns[0] = 0.0
    return pd.DataFrame(100.0 * np.exp(returns.cumsum(axis=0)), index=index, columns=list("ABCDE"))


def _regimes(benchmark: pd.Series) -> pd.DataFrame:
    average = benchmark.rolling(200, min_periods=1).mean()
    fall = 1.0 - benchmark / benchmark.cummax()
    below = (benchmark < average).to_numpy()
    quick = (benchmark / benchmark.shift(20).fillna(benchmark.iloc[0]) < 0.88).to_numpy()
    calls = np.where(quick, 3, np.where(below & (fall > 0.1).to_numpy(), 2, np.where(below, 1, 0)))
    acting = pd.Series(calls).rolling(5, min_periods=1).median().round().astype(int).to_numpy()
    table = pd.DataFrame(
        {"regime": np.array(_LABELS)[acting], "label": np.array(_LABELS)[calls], "confidence": 0.8},
        index=benchmark.index,
    )
    for number, label in enumerate(_LABELS):
        table[f"p_{label}"] = np.where(calls == number, 0.8, 0.2 / 3.0)
    return table


def _simulate(prices: pd.DataFrame, regimes: np.ndarray[Any, Any]) -> Mapping[str, pd.DataFrame]:
    closes = prices.to_numpy(dtype=np.float64)
    months = pd.DatetimeIndex(prices.index).month.to_numpy()
    names = list(_SLEEVES)
    held = np.zeros((len(names), closes.shape[1]))
    cash, books = _START_CASH, np.zeros(len(names))
    rows: dict[str, list[Any]] = {"equity": [], "weights": [], "sleeves": [], "fills": [], "orders": []}
    pending: FloatArray | None = None
    for bar, close in enumerate(closes):
        if bar:
            books += held @ (close - closes[bar - 1])
        if pending is not None:
            costs = _fill(prices, bar, pending, held, rows)
            cash -= float((pending - held).sum(axis=0) @ close) + float(costs.sum())
            books -= costs
            held, pending = pending, None
        equity = cash + float(held.sum(axis=0) @ close)
        values = held.sum(axis=0) * close / equity
        rows["equity"].append((equity, cash, float(np.abs(values).sum()), float(values.sum())))
        rows["weights"].append(values)
        rows["sleeves"].append(books.copy())
        due = bar > 0 and (months[bar] != months[bar - 1] or regimes[bar] != regimes[bar - 1])
        if due and bar < len(closes) - 1:
            pending = _wanted(closes, bar, equity * _INVESTED[str(regimes[bar])])
    index, symbols = prices.index, list(prices.columns)
    bare = bare_result(pd.Series([_START_CASH], index=index[:1]))
    return {
        "equity": pd.DataFrame(rows["equity"], index=index, columns=["equity", "cash", "gross", "net"]),
        "weights": pd.DataFrame(rows["weights"], index=index, columns=symbols),
        "sleeves": pd.DataFrame(rows["sleeves"], index=index, columns=names),
        "orders": pd.DataFrame(rows["orders"], columns=bare.orders.columns),
        "fills": pd.DataFrame(rows["fills"], columns=bare.fills.columns),
    }


def _wanted(closes: FloatArray, bar: int, capital: float) -> FloatArray:
    past = closes[max(0, bar - 126)]
    ranks = np.argsort(-(closes[bar] / past), kind="stable")
    wanted = np.zeros((len(_SLEEVES), closes.shape[1]))
    for number, share in enumerate(_SLEEVES.values()):
        chosen = ranks[: max(1, len(ranks) // (2 + number))]
        wanted[number, chosen] = capital * share / len(chosen) / closes[bar, chosen]
    return wanted


def _fill(
    prices: pd.DataFrame, bar: int, wanted: FloatArray, held: FloatArray, rows: dict[str, list[Any]]
) -> FloatArray:
    close, time = prices.to_numpy(dtype=np.float64)[bar], prices.index[bar]
    changes = wanted - held
    rates = np.array((0.0001, 0.0002, 0.0001, 0.00005))
    for column in np.flatnonzero(np.abs(changes.sum(axis=0)) > 1e-12).tolist():
        quantity, symbol = float(changes[:, column].sum()), str(prices.columns[column])
        order, split = (
            f"{bar - 1}-{symbol}-1",
            json.dumps(dict(zip(_SLEEVES, changes[:, column].tolist(), strict=True))),
        )
        costs = (abs(quantity) * close[column] * rates).tolist()
        decided = prices.index[bar - 1]
        rows["orders"].append((order, bar - 1, decided, symbol, quantity, "market", "rebalance", "filled", split))
        rows["fills"].append((order, bar, time, symbol, quantity, float(close[column]), *costs, "rebalance"))
    traded = np.abs(changes.sum(axis=0)) * close
    parts = np.abs(changes) / np.maximum(np.abs(changes).sum(axis=0), 1e-300)
    return np.asarray(parts @ (traded * float(rates.sum())), dtype=np.float64)
