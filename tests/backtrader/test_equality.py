"""The comparison itself: enough cases, and it sees a difference."""

from dataclasses import replace

import backtrader as bt

from tests.backtrader.account import Mode
from tests.backtrader.equality import CASES, TOO_SHORT, difference, difference_of, error_difference
from tests.backtrader.recording import Scenario, record
from tests.backtrader.script import Place
from tests.backtrader.universe import Feed, Universe

MARKET = Universe(bars=30, bars_a_day=1, tick=0.01, feeds=(Feed(1, 0, 30), Feed(2, 5, 30)))
ORDER = Place(bar=3, feed=0, side="buy")


def test_the_suite_compares_at_least_two_thousand_cases():
    assert sum(CASES.values()) >= 2_000


def test_a_run_compared_with_itself_is_equal():
    scenario = Scenario(MARKET, ((ORDER,),))
    assert difference_of(record(bt.Cerebro, scenario), record(bt.Cerebro, scenario)) is None


def test_a_later_order_is_seen_as_a_difference():
    early = record(bt.Cerebro, Scenario(MARKET, ((ORDER,),)))
    late = record(bt.Cerebro, Scenario(MARKET, ((replace(ORDER, bar=4),),)))
    assert "event" in difference_of(early, late)


def test_a_silent_script_shows_a_later_order_in_its_end():
    quiet = Mode(loud=False)
    early = record(bt.Cerebro, Scenario(MARKET, ((ORDER,),), mode=quiet))
    late = record(bt.Cerebro, Scenario(MARKET, ((replace(ORDER, bar=4),),), mode=quiet))
    assert difference_of(early, late).startswith("end > ")


def test_the_last_bit_of_a_fill_price_is_a_difference():
    assert difference({"price": 0.1 + 0.2}, {"price": 0.3}, "fill") == (
        "fill > price: 0.30000000000000004 on Backtrader, 0.3 on tradewind"
    )


def test_not_a_number_equals_itself_and_types_count():
    assert difference([float("nan")], [float("nan")], "line") is None
    assert difference(1, 1.0, "size") is not None


def test_a_run_that_fails_must_fail_alike():
    assert error_difference("ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero") is None
    assert error_difference("ZeroDivisionError: division by zero", "ValueError: math domain error") is not None
    assert error_difference(TOO_SHORT[0], "ValueError: shapes differ") is None
    assert error_difference(TOO_SHORT[0], None) is not None
