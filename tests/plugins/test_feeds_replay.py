"""The replay feed: same rows, no hurry, ends told one bar late."""

import numpy as np
import pytest

from tradewind.contracts import DataRequest, Feed, StreamingFeed
from tradewind.errors import DataError
from tradewind.testing import make_bars
from tradewind_plugins.feeds import Replay

NAN = np.nan


class Fixed:
    """A feed of given bars."""

    def __init__(self, bars):
        self.bars = bars

    def history(self, request):
        if request.symbols and request.symbols != self.bars.symbols:
            raise DataError("no prices for symbol 'X'")
        return self.bars


@pytest.fixture
def bars():
    return make_bars(
        [[1.0, 5.0], [2.0, 6.0], [3.0, NAN], [4.0, NAN]],
        volume=[[10.0, 50.0], [20.0, 60.0], [30.0, NAN], [40.0, NAN]],
        references={"vix": [15.0, 16.0, NAN, 18.0]},
    )


def test_it_streams_and_has_the_history_of_its_source(bars):
    feed = Replay(Fixed(bars))
    assert isinstance(feed, Feed)
    assert isinstance(feed, StreamingFeed)
    assert feed.history(DataRequest()) is bars


def test_template_has_everything_but_rows(bars):
    template, _ = Replay(Fixed(bars)).stream(DataRequest())
    assert len(template) == 0
    assert template.instruments == bars.instruments
    assert {name: values.shape for name, values in template.fields.items()} == {"close": (0, 2), "volume": (0, 2)}
    assert template.references["vix"].symbols == ("vix",)
    assert len(template.references["vix"]) == 0
    assert (template.adjusted, template.stamps) == (bars.adjusted, bars.stamps)


def test_rows_are_those_of_the_history(bars):
    _, stream = Replay(Fixed(bars)).stream(DataRequest())
    rows = list(stream)
    assert [row.timestamp for row in rows] == list(bars.timestamps)
    for name in ("close", "volume"):
        np.testing.assert_array_equal(np.stack([row.fields[name] for row in rows]), bars.fields[name])
    np.testing.assert_array_equal([row.references["vix"]["close"][0] for row in rows], [15.0, 16.0, NAN, 18.0])


def test_the_end_of_a_symbol_is_known_one_bar_after_its_last(bars):
    _, stream = Replay(Fixed(bars)).stream(DataRequest())
    assert [row.ended for row in stream] == [(), (), (1,), ()]


def test_without_speed_nothing_waits(bars, monkeypatch):
    feed = Replay(Fixed(bars))
    feed.waiting = lambda seconds: pytest.fail(f"waited {seconds}")
    assert len(list(feed.stream(DataRequest())[1])) == 4


def test_speed_is_a_pause_between_rows_and_none_before_the_first(bars):
    feed = Replay(Fixed(bars), bars_per_second=4.0)
    pauses = []
    feed.waiting = pauses.append
    stream = feed.stream(DataRequest())[1]
    next(stream)
    assert pauses == []
    next(stream)
    assert pauses == [0.25]
    list(stream)
    assert pauses == [0.25] * 3


def test_an_error_of_the_source_comes_before_the_first_row(bars):
    with pytest.raises(DataError, match="no prices for symbol 'X'"):
        Replay(Fixed(bars)).stream(DataRequest(symbols=("X",)))
