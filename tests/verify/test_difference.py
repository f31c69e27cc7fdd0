"""What is shown of two journals that differ."""

from __future__ import annotations

import json

from tradewind.config.plan import Plan
from tradewind.journal import Record
from tradewind.verify.difference import trace_difference
from tradewind.verify.trace import Trace

PLAN = Plan.model_validate(
    {"name": "two", "data": {"feed": "sample"}, "sleeves": [{"strategy": "high_52w", "sizer": "equal_weight"}]}
)


def trace(weights: dict[str, float]) -> Trace:
    payload = {"sleeve": "main", "scores": {"A": 1.0}, "weights": weights}
    return Trace((Record(3, "signals", json.dumps(payload)),))


def test_of_long_tables_a_few_rows_that_differ_are_shown() -> None:
    one = {f"S{number}": 0.01 for number in range(50)}
    found = trace_difference(PLAN, trace(one), trace({**one, "S7": 0.5, "S8": 0.5, "S9": 0.5, "S10": 0.5}))
    assert found is not None
    assert found.what == "weights"
    assert found.plugin == f"sizer equal_weight of sleeve {PLAN.sleeves[0].name}"
    assert json.loads(found.first) == {"weights": {"S7": 0.01, "S8": 0.01, "S9": 0.01, "...": "4 in all"}}
    assert json.loads(found.second) == {"weights": {"S7": 0.5, "S8": 0.5, "S9": 0.5, "...": "4 in all"}}


def test_equal_traces_differ_in_nothing() -> None:
    assert trace_difference(PLAN, trace({"A": 1.0}), trace({"A": 1.0})) is None
