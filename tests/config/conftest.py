from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from pydantic import Field

from tradewind import CostPlugin, ExitPlugin, FeedPlugin, RegimePlugin, ReportPlugin, SizerPlugin, StrategyPlugin
from tradewind.contracts import Feed, Regime, Seed
from tradewind.registry import Registry


class Momentum:
    def __init__(self, top_n: Annotated[int, Field(ge=1, description="How many.")], seed: Seed) -> None:
        self.top_n = top_n

    def on_bar(self, market, portfolio):
        return None


class Kelly:
    max_weight = 1.0
    budget = 1.0

    def __init__(
        self,
        fraction: Annotated[float, Field(gt=0, le=1)] = 0.5,
        mode: Literal["full", "half"] = "full",
        since: date | None = None,
    ) -> None:
        self.fraction = fraction

    def weights(self, signals, market, portfolio):
        return None


class TrailingStop:
    def __init__(self, fraction: float = 0.1) -> None:
        self.fraction = fraction

    def closes(self, market, portfolio):
        return None


class Threshold:
    labels = ("bull", "bear")

    def __init__(self, days: int = 200) -> None:
        self.days = days

    def estimate(self, market):
        return None


class Vote:
    labels = ("bull", "bear")

    def __init__(self, members: tuple[Regime, ...]) -> None:
        self.members = members

    def estimate(self, market):
        return None


class Sample:
    def __init__(self, years: int = 5) -> None:
        self.years = years

    def history(self, request):
        return None


class Replay:
    def __init__(self, source: Feed, bars_per_second: Annotated[float, Field(ge=0)] = 0.0) -> None:
        self.source = source

    def stream(self, request):
        return None


class Free:
    def costs(self, trades):
        return None


class Html:
    def write(self, result, directory):
        return None


RECORDS: Sequence[object] = (
    StrategyPlugin(name="momentum", create=Momentum, summary="Winners."),
    SizerPlugin(name="kelly", create=Kelly, summary="Kelly."),
    ExitPlugin(name="trailing_stop", create=TrailingStop, summary="Stop.", needs=("close", "high")),
    RegimePlugin(name="threshold", create=Threshold, summary="Average.", needs=("reference:benchmark",)),
    RegimePlugin(name="vote", create=Vote, summary="Majority."),
    FeedPlugin(name="sample", create=Sample, summary="Sample."),
    FeedPlugin(name="replay", create=Replay, summary="Replay."),
    CostPlugin(name="free", create=Free, summary="Free."),
    ReportPlugin(name="html", create=Html, summary="Page."),
)


@pytest.fixture
def registry():
    made = Registry.load(entry_points=False)
    for record in RECORDS:
        made.register(record, "toys")
    assert not made.broken
    return made


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's directory and return its path."""

    def write_file(text, name="plan.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


MINIMAL = "data: {feed: sample}\nstrategy: {name: momentum, params: {top_n: 3}}\n"


@pytest.fixture
def minimal(write):
    return write(MINIMAL)


@pytest.fixture
def texts():
    return SimpleNamespace(minimal=MINIMAL)
