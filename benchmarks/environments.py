"""One virtual environment a peer, made once from its pinned requirements."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"


@dataclass(frozen=True, slots=True)
class Environment:
    """Interpreter of a peer, or why there is none; version of the package measured."""

    python: Path | None
    version: str
    problem: str = ""


def environment(folder: str, package: str, cache: Path) -> Environment:
    """Return a peer's environment, made if its requirements have changed; tradewind's is this interpreter's."""
    requirements = PEERS / folder / "requirements.txt"
    if not requirements.exists():
        return Environment(Path(sys.executable), version_of(Path(sys.executable), package))
    home = cache / "environments" / folder
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp = home / "requirements.sha256"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"{folder}: installing {requirements.relative_to(PEERS.parent)}", flush=True)
        problem = _make(home, python, requirements)
        if problem:
            return Environment(None, "", problem)
        stamp.write_text(wanted, encoding="utf-8")
    return Environment(python, version_of(python, package))


def version_of(python: Path, package: str) -> str:
    command = [str(python), "-c", f"from importlib.metadata import version; print(version({package!r}))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _make(home: Path, python: Path, requirements: Path) -> str:
    """Make the environment and return what went wrong, or nothing."""
    home.parent.mkdir(parents=True, exist_ok=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(requirements)],
        [str(python), "-m", "pip", "check"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = (done.stdout + done.stderr).strip().splitlines()
            return f"{' '.join(command[1:4])} failed: {lines[-1] if lines else 'no output'}"
    return ""
