"""Feeds with one fault each."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from tradewind.contracts import DataRequest
from tradewind.errors import DataError, choices
from tradewind.model import Bars, Instrument, Row

__all__ = ["MUTANTS", "Sound"]

SYMBOLS = ("AA", "BB", "CC")
SESSIONS = pd.bdate_range("2021-01-19", "2021-04-01").drop(pd.Timestamp("2021-02-15")).to_numpy(dtype="datetime64[ns]")
HOLIDAY = np.datetime64("2021-02-15", "ns")


def prices() -> np.ndarray[Any, Any]:
    """Closes of three shares: one is halted for a day, one starts late, one ends early."""
    random = np.random.default_rng(3)
    close = np.round(50.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (len(SESSIONS), 3)), axis=0)), 2)
    close[20, 0] = close[:10, 1] = close[40:, 2] = np.nan
    return close


class Sound:
    """A feed without a fault, which the faulty ones change."""

    def history(self, request: DataRequest) -> Bars:
        wanted = request.symbols or SYMBOLS
        for symbol in (*wanted, *request.references.values()):
            if symbol not in SYMBOLS:
                raise DataError(f"no prices for {symbol}; {choices(symbol, SYMBOLS)} Change data.symbols")
        columns = [SYMBOLS.index(symbol) for symbol in wanted]
        first = np.datetime64(request.start or dt.date(1990, 1, 1))
        end = np.datetime64(request.end or dt.date(2050, 1, 1)) + np.timedelta64(1, "D")
        rows = (first <= SESSIONS) & (end > SESSIONS)
        if not rows.any():
            raise DataError(f"no sessions from {request.start} to {request.end}; the data reach from {SESSIONS[0]}")
        return self.bars(prices(), rows, columns, request)

    def bars(self, close: Any, rows: Any, columns: list[int], request: DataRequest) -> Bars:
        ends = np.where(np.array(columns) == 2, max(0, 40 - int(rows.argmax())), 10_000)
        shown = close[rows][:, columns]
        return Bars(
            timestamps=SESSIONS[rows],
            instruments=tuple(Instrument(symbol=SYMBOLS[column]) for column in columns),
            fields={"open": shown - 0.01, "high": shown + 0.02, "low": shown - 0.02, "close": shown},
            references={
                role: Bars(
                    timestamps=SESSIONS[rows],
                    instruments=(Instrument(symbol=symbol),),
                    fields={"close": close[rows][:, [SYMBOLS.index(symbol)]]},
                )
                for role, symbol in request.references.items()
            },
            stamps=("made up",),
            ends=ends,
        )

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        bars = self.history(request)
        after = request.after
        return self.history(request).between(0, 0), (
            row for row in bars.rows() if after is None or row.timestamp > after
        )


def change(**changes: Callable[[Bars], Any]) -> Any:
    """Return a feed whose bars have other parts."""

    class Changed(Sound):
        """Changes its bars."""

        def history(self, request: DataRequest) -> Bars:
            bars = super().history(request)
            return dataclasses.replace(bars, **{name: made(bars) for name, made in changes.items()})

    return Changed


def with_field(name: str, values: Callable[[Bars], Any]) -> Any:
    return change(fields=lambda bars: {**bars.fields, name: values(bars)})


def spoilt(values: Any, row: int, column: int, value: float) -> Any:
    copy = np.array(values)
    if copy.shape[0] > row and copy.shape[1] > column:
        copy[row, column] = value
    return copy


def unsorted(bars: Bars) -> Any:
    times = bars.timestamps.copy()
    times[[3, 4]] = times[[4, 3]]
    return times


def double(bars: Bars) -> Any:
    times = bars.timestamps.copy()
    times[4] = times[3]
    return times


class OwnOrder(Sound):
    """Delivers columns in its own order."""

    def history(self, request: DataRequest) -> Bars:
        return super().history(dataclasses.replace(request, symbols=tuple(sorted(request.symbols))))


class Crowded(Sound):
    """Prices depend on how many symbols are asked for."""

    def history(self, request: DataRequest) -> Bars:
        bars = super().history(request)
        return dataclasses.replace(bars, fields={n: v * len(bars.symbols) for n, v in bars.fields.items()})


class Writable(Sound):
    """Gives away arrays that can be written to."""

    def history(self, request: DataRequest) -> Bars:
        bars = super().history(request)
        object.__setattr__(bars, "fields", {name: values.copy() for name, values in bars.fields.items()})
        return bars


class Drawn(Sound):
    """Prices have noise."""

    def history(self, request: DataRequest) -> Bars:
        bars = super().history(request)
        noise = 1.0 + np.random.default_rng().random() * 1e-9
        return dataclasses.replace(bars, fields={name: values * noise for name, values in bars.fields.items()})


class Counting(Sound):
    """Stamps the number of the request."""

    asked = 0

    def history(self, request: DataRequest) -> Bars:
        type(self).asked += 1
        return dataclasses.replace(super().history(request), stamps=(f"request {self.asked}",))


class ExclusiveEnd(Sound):
    """Takes the end for the first session not wanted."""

    def history(self, request: DataRequest) -> Bars:
        end = request.end and request.end - dt.timedelta(days=1)
        return super().history(dataclasses.replace(request, end=end))


class Deaf(Sound):
    """Delivers everything, whatever the start."""

    def history(self, request: DataRequest) -> Bars:
        return super().history(dataclasses.replace(request, start=None))


class BackAdjusted(Sound):
    """Adjusts all prices to the last close of the range."""

    def history(self, request: DataRequest) -> Bars:
        bars = super().history(request)
        last = bars.fields["close"][-1:, :1]
        return dataclasses.replace(bars, fields={name: values / last for name, values in bars.fields.items()})


class EndsWithRange(Sound):
    """Takes the end of the range for the end of the data."""

    def history(self, request: DataRequest) -> Bars:
        bars = super().history(request)
        return (
            bars if request.end is None else dataclasses.replace(bars, ends=np.full(len(bars.symbols), len(bars) - 1))
        )


class Lenient(Sound):
    """Leaves out what it does not have."""

    def history(self, request: DataRequest) -> Bars:
        known = tuple(symbol for symbol in request.symbols if symbol in SYMBOLS)
        return super().history(dataclasses.replace(request, symbols=known))


class KeyErrors(Sound):
    """Says what dictionaries say."""

    def history(self, request: DataRequest) -> Bars:
        for symbol in request.symbols:
            dict.fromkeys(SYMBOLS)[symbol]
        return super().history(request)


class Curt(Sound):
    """Says that a symbol is not known, and no more."""

    def history(self, request: DataRequest) -> Bars:
        if not set(request.symbols) <= set(SYMBOLS):
            raise DataError(f"unknown symbol {request.symbols[0]}")
        return super().history(request)


class AnyReference(Sound):
    """Delivers a reference that it does not have."""

    def history(self, request: DataRequest) -> Bars:
        known = {role: symbol if symbol in SYMBOLS else "AA" for role, symbol in request.references.items()}
        return super().history(dataclasses.replace(request, references=known))


class EmptyRange(Sound):
    """Delivers no bars where there are none."""

    def history(self, request: DataRequest) -> Bars:
        try:
            return super().history(request)
        except DataError:
            if set(request.symbols) <= set(SYMBOLS) and set(request.references.values()) <= set(SYMBOLS):
                return super().history(DataRequest()).between(0, 0)
            raise


class NoReferences(Sound):
    """Forgets the references."""

    def history(self, request: DataRequest) -> Bars:
        return dataclasses.replace(super().history(request), references={})


class LossyStream(Sound):
    """Loses a row of the stream."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        template, rows = super().stream(request)
        return template, (row for number, row in enumerate(rows) if number != 17)


class OtherStream(Sound):
    """Streams other prices than the history has."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        template, rows = super().stream(request)
        return template, (
            dataclasses.replace(row, fields={name: values * 1.0001 for name, values in row.fields.items()})
            for row in rows
        )


class EarlyEnd(Sound):
    """Tells of the end of data with the last bar, before it can be known."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        template, rows = super().stream(request)
        listed = list(rows)
        ends = [*(row.ended for row in listed[1:]), ()]
        return template, iter([dataclasses.replace(row, ended=end) for row, end in zip(listed, ends, strict=True)])


class FromTheStart(Sound):
    """Streams from the beginning after a drop."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        return super().stream(dataclasses.replace(request, after=None))


class OnceMore(Sound):
    """Repeats the last row known after a drop."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        after = request.after - np.timedelta64(1, "s") if request.after is not None else None
        return super().stream(dataclasses.replace(request, after=after))


class LateError(Sound):
    """Says what is wrong at the first row."""

    def stream(self, request: DataRequest) -> tuple[Bars, Iterator[Row]]:
        def rows() -> Iterator[Row]:
            yield from super(LateError, self).stream(request)[1]

        return Sound().history(DataRequest()).between(0, 0), rows()


MUTANTS: tuple[tuple[str, type[Any], str, str], ...] = (
    ("unsorted", change(timestamps=unsorted), "test_time_only_goes_forward", r"row 4: time does not go forward"),
    (
        "double",
        change(timestamps=double),
        "test_time_only_goes_forward",
        r"row 4: time does not go forward; .*keep each",
    ),
    (
        "own_order",
        OwnOrder,
        "test_the_symbols_are_those_asked_for_in_their_order",
        r"the columns are others; received \('AA",
    ),
    ("crowded", Crowded, "test_one_symbol_alone_has_the_same_prices", r"CC alone: \w+ is another"),
    (
        "torn",
        with_field("high", lambda bars: spoilt(bars.fields["high"], 5, 0, np.nan)),
        "test_every_bar_is_whole_or_missing",
        r"AA, 2021-01-26.*: a bar is torn; received .*'high': nan",
    ),
    (
        "low_high",
        with_field("high", lambda bars: spoilt(bars.fields["high"], 5, 0, 1.0)),
        "test_prices_are_prices",
        r"AA 2021-01-26 high: .*Mend or leave out such bars",
    ),
    (
        "zero",
        with_field("close", lambda bars: spoilt(bars.fields["close"], 5, 0, 0.0)),
        "test_prices_are_prices",
        r"AA 2021-01-26 close: .*received 0",
    ),
    ("writable", Writable, "test_what_is_delivered_cannot_be_changed", r"arrays can be written to; received \['open'"),
    (
        "drawn",
        Drawn,
        "test_the_same_request_brings_the_same_bars",
        r"asked (again|of a new feed): values are others, before",
    ),
    (
        "counting",
        Counting,
        "test_the_same_request_brings_the_same_bars",
        r"asked again: flags and stamps are others, before .*request \d.*request \d",
    ),
    (
        "exclusive",
        ExclusiveEnd,
        "test_start_and_end_are_in_the_range",
        r"from 2021-02-\d+ to 2021-03-\d+: there are \d+ bars",
    ),
    ("deaf", Deaf, "test_start_and_end_are_in_the_range", r"there are \d+ bars; received \['2021-01-19"),
    ("back_adjusted", BackAdjusted, "test_a_part_is_what_the_whole_has_there", r"AA up to 2021-02-\d+: \w+ is another"),
    ("ends", EndsWithRange, "test_an_end_of_data_does_not_depend_on_the_range", r"AA: its data end with the range"),
    ("lenient", Lenient, "test_an_unknown_symbol_is_named_with_the_nearest", r"symbol AAQ: nothing is raised"),
    (
        "key_errors",
        KeyErrors,
        "test_an_unknown_symbol_is_named_with_the_nearest",
        r"the error is not told in words; .*KeyE",
    ),
    (
        "curt",
        Curt,
        "test_an_unknown_symbol_is_named_with_the_nearest",
        r"does not name it and the nearest; received unknown symbol AAQ",
    ),
    ("any_reference", AnyReference, "test_an_unknown_reference_is_refused", r"reference NO\.SUCH: nothing is raised"),
    ("empty", EmptyRange, "test_a_range_without_bars_is_refused", r"the year 1800: nothing is raised"),
    ("no_references", NoReferences, "test_references_are_quoted_beside", r"the roles are others; received \[\]"),
    (
        "ticks",
        change(adjusted=lambda _: True),
        "test_flags_and_stamps_say_what_the_prices_are",
        r"AA: adjusted prices have",
    ),
    (
        "one_stamp",
        change(stamps=lambda _: "text"),
        "test_flags_and_stamps_say_what_the_prices_are",
        r"a flag or a stamp",
    ),
    (
        "saturday",
        change(timestamps=lambda bars: bars.timestamps + np.timedelta64(1, "D")),
        "test_a_session_is_one_of_its_calendar",
        r"Name the right calendar",
    ),
    ("lossy", LossyStream, "test_the_stream_brings_the_rows_of_the_history", r"52 rows are expected; received 51"),
    (
        "other",
        OtherStream,
        "test_the_stream_brings_the_rows_of_the_history",
        r"the row of 2021-01-19.*: open is another",
    ),
    ("early_end", EarlyEnd, "test_the_stream_brings_the_rows_of_the_history", r"ended should be \(\); received \(2,\)"),
    (
        "from_start",
        FromTheStart,
        "test_a_stream_is_resumed_behind_what_is_known",
        r"resumed after .*: the rows are others",
    ),
    (
        "once_more",
        OnceMore,
        "test_a_stream_is_resumed_behind_what_is_known",
        r"the rows are others; .* Begin with the first",
    ),
    ("late_error", LateError, "test_a_stream_is_known_before_its_first_row", r"stream raises nothing"),
)
"""Name, the faulty feed, the test that must catch it, and what that must say."""
