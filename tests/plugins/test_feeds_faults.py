"""Broken files and wrong parameters: each stops, and says file, line, what was received and what to do."""

import datetime as dt
import gzip
import sys
from pathlib import Path

import pandas as pd
import pytest

from tradewind.contracts import DataRequest, Directory
from tradewind.errors import ConfigError, DataError, PluginError
from tradewind_plugins.feeds import Files

HEADER = "date,symbol,close\n"
GOOD = HEADER + "2020-01-02,AA,1\n2020-01-03,AA,2\n"


def read(directory: Path, text: str | bytes, request: DataRequest | None = None, name: str = "p.csv", **parameters):
    (directory / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return Files(directory=Directory(directory), path=name, **parameters).history(request or DataRequest())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"p\.csv: the file is empty; expected a header"),
        ("\n\n", r"p\.csv: the file is empty"),
        (HEADER, r"p\.csv: a header and no rows"),
        (GOOD + "2020-01-06,AA\n", r"line 4: 2 fields, where the header has 3; received '2020-01-06,AA'; complete"),
        (GOOD + "2020-01-06,A", r"p\.csv: line 4: 2 fields"),
        (GOOD + "\n2020-01-06,AA,3,4\n", r"p\.csv: line 5: 4 fields, where the header has 3"),
        (GOOD + '2020-01-06,"AA,3\n', r"p\.csv: not a CSV file: .*; check quotes"),
        (GOOD + "2020-01-06,AA,abc\n", r"p\.csv: line 4: column 'close': 'abc' is not a number; correct the cell"),
        (GOOD + "\n\n2020-01-06,AA,1_0\n", r"p\.csv: line 6: column 'close': '1_0' is not a number"),
        (GOOD + "someday,AA,3\n", r"p\.csv: line 4: column 'date': 'someday' is not a date; expected 2020-03-16 or"),
        (GOOD + "2020-02-30,AA,3\nx,AA,3\n", r"line 4: .*'2020-02-30' is not a date; .*\(1 more like it\)"),
        (GOOD + "2900-01-01,AA,3\n", r"line 4: column 'date': '2900-01-01' lies outside the years 1700 to 2200"),
        (GOOD + "2020-01-06,,3\n", r"p\.csv: line 4: column 'symbol' is empty"),
        (GOOD + "2020-01-01,AA,3\n", r"line 4: symbol 'AA': 2020-01-01 comes after 2020-01-03 \(line 3\); sort"),
        (GOOD + "2020-01-03,AA,3\n", r"line 4: symbol 'AA': 2020-01-03 is there already, in p\.csv: line 3; keep one"),
        ("date,symbol,close,close\n", r"column 'close' occurs 2 times"),
        ("date,symbol,cloze\n2020-01-02,AA,1\n", r"no 'close' column; known: .*cloze.* Did you mean 'cloze'\? Map it"),
        ("dat,symbol,close\n2020-01-02,AA,1\n", r"no 'date' column; known: .* Did you mean 'dat'"),
        ("AA,BB\n1,2\n", r"no 'date' column; known: AA, BB"),
        ("date\n2020-01-02\n", r"line 1: only one column, 'date', when split at ','"),
        ("date;symbol;close\n2020-01-02;AA;1\n", r"only one column, .* set feed\.params\.delimiter: ';'"),
        (GOOD.encode() + b"2020-01-06,A\xe9,3\n", r"p\.csv: line 4: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (HEADER + "2020-01-02,AA,\n", r"p\.csv: no prices at all; expected one line a bar"),
    ],
)  # fmt: skip
def test_broken_csv_names_the_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_an_observation_twice_in_two_files_names_both(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(
        DataError, match=r"b\.csv: line 2: symbol 'AA': 2020-01-02 is there already, in a\.csv: line 2.*2 such"
    ):
        Files(directory=Directory(tmp_path), path="*.csv").history(DataRequest())


def test_a_damaged_gzip_file_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"p\.csv\.gz: cannot be read: .*; check the file"):
        read(tmp_path, gzip.compress(GOOD.encode() * 50)[:-20], name="p.csv.gz")


@pytest.mark.parametrize(
    ("rows", "timezone", "message"),
    [
        ("2021-07-01T09:30,1", None, r"line 2: time '2021-07-01T09:30' has no offset from UTC; state the zone"),
        ("2021-07-01T09:30Z,1\n2021-07-01T09:31,2", None, r"line 3: column 'date': '2021-07-01T09:31' has no offset"),
        ("2021-03-14T02:30,1", "America/New_York", r"line 2: .* is skipped or repeated .* in America/New_York"),
        ("2021-11-07T01:30,1", "America/New_York", r"line 2: .* is skipped or repeated by a clock change"),
    ],
)  # fmt: skip
def test_times_that_are_not_one_moment_are_refused(tmp_path, rows, timezone, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, f"date,close\n{rows}\n", timezone=timezone)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (DataRequest(symbols=("AB",)), r"p\.csv: data\.symbols: no prices for symbol 'AB'; known: AA"),
        (DataRequest(references={"vix": "VIX"}), r"p\.csv: data\.references\.vix: no prices for symbol 'VIX'"),
        (DataRequest(references={"benchmark": "AA"}), r"only references, nothing to trade"),
        (DataRequest(start=dt.date(2021, 1, 1)), r"no bars from 2021-01-01 to None; .* from 2020-01-02 to 2020-01-03"),
    ],
)
def test_wrong_requests_say_what_there_is(tmp_path, request_, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD, request_)


def test_of_hundreds_of_symbols_only_the_nearest_is_named(tmp_path):
    text = "date," + ",".join(f"S{number:03}" for number in range(300)) + "\n2020-01-02" + ",1" * 300 + "\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, DataRequest(symbols=("S0422",)))
    assert "300 symbols are known, S000 to S299. Did you mean 'S042'?" in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_missing_file_names_its_nearest_neighbour(tmp_path):
    (tmp_path / "prices.csv").write_text(GOOD)
    with pytest.raises(
        DataError, match=r"path 'price\.csv': no such file .*; known: prices\.csv\. Did you mean 'prices\.csv'"
    ):
        Files(directory=Directory(tmp_path), path="price.csv").history(DataRequest())
    with pytest.raises(DataError, match=r"path 'x/p\.csv': no such file .*x does not exist either; paths are relative"):
        Files(directory=Directory(tmp_path), path="x/p.csv").history(DataRequest())


@pytest.mark.parametrize("path", ["*.csv", "empty"])
def test_a_pattern_or_directory_without_files_says_so(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"nothing in .* that matches and ends in \.csv, \.csv\.gz, \.parquet"):
        Files(directory=Directory(tmp_path), path=path).history(DataRequest())


def test_adjusting_needs_the_adjusted_close(tmp_path):
    with pytest.raises(DataError, match=r"adjusted_close is 'scale', but there is no 'adj_close' column; map it"):
        read(tmp_path, GOOD, adjusted_close="scale")
    with pytest.raises(DataError, match=r"no 'adj_close' column; known: close, date, symbol"):
        read(tmp_path, GOOD, adjusted_close="use_close")


def test_wrong_parameters_are_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match=r"columns: there is no field 'closing' to map; .* Did you mean 'close'"):
        read(tmp_path, GOOD, columns={"closing": "close"})
    with pytest.raises(ConfigError, match=r"unknown time zone 'America/NewYork'; .* Did you mean 'America/New_York'"):
        read(tmp_path, GOOD, timezone="America/NewYork")


def test_a_mapped_column_must_be_there(tmp_path):
    message = r"p\.csv: no column 'Clos', to which feed\.params\.columns\.close points; known: .* Did you mean 'close'"
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD, columns={"close": "Clos"})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"sectors s\.csv: cannot be read: .* expected a CSV of symbol,sector"),
        ("symbol,sektor\nAA,Energy\n", r"sectors s\.csv: no 'sector' column; .* Did you mean 'sektor'"),
        ("symbol,sector\nAA,Energy\nAA,Utilities\n", r"symbol 'AA' is listed twice"),
        (
            "symbol,sector,asset_class\nAA,,equty\n",
            r"symbol 'AA': unknown asset_class 'equty'; .* Did you mean 'equity'",
        ),
        ("symbol,sector,asset_class\nAA,,option\n", r"unknown asset_class 'option'; known: equity, etf, future"),
    ],
)
def test_a_broken_sector_table_is_named(tmp_path, table, message):
    if table is not None:
        (tmp_path / "s.csv").write_text(table)
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD, sectors="s.csv")


def test_broken_parquet_is_a_data_error(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    with pytest.raises(DataError, match=r"p\.parquet: cannot be read as Parquet"):
        read(tmp_path, "no parquet", name="p.parquet")
    days = pd.to_datetime(["2020-01-02", "2020-01-03"])
    cases = [
        (days, ["1", "x"], r"column 'close' holds str.*, not numbers; received '1'"),
        ([1, 2], [1.0, 2.0], r"the date column is of type int64; received"),
        (days[::-1], [1.0, 2.0], r"row 2: symbol 'AA': 2020-01-02 comes after"),
        (days[:0], [], r"no rows; expected one row a bar"),
    ]
    for dates, closes, message in cases:
        frame = pd.DataFrame({"date": dates, "symbol": "AA", "close": closes})
        frame.to_parquet(tmp_path / "q.parquet")
        with pytest.raises(DataError, match=message):
            Files(directory=Directory(tmp_path), path="q.parquet").history(DataRequest())


def test_without_pyarrow_the_message_has_the_install_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PluginError, match=r"reading Parquet needs pyarrow; pip install 'tradewind\[parquet\]'"):
        read(tmp_path, b"", name="p.parquet")
