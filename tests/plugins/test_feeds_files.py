"""The files feed: layouts, adjustment, references, times."""

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.contracts import DataRequest, Directory
from tradewind.model import AssetClass
from tradewind_plugins.feeds import Files

NAN = np.nan
LONG = """Date,Symbol,Open,High,Low,Close,Volume,Adj Close
2020-01-02,AA,10,12,9,11,100,5.5
2020-01-03,AA,11,13,10,12,200,6
2020-01-06,AA,12,14,11,13,300,13
2020-01-02,BB,20,22,19,21,1000,21
2020-01-06,BB,21,23,20,22,1100,22
"""


def feed(directory: Path, **parameters: object) -> Files:
    return Files(directory=Directory(directory), **parameters)


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        directory.joinpath(name.replace("__", "/") + ".csv").write_text(text, encoding="utf-8")
    return directory


def test_long_file_becomes_aligned_bars_and_a_missing_line_a_missing_bar(tmp_path):
    bars = feed(write(tmp_path, prices=LONG), path="prices.csv").history(DataRequest())
    assert bars.symbols == ("AA", "BB")
    assert [str(label)[:10] for label in bars.timestamps] == ["2020-01-02", "2020-01-03", "2020-01-06"]
    np.testing.assert_array_equal(bars.fields["close"], [[11, 21], [12, NAN], [13, 22]])
    np.testing.assert_array_equal(bars.fields["volume"], [[100, 1000], [200, NAN], [300, 1100]])
    assert sorted(bars.fields) == ["close", "high", "low", "open", "volume"]
    assert not bars.adjusted
    assert (bars.instruments[0].lot_size, bars.instruments[0].tick_size) == (1.0, 0.01)
    assert bars.stamps == (
        "source: files prices.csv",
        "unadjusted: prices as traded; splits and dividends show as jumps",
    )


def test_wide_file_holds_closes_and_an_empty_cell_is_a_missing_bar(tmp_path):
    write(tmp_path, wide="date,AA,NA\n2020-01-02,11,21\n2020-01-03,12,\n2020-01-06,13,22\n")
    bars = feed(tmp_path, path="wide.csv").history(DataRequest())
    assert bars.symbols == ("AA", "NA")
    np.testing.assert_array_equal(bars.fields["close"], [[11, 21], [12, NAN], [13, 22]])
    assert bars.close_only
    assert any(stamp.startswith("close-only") for stamp in bars.stamps)


def test_the_ticker_na_is_not_an_empty_cell(tmp_path):
    write(tmp_path, long="date,symbol,close\n2020-01-02,NA,1\n2020-01-02,TRUE,2\n2020-01-02,007,3\n")
    assert feed(tmp_path, path="long.csv").history(DataRequest()).symbols == ("007", "NA", "TRUE")


def test_a_directory_has_one_file_a_symbol_named_after_it(tmp_path):
    (tmp_path / "prices").mkdir()
    write(
        tmp_path,
        prices__AA="date,close\n2020-01-02,1\n2020-01-03,2\n",
        prices__BB="date,close\n2020-01-03,3\n",
    )
    with gzip.open(tmp_path / "prices" / "BRK.B.csv.gz", "wt") as file:
        file.write("date,close\n2020-01-06,7\n")
    bars = feed(tmp_path, path="prices").history(DataRequest())
    assert bars.symbols == ("AA", "BB", "BRK.B")
    np.testing.assert_array_equal(bars.fields["close"], [[1, NAN, NAN], [2, 3, NAN], [NAN, NAN, 7]])
    some = feed(tmp_path, path="prices").history(DataRequest(symbols=("BB",)))
    assert len(some) == 1
    assert feed(tmp_path, path="prices/B*").history(DataRequest()).symbols == ("BB", "BRK.B")


def test_a_symbol_may_continue_in_another_file(tmp_path):
    write(
        tmp_path,
        p2020="date,symbol,close\n2020-12-31,AA,1\n",
        p2021="date,symbol,close\n2021-01-04,AA,2\n",
    )
    np.testing.assert_array_equal(feed(tmp_path, path="p*.csv").history(DataRequest()).fields["close"], [[1], [2]])


def test_scale_moves_prices_by_the_adjusted_close_and_keeps_the_value_traded(tmp_path):
    bars = feed(write(tmp_path, p=LONG), path="p.csv", adjusted_close="scale").history(DataRequest(symbols=("AA",)))
    np.testing.assert_allclose(bars.fields["close"][:, 0], [5.5, 6, 13])
    np.testing.assert_allclose(bars.fields["open"][:, 0], [5, 5.5, 12])
    np.testing.assert_allclose(bars.fields["high"][:, 0], [6, 6.5, 14])
    np.testing.assert_allclose(bars.fields["low"][:, 0], [4.5, 5, 11])
    np.testing.assert_allclose(bars.fields["volume"][:, 0], [200, 400, 300])
    np.testing.assert_allclose((bars.fields["close"] * bars.fields["volume"])[:, 0], [1100, 2400, 3900])
    assert bars.adjusted
    assert (bars.instruments[0].lot_size, bars.instruments[0].tick_size) == (0.0, 0.0)


def test_use_close_takes_the_adjusted_close_and_nothing_else(tmp_path):
    bars = feed(write(tmp_path, p=LONG), path="p.csv", adjusted_close="use_close").history(DataRequest())
    assert list(bars.fields) == ["close"]
    np.testing.assert_array_equal(bars.fields["close"][:, 0], [5.5, 6, 13])
    assert bars.adjusted


def test_split_adjusted_prices_say_that_dividends_are_missing(tmp_path):
    bars = feed(write(tmp_path, p=LONG), path="p.csv", adjustment="split").history(DataRequest())
    assert bars.adjusted
    assert "adjusted: prices adjusted for splits; dividends are not in the returns" in bars.stamps


def test_symbols_keep_their_order_and_dates_are_inclusive(tmp_path):
    request = DataRequest(symbols=("BB", "AA"), start=dt.date(2020, 1, 3), end=dt.date(2020, 1, 6))
    bars = feed(write(tmp_path, p=LONG), path="p.csv").history(request)
    assert bars.symbols == ("BB", "AA")
    np.testing.assert_array_equal(bars.fields["close"], [[NAN, 12], [22, 13]])


def test_timestamps_are_those_of_the_symbols_asked_for(tmp_path):
    assert len(feed(write(tmp_path, p=LONG), path="p.csv").history(DataRequest(symbols=("BB",)))) == 2


def test_references_are_aligned_and_never_filled(tmp_path):
    write(tmp_path, p=LONG, vix="DATE,CLOSE\n2019-12-31,13\n2020-01-02,12\n2020-01-06,14\n2020-01-07,15\n")
    request = DataRequest(references={"vix": "vix", "benchmark": "BB"})
    bars = feed(tmp_path, path="p.csv", reference_files={"vix": "vix.csv"}).history(request)
    assert bars.symbols == ("AA",)
    np.testing.assert_array_equal(bars.references["vix"].fields["close"], [[12], [NAN], [14]])
    np.testing.assert_array_equal(bars.references["benchmark"].fields["close"], [[21], [NAN], [22]])
    assert bars.references["benchmark"].instruments[0].asset_class is AssetClass.INDEX


def test_a_symbol_may_be_traded_and_be_the_benchmark(tmp_path):
    request = DataRequest(symbols=("AA", "BB"), references={"benchmark": "BB"})
    bars = feed(write(tmp_path, p=LONG), path="p.csv").history(request)
    assert bars.symbols == ("AA", "BB")
    np.testing.assert_array_equal(bars.references["benchmark"].fields["close"][:, 0], bars.fields["close"][:, 1])


def test_a_reference_field_with_holes_is_left_out_and_that_is_said(tmp_path):
    write(tmp_path, p=LONG, ix="date,open,close\n2020-01-02,,3000\n2020-01-03,3001,3002\n2020-01-06,3003,3004\n")
    request = DataRequest(references={"benchmark": "ix"})
    bars = feed(tmp_path, path="p.csv", reference_files={"benchmark": "ix.csv"}).history(request)
    assert list(bars.references["benchmark"].fields) == ["close"]
    assert "reference ix: field 'open' left out, empty on 1 of its bars" in bars.stamps


def test_sectors_and_asset_classes_come_from_a_table(tmp_path):
    write(tmp_path, p=LONG, s="symbol,sector,asset_class\nAA,Energy,\nBB,,etf\nZZ,Utilities,\n")
    first, second = feed(tmp_path, path="p.csv", sectors="s.csv").history(DataRequest()).instruments
    assert (first.sector, first.asset_class) == ("Energy", AssetClass.EQUITY)
    assert (second.sector, second.asset_class) == ("", AssetClass.ETF)


def test_columns_are_found_by_the_names_given(tmp_path):
    write(tmp_path, p="Day;Ticker;Last;close\n02.01.2020;AA;7;1\n03.01.2020;AA;8;1\n")
    parameters = {"columns": {"date": "Day", "symbol": "Ticker", "close": "Last"}, "delimiter": ";"}
    bars = feed(tmp_path, path="p.csv", date_format="%d.%m.%Y", **parameters).history(DataRequest())
    np.testing.assert_array_equal(bars.fields["close"], [[7], [8]])
    assert str(bars.timestamps[0])[:10] == "2020-01-02"


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(7).lognormal(3, 2, 500)
    days = pd.bdate_range("2020-01-01", periods=500)
    lines = "".join(f"{day:%Y-%m-%d},{value!r}\n" for day, value in zip(days, values.tolist(), strict=True))
    write(tmp_path, AA="date,close\n" + lines)
    np.testing.assert_array_equal(feed(tmp_path, path="AA.csv").history(DataRequest()).fields["close"][:, 0], values)


def test_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path):
    (tmp_path / "AA.csv").write_bytes(b"\xef\xbb\xbfdate,close\r\n2020-01-02,1\r\n\r\n2020-01-03,2\r\n")
    assert len(feed(tmp_path, path="AA.csv").history(DataRequest())) == 2


@pytest.mark.parametrize(
    ("text", "timezone"),
    [
        ("2021-07-01 09:30", "America/New_York"),
        ("2021-07-01T09:30:00-04:00", None),
        ("2021-07-01T13:30:00Z", None),
        ("2021-07-01T15:30:00+02:00", "America/New_York"),
    ],
)
def test_times_become_utc(tmp_path, text, timezone):
    write(tmp_path, AA=f"date,close\n{text},1\n")
    bars = feed(tmp_path, path="AA.csv", timezone=timezone, bar_label="end").history(DataRequest())
    assert bars.timestamps[0] == np.datetime64("2021-07-01T13:30:00")
    assert "intraday: a time labels the end of its bar" in bars.stamps


def test_offsets_may_change_within_a_file(tmp_path):
    write(tmp_path, AA="date,close\n2021-03-12T09:30:00-05:00,1\n2021-03-15T09:30:00-04:00,2\n")
    bars = feed(tmp_path, path="AA.csv").history(DataRequest())
    assert [str(label)[:16] for label in bars.timestamps] == ["2021-03-12T14:30", "2021-03-15T13:30"]


@pytest.mark.parametrize(
    "text", ["2021-07-01", "2021-07-01T00:00:00", "2021-07-01T00:00:00-04:00", "2021-07-01T00:00:00Z"]
)
def test_midnights_are_sessions_whatever_their_zone(tmp_path, text):
    write(tmp_path, AA=f"date,close\n{text},1\n")
    bars = feed(tmp_path, path="AA.csv").history(DataRequest())
    assert bars.timestamps[0] == np.datetime64("2021-07-01")
    assert not any("intraday" in stamp for stamp in bars.stamps)


def test_midnights_in_new_york_that_a_vendor_wrote_in_utc_are_sessions_with_the_zone(tmp_path):
    write(tmp_path, AA="date,close\n2021-03-12T05:00:00Z,1\n2021-03-15T04:00:00Z,2\n")
    bars = feed(tmp_path, path="AA.csv", timezone="America/New_York").history(DataRequest())
    assert [str(label)[:16] for label in bars.timestamps] == ["2021-03-12T00:00", "2021-03-15T00:00"]


@pytest.mark.parametrize("date_type", ["date", "timestamp", "timestamp_tz", "text"])
def test_parquet_and_csv_give_the_same_bars(tmp_path, date_type):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    frame = pd.read_csv(write(tmp_path, p=LONG) / "p.csv")
    if date_type != "text":
        frame["Date"] = pd.to_datetime(frame["Date"])
    if date_type == "date":
        frame["Date"] = frame["Date"].dt.date
    if date_type == "timestamp_tz":
        frame["Date"] = frame["Date"].dt.tz_localize("UTC")
    frame.to_parquet(tmp_path / "p.parquet")
    for request in (DataRequest(), DataRequest(symbols=("BB",), references={"benchmark": "AA"})):
        csv, parquet = (feed(tmp_path, path=f"p.{end}").history(request) for end in ("csv", "parquet"))
        assert csv.sha256() == parquet.sha256()


PANELS = st.integers(1, 12).flatmap(
    lambda rows: st.lists(
        st.lists(st.none() | st.floats(1e-3, 1e6), min_size=rows, max_size=rows).filter(any), min_size=1, max_size=5
    )
)


def _check_round_trip(directory, columns, seed):
    days = pd.bdate_range("2020-01-01", periods=len(columns[0])).strftime("%Y-%m-%d")
    names = [f"S{number}" for number in range(len(columns))]
    wide = pd.DataFrame({"date": days, **dict(zip(names, columns, strict=True))})
    long = wide.melt("date", var_name="symbol", value_name="close").dropna()
    symbols = list(np.random.default_rng(seed).permutation(names))
    long = pd.concat([long[long["symbol"] == symbol] for symbol in symbols])
    wide.to_csv(directory / "wide.csv", index=False)
    long.to_csv(directory / "long.csv", index=False)
    from_wide, from_long = (feed(directory, path=f"{name}.csv").history(DataRequest()) for name in ("wide", "long"))
    assert from_wide.sha256() == from_long.sha256()
    expected = wide[names].dropna(how="all").to_numpy(dtype=np.float64)
    np.testing.assert_array_equal(from_long.fields["close"], expected)


@settings(max_examples=40, deadline=None)
@given(columns=PANELS, seed=st.integers(0, 100))
def test_long_and_wide_files_of_the_same_prices_are_the_same_bars(tmp_path_factory, columns, seed):
    _check_round_trip(tmp_path_factory.mktemp("panel"), columns, seed)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None)
@given(columns=PANELS, seed=st.integers(0, 100))
def test_long_and_wide_files_of_thousands_of_panels_are_the_same_bars(tmp_path_factory, columns, seed):
    _check_round_trip(tmp_path_factory.mktemp("panel"), columns, seed)
