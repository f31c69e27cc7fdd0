"""Which files the code of a distribution is: whatever Python would import of it, wherever it lies."""

import importlib.metadata
import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from tests.registry.distributions import sizer_source, write_distribution
from tradewind.errors import PluginError
from tradewind.registry.files import source_files
from tradewind.registry.trust import code_of_class

FRONT = sizer_source("acme_front", "from {} import LIMIT\n")
POINTS = {"all": "acme_front"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of installed distributions on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "acme_front", raising=False)
    return folder


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def install(place, texts, points=POINTS):
    write_distribution(place, "acme-front", "1.0", texts, points)


def files(place):
    (found,) = importlib.metadata.distributions(name="acme-front", path=[str(place)])
    return source_files(found)


def contents(place):
    return {name: path.read_bytes() for name, path in files(place).items()}


def limit(place, *more):
    """Ask a Python of its own which value is imported: what the files have to tell apart."""
    code = "import acme_front; print(acme_front.LIMIT)"
    # Bytecode of the same second and size would be taken for the changed source's.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [place, *more, *sys.path]))}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.strip()


def require_told(place, change, *more):
    """Require that what changes what is imported changes the files too."""
    before, told = limit(place, *more), contents(place)
    change()
    assert (before, limit(place, *more)) == ("1", "2")
    assert contents(place) != told


def test_a_linked_folder_is_part_of_the_package(place, tmp_path):
    write(tmp_path / "shared", {"__init__.py": "", "rules.py": "LIMIT = 1\n"})
    install(place, {"acme_front/__init__.py": FRONT.format("acme_front.core.rules")})
    (place / "acme_front" / "core").symlink_to(tmp_path / "shared")
    require_told(place, lambda: (tmp_path / "shared" / "rules.py").write_text("LIMIT = 2\n"))


def test_a_link_that_is_turned_to_another_folder_is_told(place, tmp_path):
    for number in (1, 2):
        write(tmp_path / f"shared{number}", {"__init__.py": "", "rules.py": f"LIMIT = {number}\n"})
    install(place, {"acme_front/__init__.py": FRONT.format("acme_front.core.rules")})
    link = place / "acme_front" / "core"
    link.symlink_to(tmp_path / "shared1")
    (place / "acme_front" / "other").symlink_to(tmp_path / "shared2")

    def turn():
        link.unlink()
        link.symlink_to(tmp_path / "shared2")

    require_told(place, turn)


def test_folders_linked_in_a_circle_end(place):
    install(place, {"acme_front/__init__.py": "", "acme_front/a/one.py": "", "acme_front/b/two.py": ""})
    (place / "acme_front" / "a" / "up").symlink_to(place / "acme_front")
    (place / "acme_front" / "a" / "b").symlink_to(place / "acme_front" / "b")
    (place / "acme_front" / "b" / "a").symlink_to(place / "acme_front" / "a")
    assert {"acme_front/a/one.py", "acme_front/a/b/two.py", "acme_front/b/a/one.py"} <= set(files(place))


def editable(place, source, points=POINTS):
    install(place, {"_acme_front.pth": f"# source\n\nimport sys\n{source}\n"}, points)


@pytest.mark.parametrize(
    ("texts", "module", "changed"),
    [
        ({"acme_front/__init__.py": "", "acme_core/__init__.py": ""}, "acme_core.rules", "acme_core/rules.py"),
        ({"acme_front.py": ""}, "acme_helper", "acme_helper.py"),
        ({"acme_front.py": "", "acme/one/__init__.py": ""}, "acme.two.rules", "acme/two/rules.py"),
    ],
)
def test_all_that_lies_in_the_source_of_an_editable_install_counts(place, tmp_path, texts, module, changed):
    source = tmp_path / "src"
    write(source, {**texts, changed: "LIMIT = 1\n"})
    front = next(iter(texts))
    (source / front).write_text(FRONT.format(module))
    editable(place, source)
    require_told(place, lambda: (source / changed).write_text("LIMIT = 2\n"), source)


def test_a_module_that_comes_into_the_source_of_an_editable_install_is_told(place, tmp_path):
    source = tmp_path / "src"
    write(source, {"acme_front.py": FRONT.format("acme_rules"), "acme_rules.py": "LIMIT = 1\n"})
    editable(place, source)
    require_told(place, lambda: write(source, {"acme_rules/__init__.py": "LIMIT = 2\n"}), source)


def test_what_cannot_be_imported_from_the_source_of_an_editable_install_does_not_count(place, tmp_path):
    source = tmp_path / "project"
    counted = {"acme_front.py": "", "acme_core/__init__.py": "", "acme_core/table.csv": "a\n"}
    ignored = {
        "README.md": "",
        ".git/config": "",
        ".hidden/one.py": "",
        "runs/2026/decisions.csv": "",
        "venv/pyvenv.cfg": "",
        "venv/lib/numpy.py": "",
        "acme_front.egg-info/PKG-INFO": "",
        "__pycache__/acme_front.cpython-311.pyc": "",
    }
    write(source, counted | ignored)
    editable(place, source)
    assert set(files(place)) == {*counted, "_acme_front.pth", "entry_points.txt"}


def test_an_editable_install_with_a_finder_has_all_of_its_project(place, tmp_path):
    project = tmp_path / "a project"
    write(project, {"acme_front.py": FRONT.format("acme_rules"), "python-code/acme_rules.py": "LIMIT = 1\n"})
    install(place, {"__editable___acme_front_finder.py": "", "__editable__.acme_front.pth": "import acme\n"})
    told = place / "acme_front-1.0.dist-info" / "direct_url.json"
    told.write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
    rules = project / "python-code" / "acme_rules.py"
    require_told(place, lambda: rules.write_text("LIMIT = 2\n"), project, rules.parent)
    told.write_text(json.dumps({"url": project.as_uri(), "dir_info": {}}))
    assert "acme_front.py" not in files(place)


def test_setup_py_develop_has_all_beside_its_metadata(place, tmp_path):
    source = tmp_path / "src"
    write(source, {"acme_front.py": "", "acme_rules.py": ""})
    listed = "acme_front.py\nacme_front.egg-info/entry_points.txt\n"
    told = {"PKG-INFO": "Name: acme-front\nVersion: 1.0\n", "SOURCES.txt": listed}
    write(source / "acme_front.egg-info", {**told, "entry_points.txt": "[tradewind]\nall = acme_front\n"})
    assert set(files(source)) == {"acme_front.py", "acme_rules.py", "entry_points.txt"}


@pytest.mark.parametrize(
    "added", ["acme_core/rules/__init__.py", "acme_core/rules.abi3.so", "acme_core/sub/other.py"], ids=str
)
def test_what_is_put_into_a_second_package_of_a_wheel_is_told(place, added):
    texts = {"acme_front.py": FRONT.format("acme_core.rules"), "acme_core/__init__.py": ""}
    install(place, {**texts, "acme_core/rules.py": "LIMIT = 1\n"})
    before = set(files(place))
    write(place, {added: "LIMIT = 2\n"})
    assert set(files(place)) - before == {added}


@pytest.mark.parametrize("module", ["acme_rules", "acme_space.rules"])
def test_a_package_that_takes_the_place_of_a_listed_module_is_told(place, module):
    path = module.replace(".", "/")
    install(place, {"acme_front.py": FRONT.format(module), f"{path}.py": "LIMIT = 1\n"})
    require_told(place, lambda: write(place, {f"{path}/__init__.py": "LIMIT = 2\n"}))


def test_a_namespace_that_becomes_a_package_is_told(place):
    install(place, {"acme_front.py": FRONT.format("acme_space.rules"), "acme_space/rules.py": "LIMIT = 1\n"})
    sly = "import sys, types\nsys.modules['acme_space.rules'] = types.SimpleNamespace(LIMIT=2)\n"
    require_told(place, lambda: write(place, {"acme_space/__init__.py": sly}))


def test_data_outside_of_the_libraries_count_and_commands_do_not(place, tmp_path):
    install(place, {"acme_front.py": ""})
    write(tmp_path, {"share/acme/model.json": "1\n", "bin/acme": "#!/usr/bin/python\n"})
    with (place / "acme_front-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("../share/acme/model.json,,\n../bin/acme,,\n")
    assert set(files(place)) == {"../share/acme/model.json", "acme_front.py", "entry_points.txt"}


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        (py_compile.PycInvalidationMode.UNCHECKED_HASH, True),
        (py_compile.PycInvalidationMode.CHECKED_HASH, False),
        (py_compile.PycInvalidationMode.TIMESTAMP, False),
    ],
)
def test_bytecode_counts_where_python_takes_it_unchecked(place, mode, counts):
    install(place, {"acme_front/__init__.py": FRONT.format("acme_front.rules"), "acme_front/rules.py": "LIMIT = 1\n"})
    rules, before = place / "acme_front" / "rules.py", set(files(place))
    rules.write_text("LIMIT = 2\n")
    compiled = Path(py_compile.compile(str(rules), invalidation_mode=mode))
    rules.write_text("LIMIT = 1\n\n")
    assert limit(place) == ("2" if counts else "1")
    assert set(files(place)) - before == ({f"acme_front/__pycache__/{compiled.name}"} if counts else set())


def test_bytecode_of_a_python_module_counts_too(place):
    write(place, {"acme_single.py": "LIMIT = 1\n"})
    py_compile.compile(str(place / "acme_single.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert len(code_of_class("acme_single", place).files) == 2


def test_a_folder_that_cannot_be_read_is_named(place, monkeypatch):
    install(place, {"acme_front/__init__.py": ""})
    real = Path.iterdir

    def locked(path):
        if path.name == "acme_front":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", locked)
    with pytest.raises(PluginError, match=r"acme_front: cannot be read to compute the hashes of its files: Permission"):
        files(place)


def test_a_closed_folder_beside_an_editable_install_does_not_count(place, tmp_path, monkeypatch):
    write(tmp_path / "work", {"acme_front.py": "", "database/inside.py": ""})
    install(place, {"acme.pth": f"{tmp_path / 'work'}\n"})
    real_access, real_stat = os.access, Path.stat

    def closed_to(path, mode, **more):
        return Path(path).name != "database" and real_access(path, mode, **more)

    def stat(path, **more):
        if path.parent.name == "database":
            raise PermissionError(13, "Permission denied", str(path))
        return real_stat(path, **more)

    monkeypatch.setattr(os, "access", closed_to)
    monkeypatch.setattr(Path, "stat", stat)
    assert set(files(place)) == {"acme.pth", "acme_front.py", "entry_points.txt"}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (b"acme_front.py,,\n\nacme_data.txt,,\n", "make_file"),
        ("acme_front.py,,\nJos\u00e9.txt,,\n".encode("latin-1"), "codec can't decode"),
        (b"acme_front.py,md5,large\n", "'large'"),
    ],
)
def test_a_list_of_files_that_cannot_be_read_is_named(place, record, told):
    install(place, {"acme_front.py": ""})
    (place / "acme_front-1.0.dist-info" / "RECORD").write_bytes(record)
    with pytest.raises(PluginError, match=rf"acme-front 1\.0: the list of its files \(RECORD\) cannot .*{told}.*again"):
        files(place)


def test_a_listed_folder_is_all_that_lies_in_it(place):
    install(place, {"acme_front/__init__.py": "", "acme_front/rules.py": ""})
    (place / "acme_front-1.0.dist-info" / "RECORD").write_text("acme_front,,\n.,,\n")
    assert set(files(place)) == {"acme_front/__init__.py", "acme_front/rules.py"}


def test_an_entry_point_that_names_no_module_hides_no_files(place):
    install(place, {"acme_front.py": ""}, {"all": "acme_front", "odd": "no module!"})
    assert set(files(place)) == {"acme_front.py", "entry_points.txt"}


@pytest.mark.parametrize("module", ["acme_rules.py", "acme_rules/__init__.py", "acme_space/rules.py"])
def test_what_is_imported_in_place_of_a_second_module_is_told(place, tmp_path, monkeypatch, module):
    name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    install(place, {"acme_front.py": FRONT.format(name), module: "LIMIT = 1\n"})
    before, earlier = tmp_path / "before", [tmp_path / "before", place]
    before.mkdir()
    monkeypatch.syspath_prepend(str(before))
    told = contents(place)
    monkeypatch.delitem(sys.modules, "acme_space", raising=False)
    write(before, {"acme_rules.py": "LIMIT = 2\n", "acme_space/__init__.py": "", "acme_space/rules.py": "LIMIT = 2\n"})
    assert limit(*earlier) == "2"
    assert contents(place) != told


def test_a_distribution_without_a_list_of_files_is_refused(place):
    install(place, {"acme_front.py": FRONT.format("acme_rules"), "acme_rules.py": "LIMIT = 1\n"})
    (place / "acme_front-1.0.dist-info" / "RECORD").unlink()
    with pytest.raises(PluginError, match=r"acme-front 1\.0: its installer left no list of its files .*; install it"):
        files(place)
