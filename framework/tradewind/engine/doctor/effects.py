"""Record, and where it would do harm refuse, what user code does outside of its process."""

from __future__ import annotations

import builtins
import io
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from sys import _getframe as stack_frame
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.engine.doctor.usercode import UserCode
    from tradewind.engine.doctor.watch import FoundAt

__all__ = ["RefusedError", "watch_effects"]

_NETWORK = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind", "urllib.Request"}
)
_PROCESS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "pty.spawn"}
)
_FILES = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "shutil.rmtree"}
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class RefusedError(ConnectionError, PermissionError):
    """The trial refuses what would reach out of its process."""


class _Effects:
    """Judges audit events; files that are opened to be written go to a folder of their own."""

    def __init__(self, user: UserCode, report: FoundAt, folder: str) -> None:
        self.user = user
        self.report = report
        self.folder = folder
        self.moved: dict[str, str] = {}
        self.busy = threading.local()

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event."""
        if event in _NETWORK:
            self._refuse("network", f"{event} {_address(arguments)}".strip())
        elif event in _PROCESS:
            self._refuse("process", f"{event} {_first(arguments)}".strip())
        elif event in _FILES:
            self._refuse("file-write", f"{event} {_first(arguments)}".strip())
        elif event == "open" and self._writes(arguments):
            self._refuse("file-write", f"open {_first(arguments)} for writing")

    def _writes(self, arguments: tuple[Any, ...]) -> bool:
        path, mode, flags = arguments
        if not isinstance(path, str | bytes | os.PathLike) or self._spared(path):
            return False
        return bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool((flags or 0) & _WRITING)

    def _spared(self, path: Any) -> bool:
        text = os.fspath(path)
        name = text.decode(errors="replace") if isinstance(text, bytes) else text
        return name.startswith(("/dev/", self.folder)) or name == os.devnull

    def _refuse(self, rule: str, what: str) -> None:
        if getattr(self.busy, "now", False):
            return
        place, importing = self.user.nearest(stack_frame(2))
        if place is None or (importing and rule == "file-write"):
            return
        self.busy.now = True
        try:
            self.report(rule, place, _with_moment(what, place.function))
        finally:
            self.busy.now = False
        raise RefusedError(f"not allowed in a trial by tradewind doctor: {what}")

    def opened(self, path: Any, mode: str) -> Any:
        """Return what to open instead, for a file that user code opens to write."""
        if not isinstance(path, str | bytes | os.PathLike) or self._spared(path):
            return path
        name = os.fsdecode(path)
        if not set(mode) & set("wax+"):
            return self.moved.get(name, path)
        place, importing = self.user.nearest(stack_frame(2))
        if place is None or importing:
            return path
        self.report("file-write", place, _with_moment(f"{Path(name).name} is opened for writing", place.function))
        return self._moved(name)

    def connected(self, database: Any) -> Any:
        """Return what to open instead, for a database in a file: a copy of it."""
        if not isinstance(database, str | bytes | os.PathLike) or os.fsdecode(database) in {"", ":memory:"}:
            return database
        place, importing = self.user.nearest(stack_frame(2))
        if place is None or importing or self._spared(database):
            return database
        name = os.fsdecode(database)
        self.report("file-write", place, _with_moment(f"the database {Path(name).name} is opened", place.function))
        if name not in self.moved and Path(name).is_file():
            content = Path(name).read_bytes()
            Path(self._moved(name)).write_bytes(content)
        return self._moved(name)

    def _moved(self, name: str) -> str:
        return self.moved.setdefault(name, str(Path(self.folder, f"{len(self.moved)}.out")))


def watch_effects(user: UserCode, report: FoundAt, folder: str) -> None:
    """Watch this process from now on; it cannot be undone.

    Connections, processes and changes of files are refused; files opened for writing, and
    databases, land in ``folder``; sleep does not wait.
    """
    effects = _Effects(user, report, folder)
    stock_open, stock_start, stock_sleep = builtins.open, threading.Thread.start, time.sleep
    stock_connect = sqlite3.connect

    def guarded_open(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        return stock_open(effects.opened(file, mode), mode, *arguments, **named)

    def connect(database: Any, *arguments: Any, **named: Any) -> Any:
        return stock_connect(effects.connected(database), *arguments, **named)

    def start(thread: threading.Thread) -> None:
        place, importing = user.nearest(stack_frame(1))
        if place is not None and not importing:
            report("thread", place, _with_moment("a thread is started", place.function))
        thread.daemon = True
        stock_start(thread)

    def ask(prompt: object = "") -> str:
        place, _ = user.nearest(stack_frame(1))
        report("asks-input", place, f"input({str(prompt)[:40]!r}) is called")
        raise RefusedError("not allowed in a trial by tradewind doctor: input()")

    def sleep(seconds: float) -> None:
        place, importing = user.nearest(stack_frame(1))
        if place is None or importing:
            stock_sleep(seconds)
        else:
            report("sleep", place, _with_moment(f"time.sleep({seconds}) is called", place.function))

    replacements: tuple[tuple[Any, str, Any], ...] = (
        (time, "sleep", sleep),
        (builtins, "open", guarded_open),
        (io, "open", guarded_open),
        (builtins, "input", ask),
        (threading.Thread, "start", start),
        (sqlite3, "connect", connect),
    )
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)
    sys.addaudithook(effects.hook)


def _with_moment(what: str, function: str) -> str:
    return f"{what} {'at import' if function == '<module>' else f'in {function}'}"


def _address(arguments: tuple[Any, ...]) -> str:
    shown = [str(part) for part in arguments[:2] if not hasattr(part, "fileno") and part is not None]
    return " ".join(shown)[:80]


def _first(arguments: tuple[Any, ...]) -> str:
    return str(arguments[0])[:80] if arguments else ""
