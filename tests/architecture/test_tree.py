"""The borders of the tree: file sizes, imports, entry points, pins, and nothing of anybody's machine in files."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 450
TEXT = {
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}
# Written so that this file does not hold what it looks for.
MACHINE = re.compile(
    r"/(?:root|home/[a-z]|Users/[A-Za-z]|opt/pypi|mnt/[a-z])"
    r"|(?<![\w.])/work/"
    r"|[A-Z]:\\Users"
    r"|(?:pypi|pythonhosted|anaconda|artifactory|devpi)\.(?:org|com|net)"
    r"|--(?:extra-)?index-url|--find-links|git\+https?:"
    r"|raw\.githubusercontent|\b(?:10|192\.168)\.\d+\.\d+\.\d+\b"
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abp]-[0-9A-Za-z-]{10,}"
    r"|(?i:api_?key|secret|password|token)\s*[:=]\s*['\"][A-Za-z0-9+/_-]{16,}['\"]"
)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout, to know which files belong to the project")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def found(pattern: re.Pattern[str], exempt: tuple[str, ...] = ()) -> list[str]:
    texts = [path for path in tracked() if path.suffix in TEXT and str(path.relative_to(ROOT)) not in exempt]
    assert texts
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_source_files_stay_small():
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for top in ("framework", "plugins", "strategies")
        for path in (ROOT / top).rglob("*.py")
    }
    assert sizes
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}


def test_no_file_names_a_machine_or_a_package_host():
    assert found(MACHINE, exempt=("tests/architecture/test_tree.py",)) == []


@pytest.mark.parametrize(
    "line",
    ["see /" + "root/x", "open('/" + "work/main')", "pip install --index" + "-url x", "https://py" + "pi.org/simple"],
)
def test_the_search_for_machines_finds_them(line):
    assert MACHINE.search(line)


def test_no_file_holds_a_secret():
    assert found(SECRET) == []


def test_no_environment_key_or_data_file_is_tracked():
    suspicious = {".env", ".pem", ".key", ".p12", ".parquet", ".sqlite", ".db", ".pkl", ".whl"}
    assert [str(path) for path in tracked() if path.suffix in suspicious or path.name == ".env"] == []


def test_tracked_files_are_no_larger_than_a_megabyte():
    assert [str(path) for path in tracked() if path.stat().st_size > 1_000_000] == []


def test_each_folder_of_plugins_has_its_entry_point_and_each_entry_point_its_folder():
    folders = {path.parent.name for path in (ROOT / "plugins" / "tradewind_plugins").glob("*/__init__.py")}
    expected = {name: f"tradewind_plugins.{name}" for name in folders} | {"strategies": "tradewind_strategies"}
    assert project()["project"]["entry-points"]["tradewind"] == expected


def test_imports_point_one_way():
    if shutil.which("lint-imports", path=Path(sys.executable).parent) is None:
        pytest.skip("import-linter is not installed: pip install 'tradewind[lint]'")
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(";")[0].strip().split("==") for line in lines)


def test_each_constraint_is_one_exact_version():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][\w.+!]*( ; [\w\s'.!=<>()]+)?", line), line


def test_everything_that_is_tested_is_pinned_and_the_clients_of_venues_are_not():
    extras = project()["project"]["optional-dependencies"]
    wanted = [
        *project()["project"]["dependencies"],
        *(w for e in ("sample", "report", "parquet", "ta", "test", "lint") for w in extras[e]),
    ]
    names = {re.split(r"[\[<>=!~ ;]", requirement)[0].lower().replace("_", "-") for requirement in wanted} - {
        "tradewind"
    }
    assert names - pins().keys() == set()
    assert not {"alpaca-trade-api", "ib-insync", "ib-async"} & pins().keys()


def test_the_pins_are_within_the_bounds_of_the_project():
    from packaging.requirements import Requirement

    extras = project()["project"]["optional-dependencies"]
    for text in [*project()["project"]["dependencies"], *(w for wanted in extras.values() for w in wanted)]:
        requirement = Requirement(text)
        pin = pins().get(requirement.name.lower().replace("_", "-"))
        if pin is not None:
            assert requirement.specifier.contains(pin), f"{text} excludes {pin} of constraints.txt"
