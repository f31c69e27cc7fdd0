"""Write a job's input and what every peer must end with, by fill convention.

Usage: python benchmarks/prepare.py JOB FOLDER [--quick | --symbols 250 --bars 1260]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import get_args

import numpy as np
from jobs import FIELDS, JOBS, POINTS, QUICK_POINTS, Fills, Size, write_prices
from reference import reference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=sorted(JOBS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--symbols", type=int)
    parser.add_argument("--bars", type=int)
    arguments = parser.parse_args()
    job = JOBS[arguments.job]
    usual = job.quick if arguments.quick else job.full
    size = Size(symbols=arguments.symbols or usual.symbols, bars=arguments.bars or usual.bars)
    write_prices(arguments.folder, job, size)
    prices = {name: np.load(arguments.folder / f"{name}.npy") for name in FIELDS}
    timestamps = np.load(arguments.folder / "timestamps.npy")
    points = (QUICK_POINTS if arguments.quick else POINTS) if arguments.job == "e" else ()
    fills = get_args(Fills) if job.rule == "portfolio" else ("next_open",)
    answers = {name: reference(job, prices, timestamps, name, points) for name in fills}
    known = {name: {"values": answer.values, "orders": answer.orders} for name, answer in answers.items()}
    (arguments.folder / "reference.json").write_text(json.dumps(known), encoding="utf-8")


if __name__ == "__main__":
    main()
