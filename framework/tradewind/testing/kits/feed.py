"""Conformance of feeds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from tradewind.contracts import DataRequest, Feed, StreamingFeed
from tradewind.errors import DataError, TradewindError
from tradewind.model import Bars, Row
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import fail
from tradewind.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradewind.model.typing import TimeArray

__all__ = ["FeedKit"]

_PRICES = ("open", "high", "low", "close")
_MOST_ROWS = 400
"""Rows of a stream that are looked at."""
_DAY = np.timedelta64(1, "D")


class FeedKit(PluginKit):
    """What every feed keeps: bars in order, each once, as they were asked for, and the same again.

    A feed without `history` is examined by its stream, one without `stream` by its history.

    Attributes
    ----------
    request
        What to ask for, with at least ten sessions: two symbols or more, and references if the feed has any. Keep it
        small; all of the feed's symbols and dates unless the author says otherwise.
    """

    kind = "feed"
    request: ClassVar[DataRequest] = DataRequest()
    _bars: ClassVar[Bars | None] = None

    def test_there_is_something_to_examine(self) -> None:
        """The kit's request brings at least ten bars of at least one symbol. Set `request` to what the feed has."""
        bars = self._history()
        if len(bars) < 10 or not bars.instruments:
            self._fail("", "there is too little to examine", (len(bars), bars.symbols), "Set `request` in the kit.")

    def test_time_only_goes_forward(self) -> None:
        """Timestamps are strictly increasing: sorted, each once, no NaT. Sort, and drop or merge what is double."""
        times = self._history().timestamps
        if np.isnat(times).any():
            self._fail("", "a timestamp is NaT", times[np.isnat(times)][:1], "Drop rows without a time.")
        bad = np.flatnonzero(np.diff(times) <= np.timedelta64(0))
        if len(bad):
            pair = [str(times[bad[0]]), str(times[bad[0] + 1])]
            self._fail(f"row {bad[0] + 1}", "time does not go forward", pair, "Sort the rows, and keep each time once.")

    def test_the_symbols_are_those_asked_for_in_their_order(self) -> None:
        """Columns are the symbols of the request, in its order, each once: a run reads them by position."""
        everything = self._history().symbols
        if len(set(everything)) < len(everything):
            self._fail("", "a symbol comes twice", everything, "Deliver every symbol once.")
        wanted = tuple(reversed(self.request.symbols or everything[:3]))
        received = self._ask(replace(self.request, symbols=wanted)).symbols
        if received != wanted:
            self._fail(f"symbols {wanted}", "the columns are others", received, "Order columns as the request does.")

    def test_one_symbol_alone_has_the_same_prices(self) -> None:
        """A symbol's values do not depend on which others are asked for, but for the rows that those bring."""
        bars = self._history()
        symbol = bars.symbols[-1]
        alone = self._ask(replace(self.request, symbols=(symbol,)))
        rows = np.searchsorted(alone.timestamps, bars.timestamps)
        for name in set(bars.fields) & set(alone.fields):
            column = bars.fields[name][:, -1]
            there = np.isfinite(column)
            found = alone.fields[name][np.minimum(rows[there], len(alone) - 1), 0]
            if not np.array_equal(column[there], found):
                remedy = "Read each symbol by itself, and align afterwards."
                self._fail(f"{symbol} alone", f"{name} is another", found[found != column[there]][:2], remedy)

    def test_every_bar_is_whole_or_missing(self) -> None:
        """In a row a symbol has all of its prices, or none: a halted bar is NaN in every price field."""
        bars = self._history()
        names = [name for name in _PRICES if name in bars.fields]
        present = np.array([np.isfinite(bars.fields[name]) for name in names])
        torn = np.argwhere(present.any(axis=0) & ~present.all(axis=0))
        if len(torn):
            row, column = torn[0].tolist()
            values = {name: float(bars.fields[name][row, column]) for name in names}
            where = f"{bars.symbols[column]}, {bars.timestamps[row]}"
            self._fail(where, "a bar is torn", values, "Make a bar that lacks a price NaN in all of them.")

    def test_prices_are_prices(self) -> None:
        """Prices are above 0, high and low enclose open and close, volume is at least 0: what a run checks first."""
        for finding in validate(self._history(), calendar=False).errors:
            where = " ".join(part for part in (finding.symbol, finding.date, finding.field) if part)
            self._fail(where, finding.reason, finding.received, "Mend or leave out such bars, and say so in a stamp.")

    def test_what_is_delivered_cannot_be_changed(self) -> None:
        """Arrays are read-only, and what one caller holds is not what the next one gets."""
        bars = self._history()
        open_ = [name for name, values in bars.fields.items() if values.flags.writeable]
        if open_ or bars.timestamps.flags.writeable:
            self._fail("", "arrays can be written to", open_ or "timestamps", "Return a `Bars`; it makes them so.")

    def test_the_same_request_brings_the_same_bars(self) -> None:
        """Two requests, and two feeds with the same parameters, bring bars equal to the last digit."""
        feed = self._feed()
        if not isinstance(feed, Feed):
            pytest.skip("it has no history")
        first = feed.history(self.request)
        for how, again in (("asked again", feed.history(self.request)), ("asked of a new feed", self._history())):
            for part, told in _told(first).items():
                if told != _told(again)[part]:
                    remedy = "Depend on request and parameters only: no clock, no randomness, no memory of requests."
                    self._fail(how, f"{part} are others, before {told}", _told(again)[part], remedy)

    def test_start_and_end_are_in_the_range(self) -> None:
        """`start` and `end` are dates, both inclusive: the session of each is delivered, the ones outside are not.

        Bars within a day may belong to the session of the day before or after: a day of grace is given there.
        """
        whole = self._history()
        days = np.unique(whole.timestamps.astype("datetime64[D]"))
        first, last = (days[len(days) // 3], days[2 * len(days) // 3])
        part = self._ask(replace(self.request, start=_date(first), end=_date(last)))
        grace = 0 * _DAY if np.array_equal(whole.timestamps, whole.timestamps.astype("datetime64[D]")) else _DAY

        def between(start: np.datetime64, stop: np.datetime64) -> TimeArray:
            return whole.timestamps[(whole.timestamps >= start) & (whole.timestamps < stop)]

        needed = between(first + grace, last + _DAY - grace)
        allowed = between(first - grace, last + _DAY + grace)
        if not (np.isin(needed, part.timestamps).all() and np.isin(part.timestamps, allowed).all()):
            received = [str(part.timestamps[row])[:19] for row in (0, -1)] if len(part) else []
            remedy = f"Deliver the bars from {allowed[0]} to {allowed[-1]}."
            self._fail(f"from {first} to {last}", f"there are {len(part)} bars", received, remedy)

    def test_a_part_is_what_the_whole_has_there(self) -> None:
        """A shorter range has the same values on the same bars: no adjustment, filling or ranking over the range."""
        whole = self._history()
        days = np.unique(whole.timestamps.astype("datetime64[D]"))
        end = _date(days[len(days) // 2])
        part = self._ask(replace(self.request, end=end, symbols=whole.symbols))
        for name in set(part.fields) & set(whole.fields):
            expected = whole.fields[name][: len(part)]
            if not np.array_equal(part.fields[name], expected, equal_nan=True):
                remedy = "Compute nothing from the range: what is adjusted to its last day differs with the day."
                received = part.fields[name]
                same = (received == expected) | (np.isnan(received) & np.isnan(expected))
                row, column = np.argwhere(~same)[0].tolist()
                values = (float(expected[row, column]), float(received[row, column]))
                self._fail(f"{whole.symbols[column]} up to {end}", f"{name} is another", values, remedy)

    def test_an_end_of_data_does_not_depend_on_the_range(self) -> None:
        """`ends` tells where a symbol's data end in the whole source: the end of the range asked for is no end."""
        whole = self._history()
        days = np.unique(whole.timestamps.astype("datetime64[D]"))
        part = self._ask(replace(self.request, end=_date(days[len(days) // 2]), symbols=whole.symbols))
        ended = np.flatnonzero((part.end_bars < len(part)) & (whole.end_bars > len(part)))
        if len(ended):
            symbol = whole.symbols[int(ended[0])]
            remedy = "Find ends in all of the source before the range is cut out."
            self._fail(symbol, "its data end with the range", int(part.end_bars[ended[0]]), remedy)

    def test_an_unknown_symbol_is_named_with_the_nearest(self) -> None:
        """An unknown symbol is a `DataError` that names it and the nearest one, not a missing column."""
        symbols = self._history().symbols
        known = symbols[0]
        wrong = f"{known}Q" if f"{known}Q" not in symbols else f"{known}QQ"
        message = self._refusal(replace(self.request, symbols=(wrong,)), f"symbol {wrong}")
        if wrong not in message or known not in message.replace(wrong, ""):
            self._fail(f"symbol {wrong}", "the error does not name it and the nearest", message,
                       "Use tradewind.errors.choices.")  # fmt: skip

    def test_an_unknown_reference_is_refused(self) -> None:
        """A reference that the feed does not have is a `DataError` that names its symbol."""
        request = replace(self.request, references={"benchmark": "NO.SUCH"})
        message = self._refusal(request, "reference NO.SUCH")
        if "NO.SUCH" not in message:
            self._fail("reference NO.SUCH", "the error does not name it", message, "Name role and symbol.")

    def test_a_range_without_bars_is_refused(self) -> None:
        """A range before the first bar is a `DataError` that says how far the data reach; nothing is no history."""
        request = replace(self.request, start=dt.date(1800, 1, 1), end=dt.date(1800, 12, 31))
        self._refusal(request, "the year 1800")

    def test_references_are_quoted_beside(self) -> None:
        """Each role of the request is in `references`, on the same timestamps, and no role that was not asked for."""
        if not self.request.references:
            pytest.skip("the kit's request has no references")
        bars = self._history()
        if set(bars.references) != set(self.request.references):
            remedy = "Deliver each role of request.references."
            self._fail("", "the roles are others", sorted(bars.references), remedy)
        for role, symbol in self.request.references.items():
            series = bars.references[role]
            if series.symbols != (symbol,) or not np.array_equal(series.timestamps, bars.timestamps):
                self._fail(
                    f"reference {role}", "its symbol or times are others", series.symbols, "Align it to the bars."
                )

    def test_flags_and_stamps_say_what_the_prices_are(self) -> None:
        """`adjusted` is a bool, stamps are sentences. Adjusted prices have no ticks and no lots."""
        bars = self._history()
        good = isinstance(bars.stamps, tuple) and all(isinstance(one, str) and one.strip() for one in bars.stamps)
        if not good or not isinstance(bars.adjusted, bool):
            self._fail("", "a flag or a stamp is none", (bars.adjusted, bars.stamps), "Give a bool, and sentences.")
        stepped = [one.symbol for one in bars.instruments if bars.adjusted and (one.tick_size or one.lot_size)]
        if stepped:
            remedy = "Set tick_size and lot_size to 0 on adjusted prices."
            self._fail(stepped[0], "adjusted prices have a tick or a lot", stepped[:3], remedy)

    def test_a_session_is_one_of_its_calendar(self) -> None:
        """Daily bars lie on sessions of the instruments' calendar: an exchange calendar that exists, no weekends."""
        bars = self._history()
        others = validate(bars, calendar=False).errors
        for finding in validate(bars).errors:
            if finding not in others:
                where = " ".join(part for part in (finding.symbol, finding.date) if part)
                remedy = "Name the right calendar, or leave such bars out."
                self._fail(where, finding.reason, finding.received, remedy)

    def test_the_stream_brings_the_rows_of_the_history(self) -> None:
        """Row by row a stream delivers what `history` has: times, fields, references, ends."""
        template, rows = self._stream()
        bars = self._ask(self.request)
        expected = list(islice(bars.rows(), _MOST_ROWS))
        received = list(islice(rows(None), _MOST_ROWS))
        if template.symbols != bars.symbols or len(template):
            self._fail(
                "the template", "it is not the history without rows", template.symbols, "Use bars.between(0, 0)."
            )
        if len(received) != len(expected):
            remedy = "Deliver each row once."
            self._fail("the stream", f"{len(expected)} rows are expected", len(received), remedy)
        for one, other in zip(expected, received, strict=True):
            self._require_row(one, other)

    def test_a_stream_is_resumed_behind_what_is_known(self) -> None:
        """After a drop a stream is asked for what comes `after` the last row: no row is missed, none comes again."""
        _, rows = self._stream()
        whole = [row.timestamp for row in islice(rows(None), _MOST_ROWS)]
        for cut in (1, len(whole) // 2, len(whole) - 1):
            known = list(islice(rows(None), cut))
            rest = [row.timestamp for row in islice(rows(known[-1].timestamp), len(whole) - cut)]
            if rest != whole[cut:]:
                received = [str(one) for one in rest[:2]]
                remedy = f"Begin with the first row behind request.after, {whole[cut]}."
                self._fail(f"resumed after {known[-1].timestamp}", "the rows are others", received, remedy)

    def test_a_stream_is_known_before_its_first_row(self) -> None:
        """What is wrong with a request is said by `stream` itself, not at the first row: before anything is traded."""
        feed = self._feed()
        if not isinstance(feed, StreamingFeed):
            pytest.skip("it has no stream")
        try:
            feed.stream(replace(self.request, symbols=("NO.SUCH",)))
        except TradewindError:
            return
        self._fail("symbol NO.SUCH", "stream raises nothing", "a template", "Check the request before you return.")

    def _feed(self) -> Any:
        return self.subject().create()

    def _history(self) -> Bars:
        """Return the bars of the kit's request, asked for once a class."""
        bars: Bars | None = vars(type(self)).get("_bars")
        if bars is None:
            bars = self._ask(self.request)
            type(self)._bars = bars  # noqa: SLF001 its own class
        return bars

    def _ask(self, request: DataRequest) -> Bars:
        feed = self._feed()
        if not isinstance(feed, Feed):
            pytest.skip("it has no history")
        bars: Any = feed.history(request)
        if not isinstance(bars, Bars):
            self._fail("", "history returns no Bars", type(bars).__name__, "Return tradewind.Bars.")
        read: Bars = bars
        return read

    def _refusal(self, request: DataRequest, where: str) -> str:
        feed = self._feed()
        ask: Callable[[DataRequest], Any] = feed.history if isinstance(feed, Feed) else feed.stream
        try:
            answer = ask(request)
        except DataError as error:
            return str(error)
        except TradewindError as error:
            self._fail(where, "the error is no DataError", repr(error), "Raise tradewind.errors.DataError.")
        except (LookupError, ValueError, TypeError) as error:
            self._fail(where, "the error is not told in words", repr(error), "Raise tradewind.errors.DataError.")
        self._fail(where, "nothing is raised", type(answer).__name__, "Raise tradewind.errors.DataError.")
        return ""

    def _stream(self) -> tuple[Bars, Callable[[np.datetime64 | None], Iterator[Row]]]:
        if not isinstance(self._feed(), StreamingFeed):
            pytest.skip("it has no stream")

        def rows(after: np.datetime64 | None) -> Iterator[Row]:
            stream: StreamingFeed = self._feed()
            return stream.stream(replace(self.request, after=after))[1]

        first: StreamingFeed = self._feed()
        return first.stream(self.request)[0], rows

    def _require_row(self, expected: Row, received: Row) -> None:
        if expected.timestamp != received.timestamp or set(expected.fields) != set(received.fields):
            what = f"the row of {expected.timestamp} has another time or other fields"
            self._fail("the stream", what, (received.timestamp, sorted(received.fields)), "Deliver rows in order.")
        if tuple(expected.ended) != tuple(received.ended):
            remedy = "Tell the end of a symbol's data one row after its last."
            self._fail(f"the row of {expected.timestamp}", f"ended should be {expected.ended}", received.ended, remedy)
        for name, values in expected.fields.items():
            if not np.array_equal(values, received.fields[name], equal_nan=True):
                remedy = "Deliver in a stream what history has."
                self._fail(f"the row of {expected.timestamp}", f"{name} is another", received.fields[name], remedy)

    def _fail(self, where: str, what: str, received: Any, remedy: str) -> None:
        title = self.subject().title
        fail(f"{title}, {where}" if where else title, what, received=received, remedy=remedy)


def _told(bars: Bars) -> dict[str, Any]:
    return {
        "instruments": bars.instruments,
        "flags and stamps": (bars.adjusted, bars.stamps),
        "ends": bars.end_bars.tolist(),
        "values": bars.sha256(),
    }


def _date(day: np.datetime64) -> dt.date:
    date: dt.date = day.astype("datetime64[D]").item()
    return date
