"""A new distribution of every kind: as made it installs, is typed and tidy, passes its kit, and is used in a run."""

import importlib.util
import json
import sys
import tomllib

import pytest
import yaml

from tests.third_party.test_third_party import OFFLINE, ROOT, Environment
from tradewind.contracts.plugin import API_VERSION, KINDS
from tradewind.scaffold.plugin import HOOKS, SUMMARIES

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("pip", "hatchling")),
    reason="needs pip and hatchling in the environment of the tests",
)
RUN = """
import sys, warnings
warnings.simplefilter("ignore")
import tradewind
for folder in sys.argv[1:]:
    result = tradewind.run(f"{folder}/example.yaml", runs_directory=None)
    print(folder, len(result.fills))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An environment in which one distribution of each kind, made by the command, is installed."""
    home = tmp_path_factory.mktemp("made")
    environment = Environment(home / "venv")
    environment.pip("install", *OFFLINE, ROOT)
    environment.home = home
    for kind in KINDS:
        environment.call(environment.tradewind, "new", "plugin", f"acme-{kind}", "--kind", kind, cwd=home)
    environment.folders = [home / f"acme-{kind}" for kind in KINDS]
    folders = [part for folder in environment.folders for part in ("--editable", folder)]
    environment.pip("install", *OFFLINE, *folders)
    return environment


def test_every_kind_has_its_hook_and_its_example():
    assert set(HOOKS) == set(SUMMARIES) == set(KINDS)


def test_all_are_listed_with_their_api(made):
    rows = json.loads(made.call(made.tradewind, "plugins", "list", "--json").stdout)
    ours = [row for row in rows if row["distribution"].startswith("acme-")]
    assert {(row["kind"], row["name"]) for row in ours} == {(kind, f"acme_{kind}") for kind in KINDS}
    assert {(row["state"], row["api_version"], row["version"]) for row in ours} == {("ok", API_VERSION, "0.1.0")}
    assert made.call(made.tradewind, "plugins", "doctor").stderr == ""


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
def test_they_are_typed_by_the_strict_rules(made):
    for folder in made.folders:
        rules = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["mypy"]
        assert rules == {"strict": True, "files": ["src", "tests"]}
    sources = [folder / part for folder in made.folders for part in ("src", "tests")]
    cache = made.home / "mypy"
    done = made.call(made.python, "-m", "mypy", "--strict", "--cache-dir", cache, *sources, cwd=made.home)
    assert f"no issues found in {3 * len(KINDS)} source files" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="needs ruff")
def test_they_are_tidy_by_their_own_rules(made):
    ruff = [sys.executable, "-m", "ruff"]
    made.call(*ruff, "check", "--no-cache", *made.folders)
    made.call(*ruff, "format", "--check", "--no-cache", *made.folders)


def test_they_pass_their_kits(made):
    places = [folder / "tests" for folder in made.folders]
    options = ["-c", made.folders[0] / "pyproject.toml", "--rootdir", made.home, "-p", "no:cacheprovider", "-q"]
    done = made.call(made.python, "-m", "pytest", *options, "-rA", "--tb=short", *places, cwd=made.home)
    for kind in KINDS:
        name = f"TestAcme{kind.capitalize()}"
        passed = f"PASSED acme-{kind}/tests/test_acme_{kind}.py::{name}::"
        assert done.stdout.count(passed) > 10, kind
        assert f"{passed}test_its_record_is_complete" in done.stdout


def test_their_examples_run(made):
    names = [folder.name for folder in made.folders]
    lines = made.call(made.python, "-c", RUN, *names, cwd=made.home).stdout.splitlines()
    fills = dict(line.split() for line in lines)
    assert fills.keys() == set(names)
    assert all(int(count) > 2 for count in fills.values()), fills


def test_the_broker_trades_in_paper_mode(made):
    call = [made.tradewind, "run", "example.yaml", "--mode", "paper", "--no-reports", "--json"]
    done = made.call(*call, "--set", "data.start=2018-06-01", cwd=made.home / "acme-broker")
    assert json.loads(done.stdout)["name"] == "acme_broker"
    (fills,) = (made.home / "acme-broker" / "runs").glob("*/fills.csv")
    assert len(fills.read_text().splitlines()) > 10


def test_what_says_what_they_are_agrees(made):
    for kind, folder in zip(KINDS, made.folders, strict=True):
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        assert project["name"] == f"acme-{kind}"
        assert project["license"] == "GPL-3.0-or-later"
        assert "GNU General Public" in (folder / "LICENSE").read_text()
        assert project["dependencies"][0].startswith("tradewind>=")
        assert project["optional-dependencies"]["test"][0].startswith("tradewind[testing]>=")
        steps = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())["jobs"]["test"]["steps"]
        commands = [step["run"] for step in steps if "run" in step]
        assert [one.split()[0] for one in commands] == ["python", "ruff", "ruff", "mypy", "pytest"]
        assert "{{" not in "".join(path.read_text() for path in folder.rglob("*.py"))
