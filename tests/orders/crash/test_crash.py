"""Nothing is lost or doubled wherever a session is struck; the venue is the judge."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest


def drive(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.orders.crash.driver", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("how", [(), ("--waits-for-sells",)])
def test_kills_at_random_moments_lose_and_double_nothing(how: tuple[str, ...]) -> None:
    result = drive("--kills", "16", "--kills-per-session", "15", "--bars", "10", *how)
    assert result["faults"] == []
    assert (result["kills"], result["executions_per_session"] > 20) == (16, True)


def test_a_strike_at_a_sample_of_all_writes_and_sends_loses_and_doubles_nothing() -> None:
    result = drive("--every-step", "13", "--bars", "4")
    assert result["faults"] == []
    assert result["kills"] >= 10


def test_a_naive_order_path_is_found_out() -> None:
    result = drive("--kills", "60", "--kills-per-session", "15", "--bars", "10", "--naive", "--seed", "3")
    assert result["faults"]


@pytest.mark.soak
def test_five_thousand_kills_lose_and_double_nothing() -> None:
    result = drive("--kills", "5000", "--bars", "12")
    assert result["faults"] == []


@pytest.mark.soak
def test_a_strike_at_every_write_and_send_loses_and_doubles_nothing() -> None:
    result = drive("--every-step", "1", "--bars", "6")
    assert result["faults"] == []
    assert result["kills"] > 200
