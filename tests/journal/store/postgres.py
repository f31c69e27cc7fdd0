"""A PostgreSQL server of the tests' own, from installed binaries: in a temporary folder, on a Unix socket only."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

HOW_TO_INSTALL = (
    "PostgreSQL's server binaries (initdb, postgres) are not installed: apt-get install postgresql, dnf install "
    "postgresql-server or brew install postgresql"
)
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)


def find_binaries() -> Path | None:
    """Return the folder of initdb and postgres."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in _PLACES:
        folders += sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextlib.contextmanager
def server(binaries: Path):
    """Run a server and yield the URL of its databases, with ``{}`` for the name."""
    folder = Path(tempfile.mkdtemp(prefix="tradewind-pg-"))
    try:
        rights = _unprivileged(folder)
        _run([binaries / "initdb", "-D", folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "-N"], rights)
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c shared_buffers=16MB"
        control = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-t", "60", "-l", folder / "log"]
        _run([*control, "-o", settings, "start"], rights)
        try:
            yield f"postgresql://tester@/{{}}?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"], rights)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict:
    """Return what makes a process run as somebody else, when this is root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command, rights) -> None:
    # The server inherits the output: a pipe would be open as long as it runs.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
            **rights,
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read().decode(errors='replace')}")


def _version(folder: Path) -> float:
    digits = "".join(character for character in str(folder) if character.isdigit() or character == ".")
    try:
        return float(digits.strip("."))
    except ValueError:
        return 0.0
