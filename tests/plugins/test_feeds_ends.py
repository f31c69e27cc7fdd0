"""When a symbol's data have ended, and when the range asked for merely stops."""

import datetime as dt

import pandas as pd

from tradewind.contracts import DataRequest
from tradewind_plugins.feeds import Files


def feed(tmp_path) -> Files:
    days = pd.bdate_range("2021-01-04", periods=8).strftime("%Y-%m-%d")
    lines = [f"{day},LIVE,10" for day in days]
    lines += [f"{day},GONE,5" for day in days[:5]]
    lines += [f"{day},HALT,7" for number, day in enumerate(days) if number not in (4, 5)]
    (tmp_path / "prices.csv").write_text("date,symbol,close\n" + "\n".join(lines) + "\n")
    return Files(directory=tmp_path, path="prices.csv")


def test_a_symbol_the_file_goes_on_without_has_ended(tmp_path):
    bars = feed(tmp_path).history(DataRequest(symbols=("LIVE", "GONE", "HALT")))
    assert bars.end_bars.tolist() == [8, 5, 8]
    assert [row.ended for row in bars.rows()].index((1,)) == 5


def test_a_range_that_stops_in_a_halt_ends_nothing(tmp_path):
    request = DataRequest(symbols=("LIVE", "GONE", "HALT"), end=dt.date(2021, 1, 11))
    bars = feed(tmp_path).history(request)
    assert len(bars) == 6
    assert bars.end_bars.tolist() == [6, 5, 6]


def test_the_same_prefix_ends_the_same_whatever_the_range(tmp_path):
    short = feed(tmp_path).history(DataRequest(symbols=("GONE", "LIVE"), end=dt.date(2021, 1, 8)))
    assert short.end_bars.tolist() == [5, 5]
    assert all(row.ended == () for row in short.rows())
