"""The sample feed against skfolio's own loader, and what it says of itself."""

import datetime as dt
import importlib.util
import subprocess
import sys
import time

import numpy as np
import pytest

from tradewind.contracts import DataRequest, Feed
from tradewind.errors import DataError, PluginError
from tradewind.model import AssetClass
from tradewind.validation import require_valid
from tradewind_plugins.feeds import Sample
from tradewind_plugins.feeds.sample import SECTORS

pytest.importorskip("skfolio", reason="the sample prices come with skfolio")

GICS = {
    "Communication Services", "Consumer Discretionary", "Consumer Staples", "Energy", "Financials", "Health Care",
    "Industrials", "Information Technology", "Materials", "Real Estate", "Utilities",
}  # fmt: skip


def test_closes_are_those_that_skfolio_loads():
    from skfolio.datasets import load_sp500_dataset, load_sp500_index

    bars = Sample().history(DataRequest(references={"benchmark": "SP500"}))
    stocks, index = load_sp500_dataset(), load_sp500_index()
    np.testing.assert_allclose(bars.fields["close"], stocks[list(bars.symbols)].to_numpy(), rtol=1e-15)
    np.testing.assert_allclose(bars.references["benchmark"].fields["close"], index.to_numpy(), rtol=1e-15)
    assert (bars.timestamps == stocks.index.to_numpy("datetime64[ns]")).all()
    assert bars.fields["close"].flags.c_contiguous


def test_published_closes_of_the_index_at_the_lows_of_2009_and_2020():
    bars = Sample().history(DataRequest(references={"benchmark": "SP500"}))
    days = bars.timestamps.astype("datetime64[D]").astype(str)
    index = dict(zip(days, bars.references["benchmark"].fields["close"][:, 0], strict=True))
    assert index["2009-03-09"] == 676.53
    assert index["2020-03-23"] == 2237.40


def test_it_says_what_a_reader_must_know():
    bars = Sample().history(DataRequest())
    assert bars.adjusted
    assert bars.close_only
    assert [stamp.split(":")[0] for stamp in bars.stamps] == ["survivorship", "close-only", "adjusted", "source"]
    assert "chosen with hindsight" in bars.stamps[0]


def test_instruments_are_fractional_and_have_gics_sectors():
    bars = Sample().history(DataRequest(references={"benchmark": "SP500"}))
    assert len(bars.instruments) == 20
    assert {instrument.symbol for instrument in bars.instruments} == SECTORS.keys()
    assert all(i.lot_size == 0 and i.tick_size == 0 and i.sector in GICS for i in bars.instruments)
    assert bars.references["benchmark"].instruments[0].asset_class is AssetClass.INDEX


def test_symbols_keep_the_order_asked_for_and_dates_are_inclusive():
    request = DataRequest(symbols=("XOM", "AAPL"), start=dt.date(2020, 3, 16), end=dt.date(2020, 3, 23))
    bars = Sample().history(request)
    assert bars.symbols == ("XOM", "AAPL")
    assert str(bars.timestamps[0])[:10] == "2020-03-16"
    assert str(bars.timestamps[-1])[:10] == "2020-03-23"
    assert len(bars) == 6
    everything = Sample().history(DataRequest())
    row = int(np.searchsorted(everything.timestamps, bars.timestamps[0]))
    assert bars.fields["close"][0, 1] == everything.fields["close"][row, everything.symbols.index("AAPL")]


def test_a_stock_may_be_a_reference():
    bars = Sample().history(DataRequest(symbols=("XOM",), references={"oil": "CVX"}))
    assert bars.references["oil"].instruments[0].is_reference
    assert bars.references["oil"].symbols == ("CVX",)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            DataRequest(symbols=("APPL",)),
            r"data\.symbols: no prices for symbol 'APPL'; known: AAPL, .* Did you mean 'AAPL'",
        ),
        (DataRequest(references={"vix": "SP50"}), r"data\.references\.vix: .*'SP50'.*Did you mean 'SP500'"),
        (DataRequest(symbols=("SP500",)), r"'SP500' is an index and cannot be traded; move it .* to data\.references"),
        (DataRequest(symbols=("XOM", "XOM")), r"symbol 'XOM' is asked for twice"),
        (DataRequest(start=dt.date(2023, 1, 1)), r"no sessions from 2023-01-01 .* reach from 1990-01-02 to 2022-12-28"),
    ],
)
def test_wrong_requests_say_what_there_is(request_, message):
    with pytest.raises(DataError, match=message):
        Sample().history(request_)


def test_without_skfolio_the_message_has_the_install_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PluginError, match=r"pip install 'tradewind\[sample\]'"):
        Sample().history(DataRequest())


def test_damaged_data_files_are_a_data_error(monkeypatch, tmp_path):
    monkeypatch.setattr("tradewind_plugins.feeds.sample._directory", lambda: tmp_path)
    with pytest.raises(DataError, match=r"sp500_dataset\.csv\.gz of the installed skfolio"):
        Sample().history(DataRequest())


def test_loading_does_not_import_skfolio_nor_a_calendar():
    code = (
        "import sys; from tradewind_plugins.feeds import Sample; from tradewind.contracts import DataRequest;"
        "Sample().history(DataRequest());"
        "sys.exit(bool({'skfolio', 'exchange_calendars', 'pyarrow.parquet'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_takes_a_moment():
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        Sample().history(DataRequest(references={"benchmark": "SP500"}))
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.15


def test_the_sample_is_a_feed_and_valid():
    assert isinstance(Sample(), Feed)
    report = require_valid(Sample().history(DataRequest(references={"benchmark": "SP500"})))
    assert {"RRC", "AMD", "AAPL"} == {finding.symbol for finding in report.warnings if "moves" in finding.reason}
