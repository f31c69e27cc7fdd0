"""The validation of bars: faults by hand, and real prices."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tradewind.contracts import DataRequest, Directory
from tradewind.errors import DataError
from tradewind.model import Bars, Instrument
from tradewind.testing import make_bars
from tradewind.validation import Finding, require_valid, validate
from tradewind_plugins.feeds import Files

NAN = np.nan
SHARED = Path(os.environ.get("TRADEWIND_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
DAYS = ["2020-01-02", "2020-01-03", "2020-01-06"]


def bars(days=tuple(DAYS), calendar="XNYS", symbols=("AA",), references=None, **fields):
    columns = {name: np.atleast_2d(np.asarray(values, dtype=float).T).T for name, values in fields.items()}
    return Bars(
        timestamps=np.array(days, dtype="datetime64[ns]"),
        instruments=tuple(Instrument(symbol=symbol, calendar=calendar) for symbol in symbols),
        fields=columns,
        references=references or {},
    )


def only(findings: tuple[Finding, ...]) -> Finding:
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


GOOD = {
    "open": [10, 11, 12],
    "high": [12, 13, 14],
    "low": [9, 10, 11],
    "close": [11, 12, 13],
    "volume": [100, 0, 300],
}


def with_cell(field, row, value):
    changed = {name: list(values) for name, values in GOOD.items()}
    changed[field][row] = value
    return bars(**changed)


def test_sound_bars_have_no_findings():
    report = validate(bars(**GOOD))
    assert report.ok
    assert (report.errors, report.warnings, report.error_count, report.warning_count) == ((), (), 0, 0)


@pytest.mark.parametrize(
    ("field", "value", "reason", "received"),
    [
        ("high", 9.5, "high is below low", "high=9.5, low=10.0"),
        ("open", 14.0, "open is above high", "open=14.0, high=13.0"),
        ("open", 9.0, "open is below low", "open=9.0, low=10.0"),
        ("close", 13.5, "close is above high", "close=13.5, high=13.0"),
        ("close", 9.9, "close is below low", "close=9.9, low=10.0"),
        ("volume", -1.0, "a volume cannot be negative", "-1.0"),
        ("low", 0.0, "a price must be above 0", "0.0"),
        ("low", -3.0, "a price must be above 0", "-3.0"),
        ("high", np.inf, "infinite value", "inf"),
        ("volume", np.inf, "infinite value", "inf"),
        ("open", NAN, "empty in a bar that has other values", "nan, with high=13.0, low=10.0, close=12.0, volume=0.0"),
        ("volume", NAN, "empty in a bar that has other values", "nan, with open=11.0, high=13.0, low=10.0, close=12.0"),
    ],
)
def test_a_wrong_cell_is_named_by_symbol_date_field_and_value(field, value, reason, received):
    found = [finding for finding in validate(with_cell(field, 1, value)).errors if finding.reason == reason]
    finding = only(tuple(found))
    assert (finding.symbol, finding.date, finding.field) == ("AA", "2020-01-03", field)
    assert finding.received == received
    assert finding.remedy


def test_an_empty_close_in_a_bar_with_other_prices_is_an_error():
    finding = only(tuple(f for f in validate(with_cell("close", 1, NAN)).errors if f.field == "close"))
    assert finding.reason == "empty in a bar that has other values"


def test_rounding_of_the_last_digits_is_no_error():
    assert validate(with_cell("close", 1, 13 * (1 + 1e-10))).ok
    assert not validate(with_cell("close", 1, 13 * (1 + 1e-8))).ok


def test_a_wholly_missing_bar_is_no_error():
    fields = {name: [values[0], NAN, values[2]] for name, values in GOOD.items()}
    assert validate(bars(**fields)).ok


@pytest.mark.parametrize(
    ("days", "reason", "received"),
    [
        (["2020-01-02", "2020-01-06", "2020-01-03"], "timestamps are not in order", "2020-01-03 after 2020-01-06"),
        (["2020-01-02", "2020-01-03", "2020-01-03"], "the timestamp occurs twice", "2020-01-03 after 2020-01-03"),
        (["2020-01-02", "NaT", "2020-01-03"], "a bar has no timestamp", "NaT at row 1"),
    ],
)
def test_labels_must_increase(days, reason, received):
    finding = only(validate(bars(days, close=[1, 2, 3])).errors)
    assert (finding.field, finding.reason, finding.received) == ("timestamp", reason, received)


@pytest.mark.parametrize(
    ("days", "calendar", "day", "weekday"),
    [
        (["2020-01-02", "2020-01-03", "2020-01-04"], "XNYS", "2020-01-04", "Saturday"),
        (["2001-09-10", "2001-09-11", "2001-09-17"], "XNYS", "2001-09-11", "Tuesday"),
        (["2012-10-26", "2012-10-29", "2012-10-31"], "XNYS", "2012-10-29", "Monday"),
        (["2018-12-04", "2018-12-05", "2018-12-06"], "XNYS", "2018-12-05", "Wednesday"),
        (["2020-05-07", "2020-05-08", "2020-05-11"], "XLON", "2020-05-08", "Friday"),
    ],
)
def test_bars_on_days_the_exchange_was_closed_are_errors(days, calendar, day, weekday):
    report = validate(bars(days, calendar, close=[1, 1.1, 1.2]))
    finding = only(report.errors)
    assert (finding.symbol, finding.date, finding.reason) == ("AA", day, f"not a session of {calendar}")
    assert finding.received == f"a bar on a {weekday}"
    assert validate(bars(days, calendar, close=[1, 1.1, 1.2]), calendar=False).ok


def test_each_instrument_has_the_calendar_of_its_exchange():
    days = ["2020-05-07", "2020-05-08", "2020-05-11"]  # 8 May 2020: London closed, New York open
    both = bars(days, symbols=("US", "UK"), close=[[1, 1], [1, NAN], [1, 1]])
    mixed = dataclasses.replace(both, instruments=(Instrument(symbol="US"), Instrument(symbol="UK", calendar="XLON")))
    assert validate(mixed).ok


def test_a_time_belongs_to_the_day_of_the_exchange():
    tokyo = ["2020-01-06T00:00", "2020-01-06T00:01", "2020-01-07T05:59"]
    assert validate(bars(tokyo, "XTKS", close=[1, 1, 1])).ok
    evening = ["2020-01-03T20:59", "2020-01-04T00:30", "2020-01-06T14:31"]  # 19:30 on Friday in New York
    assert validate(bars(evening, close=[1, 1, 1])).ok
    saturday = ["2020-01-03T20:59", "2020-01-04T14:31", "2020-01-06T14:31"]
    finding = only(validate(bars(saturday, close=[1, 1, 1])).errors)
    assert finding.date == "2020-01-04T14:31:00"


def test_an_unknown_calendar_names_the_nearest():
    with pytest.raises(DataError, match=r"no calendar 'XNYX'; use a MIC such as XNYS, .* Did you mean 'XNYS'"):
        validate(bars(calendar="XNYX", close=[1, 1, 1]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (bars([], close=np.empty((0, 1))), "timestamp: a run needs at least 2 bars; received no bars; widen"),
        (bars(["2020-01-02"], close=[1]), "a run needs at least 2 bars; received 1 bar, 2020-01-02"),
        (bars(symbols=(), close=np.empty((3, 0))), "all symbols symbol: there are no symbols; received 0 symbols"),
        (bars(symbols=("AA", "AA"), close=np.ones((3, 2))), "the symbol is listed more than once; received 2"),
        (bars(symbols=("AA", "BB"), close=[[1, NAN]] * 3), "BB close: no bars; received 0 bars of 3; leave"),
    ],
)  # fmt: skip
def test_there_must_be_something_to_run_on(value, text):
    assert text in str(only(validate(value).errors))


def test_references_are_checked_and_may_be_zero_or_less_with_a_warning():
    rate = bars(close=[0.1, -0.1, 0.2], symbols=("RATE",))
    broken = bars(open=[1, 1, 3], high=[1, 2, 2], close=[1, 1, 1], symbols=("IX",))
    report = validate(bars(close=[1, 1, 1], references={"rate": rate, "benchmark": broken}))
    assert only(report.warnings).symbol == "reference rate (RATE)"
    assert str(only(report.errors)).startswith("reference benchmark (IX) 2020-01-06 open: open is above high")


def test_references_must_have_the_timestamps_of_the_universe():
    other = bars(["2020-01-02", "2020-01-03", "2020-01-07"], close=[1, 1, 1])
    finding = only(validate(bars(close=[1, 1, 1], references={"vix": other})).errors)
    assert finding.reason == "its timestamps are not those of the universe"


@pytest.mark.parametrize(("last", "found"), [(151, True), (149, False), (49, True), (51, False)])
def test_a_move_of_more_than_half_is_a_warning(last, found):
    report = validate(bars(close=[100, 100, last]))
    assert report.ok
    assert [finding.received for finding in report.warnings] == ([f"{last} after 100"] if found else [])


def test_a_move_is_measured_over_a_halt():
    finding = only(validate(bars(close=[100, NAN, 10])).warnings)
    assert (finding.date, finding.received) == ("2020-01-06", "10 after 100")


@pytest.mark.parametrize(("missing", "found"), [(10, False), (11, True)])
def test_a_gap_of_more_than_ten_sessions_is_a_warning_and_the_end_of_data_is_none(missing, found):
    close = np.arange(100.0, 160.0)[:, np.newaxis].repeat(2, axis=1)
    close[:15, 1] = NAN
    close[20 : 20 + missing, 1] = NAN
    close[45:, 1] = NAN
    warnings = validate(make_bars(close), calendar=False).warnings
    assert [(finding.symbol, finding.field) for finding in warnings] == ([("S1", "close")] if found else [])
    if found:
        assert warnings[0].received.startswith("no bar at 11 timestamps since 2020-01-28")


@pytest.mark.parametrize(("same", "found"), [(10, False), (11, True), (30, True)])
def test_a_close_that_stays_more_than_ten_bars_is_one_warning(same, found):
    close = np.arange(100.0, 150.0)
    close[5 : 5 + same] = 77
    stale = [f for f in validate(make_bars(close), calendar=False).warnings if "does not move" in f.reason]
    assert [(finding.date, finding.occurrences) for finding in stale] == ([("2020-01-08", 1)] if found else [])


def test_a_close_that_returns_after_a_halt_counts_its_own_bars_only():
    close = np.arange(100.0, 150.0)
    close[5:21] = 105
    close[6:13] = NAN  # one bar before, eight after: nine in all
    other = np.arange(1.0, 51.0)
    report = validate(make_bars(np.stack([close, other], axis=1)), calendar=False)
    assert not any("does not move" in finding.reason for finding in report.warnings)


def test_stale_runs_agree_with_a_loop_over_each_symbol():
    random = np.random.default_rng(3)
    close = random.integers(1, 3, (4000, 3)).astype(float)
    close[random.random(close.shape) < 0.1] = NAN
    expected = 0
    for column in close.T:
        values = column[np.isfinite(column)]
        runs = np.diff(np.flatnonzero(np.r_[True, values[1:] != values[:-1], True]))
        expected += int(np.count_nonzero(runs > 10))
    report = validate(make_bars(close), calendar=False)
    assert expected > 0
    assert sum(f.occurrences for f in report.warnings if "does not move" in f.reason) == expected


def test_one_error_is_called_an_error():
    close = np.full((1, 1), -1.0)
    with pytest.raises(DataError, match=r"^the prices have an error:\n"):
        require_valid(make_bars(close), calendar=False)


def test_the_error_lists_ten_findings_and_counts_the_rest():
    close = np.full((5, 30), -1.0)
    with pytest.raises(DataError) as caught:
        require_valid(make_bars(close), calendar=False)
    lines = str(caught.value).splitlines()
    assert lines[0] == "the prices have 150 errors:"
    assert len(lines) == 11
    assert lines[1] == (
        "  S0 2020-01-01 close: a price must be above 0; received -1.0; "
        "correct the price or leave the bar empty (on 5 bars)"
    )


def test_sound_bars_come_back_with_their_warnings():
    assert len(require_valid(bars(close=[100, 100, 200])).warnings) == 1


def test_the_calendar_library_is_only_imported_when_sessions_are_compared():
    code = (
        "import sys, tradewind.validation as v; from tradewind.testing import make_bars;"
        "v.validate(make_bars([1.0, 2.0]), calendar=False); sys.exit('exchange_calendars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def shared(**parameters) -> Files:
    pytest.importorskip("pyarrow", reason="the shared data are Parquet files")
    if not SHARED.is_dir():
        pytest.skip(f"no shared market data at {SHARED}; set TRADEWIND_SHARED_DATA")
    return Files(directory=Directory(SHARED), **parameters)


@pytest.mark.parametrize("adjusted_close", ["ignore", "scale"])
def test_real_shares_are_valid_before_and_after_scaling(adjusted_close):
    feed = shared(path="us_equity_daily.parquet", adjusted_close=adjusted_close, sectors="symbols.csv",
                  reference_files={"benchmark": "index_daily.parquet", "vix": "index_daily.parquet"})  # fmt: skip
    symbols = ("AAPL", "AIG", "C", "GE", "JPM", "MSFT", "NVDA", "TWTR", "XOM")
    loaded = feed.history(DataRequest(symbols=symbols, references={"benchmark": "SPY", "vix": "^VIX"}))
    report = require_valid(loaded)
    assert "AIG" in {finding.symbol for finding in report.warnings if finding.date == "2008-09-15"}
    assert loaded.instruments[0].sector == "Information Technology"
    at = {str(label)[:10]: row for row, label in enumerate(loaded.timestamps)}
    assert loaded.references["vix"].fields["close"][at["2020-03-16"], 0] == pytest.approx(82.69)
    if adjusted_close == "ignore":
        assert loaded.fields["close"][at["2020-03-16"], 0] == pytest.approx(60.5525)
        assert loaded.references["benchmark"].fields["close"][at["2020-03-23"], 0] == pytest.approx(222.95)


def test_scaled_returns_of_real_shares_are_those_of_the_adjusted_close():
    loaded = shared(path="us_equity_daily.parquet", adjusted_close="scale").history(DataRequest(symbols=("KO", "XOM")))
    frame = pd.read_parquet(SHARED / "us_equity_daily.parquet", filters=[("symbol", "in", ["KO", "XOM"])])
    for column, symbol in enumerate(loaded.symbols):
        own = frame[frame["symbol"] == symbol]
        np.testing.assert_array_equal(loaded.fields["close"][:, column], own["adj_close"].to_numpy(float))
        spread = loaded.fields["high"][:, column] / loaded.fields["low"][:, column]
        np.testing.assert_allclose(spread, own["high"].to_numpy(float) / own["low"].to_numpy(float), rtol=1e-12)


def test_unadjusted_prices_show_their_splits_as_warnings():
    loaded = shared(path="us_equity_raw_daily.parquet").history(DataRequest(symbols=("AAPL",)))
    received = {finding.date: finding for finding in require_valid(loaded).warnings}
    assert {date for date in received if date.startswith(("2000-09", "2014-06", "2020-08"))}


def test_real_indices_are_valid():
    request = DataRequest(symbols=("SPY", "QQQ", "TLT"), references={"vix": "^VIX", "index": "^GSPC"})
    loaded = shared(path="index_daily.parquet", adjustment="split").history(request)
    assert require_valid(loaded).ok
    assert list(loaded.references["index"].fields) == ["close", "volume"]


def test_real_minutes_are_valid():
    feed = shared(path="intraday_1min.parquet", columns={"date": "ts"})
    assert require_valid(feed.history(DataRequest(symbols=("SPY", "AAPL")))).ok
