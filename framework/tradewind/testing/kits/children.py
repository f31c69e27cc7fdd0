"""Fresh processes, with other hash seeds, in which a plugin is imported and asked once more."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.testing.kits.failure import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.testing.kits.rehearsal import Rehearsal
    from tradewind.testing.kits.subject import Subject

__all__ = ["Elsewhere", "elsewhere", "least_import_seconds"]

_HASH_SEEDS = ("1", "4711")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What came of a plugin in a fresh process.

    Parameters
    ----------
    hash_seed
        Its ``PYTHONHASHSEED``.
    import_seconds
        Processor time of importing the plugin's module into a process that has tradewind.
    at_import, later
        What it did outside of the process, by rule and place.
    digests
        Hash of its answers by scene.
    error
        What was raised; empty if nothing.
    """

    hash_seed: str
    import_seconds: float
    at_import: tuple[str, ...]
    later: tuple[str, ...]
    digests: dict[str, str]
    error: str


class _Server:
    """A process that waits for requests."""

    def __init__(self, hash_seed: str) -> None:
        self.hash_seed = hash_seed
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tradewind.testing.kits.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        self._ready = False

    def send(self, request: Path) -> None:
        """Ask for something."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()

    def wait(self, request: Path) -> dict[str, Any]:
        """Return the answer to a request; empty if the process ended over it."""
        assert self._process.stdout is not None
        for _ in range(1 if self._ready else 2):
            self._process.stdout.readline()
        self._ready = True
        result = request.with_suffix(".out")
        answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {}
        return answer

    def complaint(self) -> str:
        """Return the last line of what it wrote about an end of its own; empty while it takes requests."""
        if self.alive():
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "nothing")

    def alive(self) -> bool:
        """Tell whether it takes requests."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()


_SERVERS: dict[str, _Server] = {}


def elsewhere(subject: Subject, plugin: Any, rehearsal: Rehearsal | None, scenes: Sequence[str]) -> list[Elsewhere]:
    """Import a plugin in two fresh processes of different hash seeds, at once, and ask it over some scenes.

    A class that another process cannot find, because a function made it, is imported and not asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        requests = {seed: Path(folder, f"{seed}.json") for seed in _HASH_SEEDS}
        text = json.dumps(_request(subject, plugin, rehearsal, scenes))
        for seed, request in requests.items():
            request.write_text(text, encoding="utf-8")
            _server(seed).send(request)
        return [_result(_SERVERS[seed], request, subject) for seed, request in requests.items()]


def least_import_seconds(subject: Subject, plugin: Any, times: int) -> float:
    """Return the least processor time of several imports: beside other work, each takes longer than it would alone."""
    return min(one.import_seconds for _ in range(times) for one in elsewhere(subject, plugin, None, ()))


def _server(seed: str) -> _Server:
    if seed not in _SERVERS or not _SERVERS[seed].alive():
        if not _SERVERS:
            atexit.register(_close)
        for one in _HASH_SEEDS:
            if one not in _SERVERS or not _SERVERS[one].alive():
                _SERVERS[one] = _Server(one)
    return _SERVERS[seed]


def _close() -> None:
    for server in _SERVERS.values():
        server.close()


def _request(subject: Subject, plugin: Any, rehearsal: Rehearsal | None, scenes: Sequence[str]) -> dict[str, Any]:
    registered = subject.registered
    reference = registered.provider.removeprefix("python:") if registered.provider.startswith("python:") else ""
    by_file = bool(subject.ref.python) and ".py:" in str(subject.ref.python)
    nested = subject.registry.nested(registered)
    entry_point = registered.provider.partition(":")[2]
    is_name = isinstance(plugin, str) and ":" not in plugin
    content = _pickled(plugin)
    return {
        "path": sys.path,
        "directory": str(subject.directory),
        "module": "" if by_file else (reference or registered.plugin.create.__module__).partition(":")[0],
        "reference": subject.ref.python if by_file else "",
        "kind": registered.kind,
        "plugin": content,
        "params": dict(subject.ref.params),
        "only": [entry_point] if is_name and not nested else [],
        "rehearsal": pickle.dumps(rehearsal).hex() if rehearsal is not None and content else "",
        "scenes": list(scenes),
    }


def _pickled(plugin: Any) -> str:
    try:
        return pickle.dumps(plugin).hex()
    except (pickle.PicklingError, AttributeError, TypeError):
        return ""


def _result(server: _Server, request: Path, subject: Subject) -> Elsewhere:
    answer = server.wait(request)
    if not answer:
        fail(
            subject.title,
            "a fresh process ended while it imported or asked the plugin",
            received=server.complaint() or "no result within two minutes, or a crash",
            remedy="Import the module by itself: python -c 'import ...'",
        )
    found = tuple(f"{rule}: {text}" for rule, text in answer["found"])
    count = answer["at_import"]
    return Elsewhere(
        server.hash_seed, answer["import_seconds"], found[:count], found[count:], answer["digests"], answer["error"]
    )
