"""Measure the durable journal: entries committed a second, and the time to verify many.

    python benchmarks/audit.py [--url URL] [--entries 1000000] [--intents 20000]

Without a URL the journal is a SQLite file in a temporary folder of the working directory, so that it is on a real disk.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tradewind.journal.store import JournalStore, open_store

PER_BLOCK = 20
PER_BULK_BLOCK = 100
INTENT = (
    '{{"id":"main-{number:08d}","symbol":"KO","quantity":12.0,"type":"market","time_in_force":"day",'
    '"reason":"rebalance","split":{{"main":12.0}}}}'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--intents", type=int, default=20_000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        open_store(options.url or Path(folder) / "journal.db") as store,
    ):
        latencies = write(store, options.intents, PER_BLOCK)
        total = sum(latencies)
        shown = ", ".join(f"p{share} {quantile(latencies, share) * 1000:.2f} ms" for share in (50, 99))
        print(f"durable intents: {options.intents / total:,.0f}/s in blocks of {PER_BLOCK}; a block {shown}")
        total = sum(write(store, options.entries, PER_BULK_BLOCK))
        print(f"written: {options.entries:,} entries in blocks of {PER_BULK_BLOCK} in {total:.1f} s")
        started = time.perf_counter()
        verdict = store.verify()
        seconds = time.perf_counter() - started
        assert verdict.good, verdict.problem
        print(f"verified: {verdict.entries:,} entries in {verdict.blocks:,} blocks in {seconds:.2f} s")


def write(store: JournalStore, entries: int, per_block: int) -> list[float]:
    """Write a finished session and return the seconds each block took."""
    seconds = []
    with store.begin("benchmark", {}) as writer:
        for first in range(0, entries, per_block):
            started = time.perf_counter()
            for number in range(first, min(first + per_block, entries)):
                writer.append(first // per_block, "intent", INTENT.format(number=number))
            writer.commit()
            seconds.append(time.perf_counter() - started)
        writer.finish("finished")
    return seconds


def quantile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


if __name__ == "__main__":
    main()
