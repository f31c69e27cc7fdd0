"""What is to be reached, as in the project's goals."""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_MB = 1024 * 1024

TITLES = {
    "a": "500 symbols x 2,520 daily bars, monthly top 10",
    "b": "500 symbols x 2,520 daily bars, daily top 50",
    "c": "One symbol x 500,000 minute bars, moving-average cross with stops",
    "d": "100 symbols x 98,280 minute bars, daily top 10",
    "e": "200 parameter points of (a), 2 processes",
    "h": "100 feeds x 2,520 daily bars, an unchanged `bt.Strategy` with one average a feed",
    "g": "Growth",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """At most `most` times another engine's time; or at most so much an order, or less than so much memory."""

    job: str
    engine: str = "tradewind"
    against: str = ""
    most: float = 0.0
    times_faster: bool = False
    microseconds_per_order: float = 0.0
    memory_mb: float = 0.0

    @property
    def words(self) -> str:
        if self.memory_mb:
            return f"{self.engine}: less than {self.memory_mb:.0f} MB"
        if self.microseconds_per_order:
            return f"{self.engine}: at most {self.microseconds_per_order:g} µs an order"
        extrapolated = " (200 runs of (a), extrapolated)" if (self.job, self.against) == ("e", "backtrader") else ""
        if self.times_faster:
            return f"{self.engine}: at least {1.0 / self.most:.0f} times faster than {self.against}{extrapolated}"
        return f"{self.engine}: at most {self.most:g} x {self.against}"


def faster(job: str, times: float, *, engine: str = "tradewind") -> Target:
    return Target(job=job, engine=engine, against="backtrader", most=1.0 / times, times_faster=True)


TARGETS = (
    faster("a", 200),
    Target(job="a", against="vectorbt", most=0.7),
    Target(job="a", against="vectorbt (Rust)", most=0.7),
    Target(job="a", against="NautilusTrader", most=0.02),
    faster("b", 20),
    Target(job="b", microseconds_per_order=50.0),
    Target(job="b", against="bt", most=0.5),
    faster("c", 4, engine="tradewind.engine.Cerebro"),
    faster("c", 30),
    Target(job="c", against="backtesting.py", most=0.5),
    faster("d", 60),
    Target(job="d", memory_mb=2048.0),
    faster("e", 300),
    Target(job="e", against="vectorbt", most=2.0),
    faster("h", 5, engine="tradewind.engine.Cerebro"),
)
