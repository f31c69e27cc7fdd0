"""Distributions of somebody else's in a fresh environment: a sound one that is used from YAML, and a broken sibling."""

import importlib.util
import json
import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GIVEN = {
    ("strategy", "acme_strongest"),
    ("regime", "acme_breadth"),
    ("sizer", "acme_by_score"),
    ("exit", "acme_lose_ground"),
    ("factor", "acme_gap"),
    ("cost", "acme_flat"),
}
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pip") is None or importlib.util.find_spec("hatchling") is None,
    reason="needs pip and hatchling in the environment of the tests",
)


class Environment:
    """A virtual environment of its own, in which the libraries of the tests' environment can be imported."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name == "posix")
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python, self.tradewind = folder / scripts / "python", folder / scripts / "tradewind"
        packages = self.of("import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        libraries = sysconfig.get_path("purelib")
        (Path(packages) / "libraries.pth").write_text(f"import site; site.addsitedir({libraries!r})\n")

    def of(self, code: str) -> str:
        return self.call(self.python, "-c", code).stdout

    def call(self, *command: object, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, env=clean(), **options
        )
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def pip(self, *arguments: object) -> None:
        self.call(self.python, *PIP, *arguments)


def clean() -> dict[str, str]:
    dropped = ("PYTHONPATH", "TRADEWIND_PLUGINS", "PYTHONHOME")
    return {key: value for key, value in os.environ.items() if key not in dropped}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The distributions in a folder that may be written to."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("acme-momentum", "acme-broken"):
        shutil.copytree(HERE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module", params=["wheel", "editable"])
def environment(request, sources, tmp_path_factory):
    """An environment with tradewind from a wheel, and both distributions from wheels or editable."""
    made = Environment(tmp_path_factory.mktemp(request.param) / "venv")
    folders = [sources / "acme-momentum", sources / "acme-broken"]
    if request.param == "wheel":
        wheels = tmp_path_factory.mktemp("wheels")
        made.pip("wheel", *OFFLINE, "--wheel-dir", wheels, ROOT, *folders)
        made.pip("install", *OFFLINE, *sorted(wheels.glob("*.whl")))
    else:
        made.pip("install", *OFFLINE, ROOT)
        made.pip("install", *OFFLINE, *(part for folder in folders for part in ("--editable", folder)))
    made.how = request.param
    return made


@pytest.fixture
def idea(tmp_path):
    """The configuration beside prices of six symbols over a year: some rise, some fall, one is a wave."""
    days = exchange_calendars.get_calendar("XNYS").sessions_in_range("2019-01-02", "2019-12-31")
    drifts = np.array([0.002, 0.001, 0.0, -0.001, -0.002, 0.0])
    steps = np.random.default_rng(3).normal(drifts, 0.012, (len(days), 6))
    steps[:, 5] += 0.01 * np.sin(np.arange(len(days)) / 10.0)
    closes = pd.DataFrame(40.0 * np.exp(steps.cumsum(axis=0)), index=days.rename("date"), columns=list("ABCDEF"))
    closes.round(4).to_csv(tmp_path / "prices.csv")
    shutil.copy(HERE / "portfolio.yaml", tmp_path)
    return tmp_path


def test_tradewind_itself_comes_from_the_environment(environment):
    place = environment.of("import tradewind, sys; print(tradewind.__file__.startswith(sys.prefix))")
    assert place == "True\n"


def test_all_six_plugins_are_listed_and_the_broken_sibling_is_named(environment, sources):
    rows = json.loads(environment.call(environment.tradewind, "plugins", "list", "--json").stdout)
    ours = [row for row in rows if row["distribution"] == "acme-momentum"]
    assert {(row["kind"], row["name"]) for row in ours} == GIVEN
    assert {(row["version"], row["api_version"], row["state"]) for row in ours} == {("1.2.0", 1, "ok")}
    assert all(row["load_milliseconds"] > 0.0 for row in ours)
    (broken,) = [row for row in rows if row["state"] == "broken"]
    assert (broken["provider"], broken["version"]) == ("acme-broken:broken", "0.1.0")
    where = environment.of("import acme_momentum; print(acme_momentum.__file__)").strip()
    assert Path(where).is_relative_to(sources) == (environment.how == "editable")


def test_the_doctor_names_the_broken_sibling_and_what_it_lacks(environment):
    done = environment.call(environment.tradewind, "plugins", "doctor", code=3)
    assert done.stdout.startswith(
        "acme-broken:broken: importing acme_broken raised ModuleNotFoundError: No module named "
        "'acme_forgotten_dependency'\n  do: install what gives the module 'acme_forgotten_dependency' into this "
        "environment, or remove it with `tradewind plugins uninstall acme-broken`\n"
    )


def test_a_run_uses_all_six(environment, idea):
    done = environment.call(environment.tradewind, "run", "portfolio.yaml", "--json", "--no-reports", cwd=idea)
    assert "acme-broken" not in done.stdout + done.stderr
    (capsule,) = (idea / "runs").iterdir()
    orders, fills = pd.read_csv(capsule / "orders.csv"), pd.read_csv(capsule / "fills.csv")
    assert len(orders) > 20
    assert (fills["commission"] == 2.5).all(), "the cost model"
    regimes = pd.read_csv(capsule / "regimes.csv")
    assert {"calm", "rough"} <= set(regimes.to_numpy().astype(str).ravel()), "the regime detector"
    assert json.loads(done.stdout)["name"] == "third_party"
    exits = environment.call(
        environment.tradewind, "run", "portfolio.yaml", "--json", "--no-reports", "--set", "exits=[]", cwd=idea
    )
    assert json.loads(exits.stdout)["decision_hash"] != json.loads(done.stdout)["decision_hash"], "the exit"


def test_the_factor_is_the_one_of_the_yaml(environment, idea):
    own = ["run", "portfolio.yaml", "--json", "--no-reports", "--runs", "other"]
    other = ["--set", "strategy.params.factor={name: roc, params: {bars: 15}}"]
    first, second = (
        json.loads(environment.call(environment.tradewind, *own, *more, cwd=idea).stdout)["decision_hash"]
        for more in ([], other)
    )
    assert first != second


def test_safe_mode_refuses_the_run_and_names_the_distribution(environment, idea):
    done = environment.call(environment.tradewind, "--no-plugins", "check", "portfolio.yaml", code=3, cwd=idea)
    assert "strategy 'acme_strongest' is disabled by safe mode (TRADEWIND_PLUGINS): acme-momentum 1.2.0" in done.stderr


def test_trust_covers_every_file_of_the_distribution(environment, idea, sources):
    environment.call(environment.tradewind, "plugins", "trust", *(name for _, name in GIVEN), cwd=idea)
    trusted = environment.call(environment.tradewind, "check", "portfolio.yaml", "--mode", "live", code=1, cwd=idea)
    assert "this version lacks a plugin of a real broker" in trusted.stderr
    files = json.loads((idea / "trusted_plugins.json").read_text())["trusted"]["acme-momentum"]["files"]
    written = {f"acme_momentum/{path.name}" for path in (sources / "acme-momentum/src/acme_momentum").glob("*.py*")}
    assert written <= files.keys()
    place = Path(environment.of("import acme_momentum; print(acme_momentum.__file__)").strip())
    path = place.with_name("sizers.py")
    text = path.read_text()
    try:
        path.write_text(text.replace("0.4", "0.9"))
        done = environment.call(environment.tradewind, "check", "portfolio.yaml", "--mode", "live", code=3, cwd=idea)
    finally:
        path.write_text(text)
    assert (
        "sizer acme_by_score of acme-momentum 1.2.0 has changed since it was trusted: changed: acme_momentum/siz"
        in (done.stderr)
    )


def test_plugins_are_uninstalled_and_installed_again_by_tradewind(environment, sources):
    call = environment.call
    went = call(environment.tradewind, "plugins", "uninstall", "acme_momentum").stdout
    assert "Successfully uninstalled acme-momentum-1.2.0" in went
    assert "removed: strategy acme_strongest (acme-momentum 1.2.0)" in went
    known = call(environment.tradewind, "plugins", "uninstall", "acme-momentum", code=1).stderr
    assert "'acme-momentum' is no installed distribution of plugins; known: acme-broken" in known
    how = ["--editable"] if environment.how == "editable" else []
    folder = sources / "acme-momentum"
    command = [environment.tradewind, "plugins", "install", *how, "--json", folder]
    wanted = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env={**clean(), **wanted}
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["added"]) == {f"{kind} {name} (acme-momentum 1.2.0)" for kind, name in GIVEN}
    assert "Successfully installed acme-momentum-1.2.0" in done.stderr
