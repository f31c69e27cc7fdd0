"""Run sessions, kill their processes at random moments, and compare what the venue counted with an undisturbed run.

Usage: python -m tests.orders.crash.driver --kills 200 [--seed 1] [--naive] [--bars 30]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.orders.crash.faults import KINDS, Strike, install
from tests.orders.crash.naive import NaivePath
from tests.orders.crash.scenario import Outcome, Scenario, ask_venue, start_venue
from tradewind.contracts import BrokerCapabilities
from tradewind.errors import JournalError
from tradewind.journal.store import open_store
from tradewind.runs import session as session_module
from tradewind_plugins.brokers import VenueBroker

PAST_THE_END = 42
"""Exit code of a session that ended before the strike."""


def live(scenario: Scenario, port: int, journal: Path, strike: Strike | None = None) -> int:
    """Fork one process of a session and return its number."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        if strike is not None:
            install(strike)
        durable = scenario.run(port, journal)
        past_the_end = strike is not None and strike.steps <= strike.at
        if strike is not None:
            strike.at = -1  # the judge below is not to be struck
        own = {one.symbol: held for one, held in durable.path.quantities().items()} if durable.path else {}
        known = {fields["symbol"]: held for fields, held in ask_venue(port, {"op": "positions"})}
        code = 0 if own == known else 9
        if past_the_end:
            code = PAST_THE_END
    except JournalError:
        code = 8
    except Exception:  # noqa: BLE001 whatever it is, the parent must learn of it
        traceback.print_exc()
    finally:
        os._exit(code)


def end(process: int) -> int:
    """Wait for a process and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def kill_after(process: int, seconds: float) -> int:
    """Kill a process after a time unless it has ended by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(min(0.0005, seconds))
    os.kill(process, signal.SIGKILL)
    return end(process)


def is_finished(journal: Path) -> bool:
    """Tell whether the session had ended before its process was killed."""
    if not journal.exists():
        return False
    with open_store(journal) as store:
        return any(info.status == "finished" for info in store.sessions())


def undisturbed(scenario: Scenario, folder: Path) -> tuple[Outcome, float]:
    """Run a session without any kill; return what its venue saw, and how long it took."""
    venue, port = start_venue()
    started = time.monotonic()
    code = end(live(scenario, port, folder / "undisturbed.db"))
    took = time.monotonic() - started
    outcome = Outcome.of(port)
    os.kill(venue, signal.SIGKILL)
    end(venue)
    if code:
        raise SystemExit(f"the undisturbed session ended with {code}")
    return outcome, took


def faults_of(seen: Outcome, expected: Outcome) -> list[str]:
    """Say what a session left at its venue that it should not have."""
    faults = []
    if twice := sorted(name for name, count in seen.created.items() if count > 1):
        faults.append(f"created twice: {twice}")
    if lost := sorted(set(expected.created) - set(seen.created)):
        faults.append(f"lost: {lost[:5]} ({len(lost)})")
    if added := sorted(set(seen.created) - set(expected.created)):
        faults.append(f"never decided: {added[:5]} ({len(added)})")
    if seen.executions != expected.executions:
        faults.append(f"{len(seen.executions)} executions instead of {len(expected.executions)}, or others")
    if seen.positions != expected.positions:
        faults.append(f"positions {seen.positions} instead of {expected.positions}")
    if seen.cash != expected.cash:
        faults.append(f"cash {seen.cash} instead of {expected.cash}")
    return faults


def one_session(
    scenario: Scenario, expected: Outcome, longest: float, journal: Path, chance: random.Random, kills: int
) -> tuple[int, list[str]]:
    """Run one session to its end through kills; return their number and what was wrong."""
    venue, port = start_venue()
    killed = 0
    faults = []
    try:
        while True:
            process = live(scenario, port, journal)
            code = kill_after(process, chance.uniform(0.0, longest)) if killed < kills else end(process)
            if code == -signal.SIGKILL:
                killed += 1
                if not is_finished(journal):
                    continue
                code = 0
            if code:
                faults.append(f"a process ended with {code} after {killed} kills")
            break
        faults += faults_of(Outcome.of(port), expected)
        with open_store(journal) as store:
            verdict = store.verify()
        if not verdict.good:
            faults.append(f"journal: {verdict.problem}")
    finally:
        os.kill(venue, signal.SIGKILL)
        end(venue)
    return killed, faults


def every_step(scenario: Scenario, expected: Outcome, folder: Path, kind: str, stride: int) -> tuple[int, list[str]]:
    """Strike at one step after the other, one a session; return their number and what was wrong."""
    faults: list[str] = []
    step = struck = 0
    while True:
        venue, port = start_venue()
        journal = folder / f"{kind}-{step}.db"
        try:
            code = end(live(scenario, port, journal, Strike(kind, step)))
            if code == PAST_THE_END:
                return struck, faults
            struck += 1
            if code not in (0, 8, -signal.SIGKILL):
                faults.append(f"{kind} at step {step}: the process ended with {code}")
            if not is_finished(journal) and (code := end(live(scenario, port, journal))):
                faults.append(f"{kind} at step {step}: the next process ended with {code}")
            faults += [f"{kind} at step {step}: {one}" for one in faults_of(Outcome.of(port), expected)]
        finally:
            os.kill(venue, signal.SIGKILL)
            end(venue)
        step += stride


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--kills-per-session", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bars", type=int, default=30)
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--every-step", type=int, metavar="STRIDE", default=0)
    parser.add_argument("--waits-for-sells", action="store_true")
    arguments = parser.parse_args()
    VenueBroker.capabilities = BrokerCapabilities(waits_for_sells=arguments.waits_for_sells)
    if arguments.naive:
        session_module.OrderPath = NaivePath  # type: ignore[misc]
    scenario, chance = Scenario(bars=arguments.bars), random.Random(arguments.seed)
    killed, sessions, faults = 0, 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected, took = undisturbed(scenario, folder)
        started = time.monotonic()
        for kind in KINDS if arguments.every_step else ():
            struck, wrong = every_step(scenario, expected, folder, kind, arguments.every_step)
            killed, faults = killed + struck, faults + wrong
        while killed < arguments.kills and not arguments.every_step:
            wanted = min(arguments.kills_per_session, arguments.kills - killed)
            journal = folder / f"{sessions}.db"
            count, wrong = one_session(scenario, expected, 0.8 * took, journal, chance, wanted)
            killed, sessions = killed + count, sessions + 1
            faults += [f"session {sessions}: {one}" for one in wrong]
            if arguments.naive and faults:
                break
    result = {
        "kills": killed,
        "sessions": sessions,
        "orders_per_session": len(expected.created),
        "executions_per_session": len(expected.executions),
        "undisturbed_seconds": took,
        "seconds": time.monotonic() - started,
        "faults": faults,
    }
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
