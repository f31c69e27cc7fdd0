"""The kit for feeds: what is built in passes, and each planted fault is caught by its test."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.testing.examining import examine, test_names
from tests.testing.mutants_feed import MUTANTS, SESSIONS, Sound, prices
from tradewind.contracts import DataRequest
from tradewind.testing import FeedKit
from tradewind.testing.kits.failure import KitFailureError

REQUEST = DataRequest(references={"benchmark": "AA"})


class TestSample(FeedKit):
    plugin = "sample"
    request = DataRequest(
        start=dt.date(2019, 1, 1),
        end=dt.date(2019, 6, 30),
        symbols=("AAPL", "MSFT", "XOM"),
        references={"benchmark": "SP500"},
    )


class TestReplay(FeedKit):
    plugin = "replay"
    params = {"source": {"name": "sample"}}  # noqa: RUF012 as authors write it
    request = TestSample.request


class TestMinutes(FeedKit):
    plugin = "files"
    request = DataRequest(symbols=("AA", "BB"))

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def prices(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Write quarters of an hour of two shares, the times in New York."""
        path = tmp_path_factory.mktemp("files") / "minutes.csv"
        times = [
            moment
            for day in pd.DatetimeIndex(SESSIONS[:14])
            for moment in pd.date_range(day + pd.Timedelta(hours=9.5), periods=26, freq="15min")
        ]
        random = np.random.default_rng(4)
        wide = pd.DataFrame(50.0 + random.normal(0.0, 0.2, (len(times), 2)).cumsum(axis=0), columns=["AA", "BB"])
        wide.assign(date=times).to_csv(path, index=False)
        cls.params = {"path": str(path), "timezone": "America/New_York", "adjustment": "split"}


class TestFiles(FeedKit):
    plugin = "files"
    request = DataRequest(references={"benchmark": "AA"}, symbols=("AA", "BB", "CC"))

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def prices(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Write a file of three shares, of which one is halted, one starts late, and one ends early."""
        path = tmp_path_factory.mktemp("files") / "prices.csv"
        wide = pd.DataFrame(prices(), columns=["AA", "BB", "CC"]).assign(date=SESSIONS)
        table = wide.melt("date", var_name="symbol", value_name="close").dropna()
        table.assign(open=table["close"], high=table["close"], low=table["close"], volume=100).to_csv(path, index=False)
        cls.params = {"path": str(path)}


@pytest.mark.parametrize("name", test_names(FeedKit))
def test_a_class_without_a_fault_passes(name: str) -> None:
    examine(FeedKit, Sound, name, request=REQUEST)


@pytest.mark.parametrize(("mutant", "test", "message"), [one[1:] for one in MUTANTS], ids=[one[0] for one in MUTANTS])
def test_a_planted_fault_is_caught(mutant: type[Any], test: str, message: str) -> None:
    with pytest.raises(KitFailureError, match=message):
        examine(FeedKit, mutant, test, request=REQUEST)


def test_too_small_a_request_is_refused() -> None:
    request = DataRequest(end=dt.date(2021, 1, 21))
    with pytest.raises(KitFailureError, match=r"there is too little to examine; received \(3, .* Set `request`"):
        examine(FeedKit, Sound, "test_there_is_something_to_examine", request=request)
