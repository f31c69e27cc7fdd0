"""A fresh process that imports a plugin, watched, and asks it: run as ``python -m tradewind.testing.kits.child``.

It has imported tradewind and what kits stand on, and nothing of any plugin. For each request, the name of a file on
standard input, it makes a copy of itself that does the work, so that every plugin is met by a fresh interpreter without
waiting for one to start.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tradewind.testing.kits.base  # noqa: F401 - of a plugin in a file of tests, the kit is no import of its own
from tradewind.engine.doctor.effects import watch_effects
from tradewind.engine.doctor.usercode import Place, UserCode
from tradewind.registry import load_class
from tradewind.testing.kits.answers import digest_of
from tradewind.testing.kits.rehearsal import Rehearsal
from tradewind.testing.kits.subject import find_subject

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORKS", "main"]

FORKS = hasattr(os, "fork")
_LONGEST_SECONDS = 120


def main() -> None:
    """Answer requests until standard input ends; where processes cannot be copied, answer one."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        request = Path(line.strip())
        if not FORKS:
            _answer(request)
            return
        copy = os.fork()
        if copy == 0:
            _answer(request)
            os._exit(0)
        os.waitpid(copy, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _answer(request: Path) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(_LONGEST_SECONDS)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    wanted = json.loads(request.read_text(encoding="utf-8"))
    result = _work(wanted, str(request.parent))
    request.with_suffix(".out").write_text(json.dumps(result), encoding="utf-8")


def _work(wanted: dict[str, Any], folder: str) -> dict[str, Any]:
    sys.path[:] = wanted["path"]
    found: list[tuple[str, str]] = []

    def report(rule: str, place: Place | None, text: str) -> None:
        found.append((rule, f"{text} ({Path(place.file).name}:{place.line})" if place else text))

    watch_effects(UserCode(own=_folders(wanted)), report, folder)
    digests: dict[str, str] = {}
    begun = time.process_time()
    if not _is_there(wanted):
        return {"found": [], "at_import": 0, "import_seconds": 0.0, "digests": {}, "error": ""}
    error = _attempt(lambda: _import(wanted))
    seconds, at_import = time.process_time() - begun, len(found)
    if not error and wanted["rehearsal"]:
        error = _attempt(lambda: digests.update(_digests(wanted)))
    return {"found": found, "at_import": at_import, "import_seconds": seconds, "digests": digests, "error": error}


def _attempt(work: Callable[[], None]) -> str:
    """Return what some work raised; empty if nothing."""
    try:
        work()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is reported
        return f"{type(error).__name__}: {error}"
    return ""


def _folders(wanted: dict[str, Any]) -> tuple[str, ...]:
    if wanted["reference"]:
        return (str(Path(wanted["directory"], wanted["reference"].rpartition(":")[0]).resolve().parent),)
    try:
        spec = importlib.util.find_spec(wanted["module"].partition(".")[0])
    except (ImportError, ValueError):
        return ()
    return tuple(spec.submodule_search_locations or ()) if spec else ()


def _is_there(wanted: dict[str, Any]) -> bool:
    """Tell whether the module can be found here; that of a test file often cannot."""
    try:
        return bool(wanted["reference"]) or importlib.util.find_spec(wanted["module"]) is not None
    except (ImportError, ValueError):
        return False


def _import(wanted: dict[str, Any]) -> None:
    if wanted["reference"]:
        load_class(wanted["reference"], Path(wanted["directory"]))
    else:
        importlib.import_module(wanted["module"])


def _digests(wanted: dict[str, Any]) -> dict[str, str]:
    rehearsal = pickle.loads(bytes.fromhex(wanted["rehearsal"]))  # noqa: S301 - written by the kit
    assert isinstance(rehearsal, Rehearsal)
    plugin = pickle.loads(bytes.fromhex(wanted["plugin"]))  # noqa: S301 - the same
    subject = find_subject(
        wanted["kind"], plugin, wanted["params"], Path(wanted["directory"]), only=tuple(wanted["only"])
    )
    needs = subject.registry.needs(wanted["kind"], subject.ref, directory=subject.directory)
    digests = {}
    for number, name in enumerate(wanted["scenes"]):
        bars = rehearsal.market(name, subject.create(), needs)
        play = rehearsal.begin if number else rehearsal.without_history
        digests[name] = digest_of(play(subject.create(), bars))
    return digests


if __name__ == "__main__":
    main()
