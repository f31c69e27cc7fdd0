"""Accounts made by hand."""

import dataclasses

import numpy as np
import pandas as pd

from tradewind.model import AssetClass
from tradewind.research.stress.holdings import Holdings
from tradewind.research.stress.scenario import Scenario

__all__ = ["account", "permuted", "scenario"]


def account(positions, *, equity=100_000.0, drawdown=0.0):
    """Return an account at one date: symbol to (weight, beta, sector) or (weight, beta, sector, asset class)."""
    rows = [(*row, AssetClass.EQUITY)[:4] for row in positions.values()]
    return Holdings(
        times=pd.DatetimeIndex(["2024-01-02"]),
        equity=np.array([equity]),
        drawdown=np.array([drawdown]),
        symbols=tuple(positions),
        sectors=tuple(row[2] for row in rows),
        asset_classes=tuple(row[3] for row in rows),
        weights=np.array([[row[0] for row in rows]], dtype=float).reshape(1, -1),
        betas=np.array([[row[1] for row in rows]], dtype=float).reshape(1, -1),
    )


def permuted(holdings, order):
    return dataclasses.replace(
        holdings,
        symbols=tuple(holdings.symbols[one] for one in order),
        sectors=tuple(holdings.sectors[one] for one in order),
        asset_classes=tuple(holdings.asset_classes[one] for one in order),
        weights=holdings.weights[:, order],
        betas=holdings.betas[:, order],
    )


def scenario(**fields):
    return Scenario.model_validate({"name": "made_up", "source": "a test", **fields})
