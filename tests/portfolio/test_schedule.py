import numpy as np
import pandas as pd
import pytest

from tradewind.contracts import SCHEDULES
from tradewind.portfolio.schedule import Due, next_period, period_of


def days_of(stamp) -> int:
    return int(np.datetime64(stamp).astype("datetime64[D]").astype(int))


PERIODS = {"daily": "D", "weekly": "W-SUN", "monthly": "M", "quarterly": "Q"}


@pytest.mark.parametrize("schedule", PERIODS)
def test_periods_change_when_pandas_periods_do(schedule):
    index = pd.date_range("1969-12-20", "1972-03-05", freq="12h")
    numbers = [period_of(schedule, days_of(stamp)) for stamp in index.to_numpy()]
    expected = index.to_period(PERIODS[schedule])
    assert list(np.diff(numbers) != 0) == list(expected[1:] != expected[:-1])


def test_half_years_and_years_begin_in_january_and_july():
    days = [days_of(day) for day in ("2020-06-30", "2020-07-01", "2020-12-31", "2021-01-01")]
    assert [period_of("semi_annual", day) for day in days] == [4040, 4041, 4041, 4042]
    assert [period_of("annual", day) for day in days] == [2020, 2020, 2020, 2021]


def test_a_sleeve_is_first_due_when_warm_and_then_once_a_period():
    index = pd.bdate_range("2021-01-01", "2021-03-31").to_numpy()
    due = Due("monthly", warmup=10)
    days = [str(stamp)[:10] for bar, stamp in enumerate(index) if due.on(bar, days_of(stamp))]
    assert days == ["2021-01-15", "2021-02-01", "2021-03-01"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_is_due_on_the_first_warm_bar(schedule):
    assert Due(schedule, warmup=0).on(0, days_of("2021-01-04"))
    assert not Due(schedule, warmup=1).on(0, days_of("2021-01-04"))


@pytest.mark.parametrize("schedule", [one for one in SCHEDULES if one != "every_bar"])
def test_the_next_period_begins_on_the_first_day_with_another_number(schedule):
    for days in range(days_of("2019-11-20"), days_of("2020-03-10")):
        first = next_period(schedule, days)
        assert period_of(schedule, first - 1) == period_of(schedule, days) != period_of(schedule, first)
