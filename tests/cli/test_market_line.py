"""`tradewind status` knows an exchange's hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tradewind.cli.status import market_line


@pytest.mark.parametrize(
    ("calendar", "now", "line"),
    [
        ("XNYS", (2024, 11, 23, 15), "XNYS is closed until 2024-11-25 14:30 UTC"),
        ("XNYS", (2024, 11, 25, 16), "XNYS is open until 2024-11-25 21:00 UTC"),
        ("XNYS", (2024, 11, 28, 16), "XNYS is closed until 2024-11-29 14:30 UTC"),
        ("XNYS", (2024, 11, 29, 16), "XNYS is open until 2024-11-29 18:00 UTC"),
    ],
)
def test_weekends_holidays_and_short_days_are_known(calendar: str, now: tuple[int, ...], line: str) -> None:
    assert market_line(calendar, datetime(*now, tzinfo=UTC)) == line  # type: ignore[misc,arg-type]


def test_what_is_not_known_is_said() -> None:
    assert market_line("NOPE", datetime(2024, 1, 2, tzinfo=UTC)).startswith("NOPE: hours not known")
    assert market_line("XNYS", datetime(2099, 1, 2, tzinfo=UTC)).startswith("XNYS: hours not known")
