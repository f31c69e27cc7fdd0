"""The published series, where they are there."""

import functools
import os
from pathlib import Path

import pandas as pd
import pytest

SHARED = Path(os.environ.get("TRADEWIND_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
# The published figures were printed truncated, not rounded.
PRINTED = 1e-4


def edhec() -> pd.DataFrame:
    """Return monthly returns of 13 hedge-fund indices."""
    return _read("edhec")


def managers() -> pd.DataFrame:
    """Return monthly returns of ten managers and indices."""
    return _read("managers")


@functools.cache
def _read(name: str) -> pd.DataFrame:
    path = SHARED / "oracles" / f"{name}.csv"
    if not path.is_file():
        pytest.skip(f"{path} is absent; point TRADEWIND_SHARED_DATA at the shared data")
    return pd.read_csv(path, index_col=0, parse_dates=True)
