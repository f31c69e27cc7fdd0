"""Measure what many installed plugins cost a run: `python benchmarks/many_plugins.py [--count 200] [--repeats 10]`.

Distributions are made in a folder as an installer leaves them: a module and its `dist-info`. One folder holds the three
that the run uses, the other the same three and as many more as make up the count; a `.pth` file puts one of them on the
path. The same `tradewind run` is measured in both, in a process of its own, turn about; bytecode is written before.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import exchange_calendars as xcals
import numpy as np
import pandas as pd

MODULE = '''
"""A plugin of {name}."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

import numpy as np
from pydantic import Field

import tradewind
from tradewind.contracts import Costs


class Hold:
    """Hold what is tradable."""

    schedule = "monthly"

    def __init__(
        self,
        top_n: Annotated[int, Field(ge=1, description="Instruments to hold.")] = 10,
        weight: Annotated[float, Field(ge=0.0, le=1.0, description="Weight of each.")] = 0.1,
    ) -> None:
        self.top_n, self.weight = top_n, weight

    def on_bar(self, market, portfolio):
        """Give every tradable instrument the same score."""
        return tradewind.Signals(scores=np.where(market.tradable, 1.0, np.nan))


class Equal:
    """The same weight for all."""

    max_weight = budget = 1.0

    def __init__(self, part: Annotated[float, Field(gt=0.0, le=1.0, description="Part invested.")] = 0.9) -> None:
        self.part = part

    def weights(self, signals, market, portfolio):
        """Divide the part by the number of signals."""
        wanted = np.isfinite(signals.scores)
        return np.where(wanted, self.part / max(1, wanted.sum()), 0.0)


class Flat:
    """A cost of nothing."""

    uses_liquidity = False

    def __init__(self, basis_points: Annotated[float, Field(ge=0.0, description="Commission.")] = 1.0) -> None:
        self.basis_points = basis_points

    def costs(self, trades):
        """Charge basis points."""
        none = np.zeros(len(trades.quantities))
        commission = np.abs(trades.quantities * trades.prices) * self.basis_points / 1e4
        return Costs(commission=commission, spread=none, slippage=none, impact=none)


@tradewind.hookimpl
def tradewind_strategies():
    yield tradewind.StrategyPlugin(name="{name}_hold", create=Hold, summary="Hold.")


@tradewind.hookimpl
def tradewind_sizers():
    yield tradewind.SizerPlugin(name="{name}_equal", create=Equal, summary="Equal.")


@tradewind.hookimpl
def tradewind_costs():
    yield tradewind.CostPlugin(name="{name}_flat", create=Flat, summary="Flat.")
'''
METADATA = """Metadata-Version: 2.4
Name: {name}
Version: 1.0.{number}
Summary: Three plugins.
License: MIT
{classifiers}
{readme}"""
CLASSIFIERS = "".join(f"Classifier: Programming Language :: Python :: 3.{minor}\n" for minor in range(8, 14))
README = "# Three plugins\n\n" + "What they do and how they are used, at the length that such pages have.\n" * 60
CONFIG = """
name: many
data: {{feed: {{name: files, params: {{path: {prices}}}}}}}
strategy: acme_000_hold
sizer: acme_001_equal
costs: acme_002_flat
"""
COMMAND = "import site, sys; site.addsitedir(sys.argv.pop(1)); from tradewind.cli import main; main()"


def install(folder: Path, count: int) -> Path:
    """Write that many distributions, and return the folder with the `.pth` file."""
    packages, site = folder / "packages", folder / "site"
    packages.mkdir(parents=True)
    site.mkdir()
    (site / "many.pth").write_text(f"{packages}\n", encoding="utf-8")
    for number in range(count):
        name = f"acme_{number:03d}"
        told = packages / f"{name}-1.0.{number}.dist-info"
        told.mkdir()
        metadata = METADATA.format(name=name.replace("_", "-"), number=number, classifiers=CLASSIFIERS, readme=README)
        (told / "METADATA").write_text(metadata, encoding="utf-8")
        (told / "entry_points.txt").write_text(f"[tradewind]\nall = {name}\n", encoding="utf-8")
        (told / "RECORD").write_text(f"{name}.py,,\n", encoding="utf-8")
        (packages / f"{name}.py").write_text(MODULE.format(name=name), encoding="utf-8")
    return site


def write_prices(path: Path) -> None:
    days = xcals.get_calendar("XNYS").sessions_in_range("2020-01-02", "2020-12-31")
    steps = np.random.default_rng(7).normal(0.0004, 0.01, (len(days), 5))
    closes = pd.DataFrame(50.0 * np.exp(steps.cumsum(axis=0)), index=days, columns=list("ABCDE"))
    long = closes.rename_axis("date").reset_index().melt("date", var_name="symbol", value_name="close")
    long.to_csv(path, index=False)


def seconds_of(site: Path, config: Path, runs: Path) -> tuple[float, float]:
    """Return wall time and processor time of one run."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", COMMAND, str(site), "run", str(config), "--runs", str(runs), "--json"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass(frozen=True)
class Times:
    """Seconds of a run: lowest and median of the repeats by the clock, lowest of the processor."""

    wall: float
    median: float
    processor: float


def measure(count: int, repeats: int) -> dict[int, Times]:
    """Return the times with three distributions installed, and with so many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sites = {number: install(folder / str(number), number) for number in (3, count)}
        write_prices(folder / "prices.csv")
        config = folder / "many.yaml"
        config.write_text(CONFIG.format(prices=folder / "prices.csv"), encoding="utf-8")
        times: dict[int, list[tuple[float, float]]] = {number: [] for number in sites}
        for turn in range(repeats + 1):
            for number, site in sites.items():
                measured = seconds_of(site, config, folder / "runs")
                if turn:  # the first writes the bytecode
                    times[number].append(measured)
    return {
        number: Times(min(walls), sorted(walls)[len(walls) // 2], min(processors))
        for number, (walls, processors) in ((number, zip(*values, strict=True)) for number, values in times.items())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=10)
    chosen = parser.parse_args()
    found = measure(chosen.count, chosen.repeats)
    for number, times in found.items():
        print(
            f"{number:>4} installed: lowest {times.wall:.3f} s, median {times.median:.3f} s; "
            f"processor {times.processor:.3f} s"
        )
    few, many = found.values()
    print(
        f"{chosen.count} instead of 3: lowest {many.wall - few.wall:+.3f} s, median {many.median - few.median:+.3f} s; "
        f"processor {many.processor - few.processor:+.3f} s, ratio {many.processor / few.processor:.3f}"
    )


if __name__ == "__main__":
    main()
