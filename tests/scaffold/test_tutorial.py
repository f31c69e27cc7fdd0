"""The newcomer's path: every command of the tutorial as it is printed, in an environment of its own."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.third_party.test_third_party import OFFLINE, ROOT, Environment, clean

TUTORIAL = ROOT / "docs" / "authors" / "tutorial.md"
NEEDED = ("pip", "hatchling", "mypy", "ruff", "skfolio")
BLOCK = re.compile(r"^```(sh|diff|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLACE = re.compile(r"`([\w/.]+\.py)`")
AT_HOME = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    # pip reads this one the other way round: 0 is no isolation.
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "COLUMNS": "200",
}

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)


class Newcomer:
    """Somebody who types what the page says, in a folder that they go on from."""

    def __init__(self, home: Path) -> None:
        wheels = home / "wheels"
        self.folder = home / "work"
        self.folder.mkdir()
        self.environment = Environment(home / "venv")
        self.environment.pip("wheel", *OFFLINE, "--wheel-dir", wheels, ROOT)
        hide_tradewind(self.environment, home / "libraries")
        self.binaries = self.environment.python.parent
        for name in ("pip", "pytest", "mypy"):
            # What an installation of the libraries would have put there.
            script = self.binaries / name
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(self.environment.python))} -m {name} "$@"\n')
            script.chmod(0o755)
        # No Python: `python -m ruff` would look here for the program, and find itself.
        (self.binaries / "ruff").symlink_to(shutil.which("ruff", path=sysconfig.get_path("scripts")))
        variables = clean()
        self.variables = {**variables, **AT_HOME, "PIP_FIND_LINKS": str(wheels)}
        self.variables["PATH"] = f"{self.binaries}:{variables['PATH']}"
        self._pwd = home / "pwd"

    def types(self, commands: str) -> str:
        """Return what a block of commands prints; each must succeed."""
        script = f"set -eu\ncd {shlex.quote(str(self.folder))}\n{commands}\npwd > {shlex.quote(str(self._pwd))}\n"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=self.variables)
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        self.folder = Path(self._pwd.read_text().strip())
        return done.stdout + done.stderr

    def edits(self, place: str, change: str) -> None:
        """Change a file as the lines of a diff say."""
        lines = change.splitlines()
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] in signs) for signs in (" -", " +"))
        path = self.folder / place
        text = path.read_text()
        assert text.count(before) == 1, f"{place} has no lines\n{before}"
        path.write_text(text.replace(before, after))


def hide_tradewind(environment: Environment, libraries: Path) -> None:
    """Let the environment see all libraries of the tests' own but tradewind, which the page installs."""
    libraries.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if "tradewind" not in one.name:
            (libraries / one.name).symlink_to(one)
    packages = environment.of("import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(packages) / "libraries.pth").write_text(f"import site; site.addsitedir({str(libraries)!r})\n")


def steps(page: str):
    """Yield kind, text and the file last named before it, for each block."""
    for found in BLOCK.finditer(page):
        places = PLACE.findall(page[: found.start()])
        yield found[1], found[2], places[-1] if places else ""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    return Newcomer(tmp_path_factory.mktemp("newcomer"))


@pytest.mark.timeout(900)  # installs, types and tests like a newcomer, on a machine that may be busy
def test_the_commands_of_the_tutorial_work_as_printed(newcomer):
    printed, typed = "", []
    for kind, text, place in steps(TUTORIAL.read_text()):
        if kind == "sh":
            printed = " ".join(newcomer.types(text).split())
            typed += text.splitlines()
        elif kind == "diff":
            newcomer.edits(place, text)
        else:
            for line in text.splitlines():
                assert line in printed, f"the page says {line!r}; printed was {printed}"
    path = ("new plugin", "pip install --editable", "pytest", "tradewind run", "tradewind test", "new strategy", "init")
    assert all(any(part in line for line in typed) for part in path)


def test_the_environment_was_clean(newcomer):
    place = newcomer.environment.of("import tradewind, sys; print(tradewind.__file__.startswith(sys.prefix))")
    assert place == "True\n", "tradewind came from the page's own pip install"
