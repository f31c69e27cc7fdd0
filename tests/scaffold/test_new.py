"""What `tradewind new` and `tradewind init` write into a folder, and what they refuse."""

import importlib.util
import shlex
import subprocess
import sys
import tomllib

import pytest
import yaml

import tradewind
from tradewind.cli import main
from tradewind.contracts.plugin import KINDS
from tradewind.errors import UserError
from tradewind.scaffold import Name, plugin_files, strategy_files, write_files
from tradewind.scaffold.render import render

needs_sample = pytest.mark.skipif(importlib.util.find_spec("skfolio") is None, reason="needs the sample prices")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """Run the command line and return exit code, output and errors."""

    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return ended.value.code, output.out, " ".join(output.err.split())

    return run_command


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@needs_sample
def test_a_new_strategy_runs_and_its_configuration_is_printed(run, folder):
    code, output, errors = run("new", "strategy", "good-idea")
    assert (code, errors) == (0, "")
    assert files_in(folder) == ["good_idea.py", "good_idea.yaml"]
    printed = "\n".join(line.removeprefix("    ") for line in output.splitlines() if line.startswith("    "))
    config = (folder / "good_idea.yaml").read_text()
    assert printed.strip() == config.strip()
    assert yaml.safe_load(config)["strategy"]["python"] == "./good_idea.py:GoodIdea"
    result = tradewind.run(folder / "good_idea.yaml", start="2018-01-01", end="2019-12-31", runs_directory=None)
    assert len(result.fills) > 10
    assert f"next: tradewind run {'good_idea.yaml'}" in output


def test_the_kit_of_strategies_passes_a_new_strategy(run):
    run("new", "strategy", "idea")
    code, output, errors = run("test", "./idea.py:Idea", "--kind", "strategy")
    assert (code, errors) == (0, "")
    assert output.startswith("ok strategy 'Idea'")


def test_a_strategy_goes_into_the_folder_asked_for_and_keeps_a_configuration(run, folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "idea.yaml").write_text("name: kept\n")
    code, output, _ = run("new", "strategy", "idea", "--dir", "mine")
    assert code == 0
    assert files_in(folder) == ["mine/idea.py", "mine/idea.yaml"]
    assert (folder / "mine" / "idea.yaml").read_text() == "name: kept\n"
    assert "kept mine/idea.yaml, which was there" in output
    assert "./idea.py:Idea" in output


def test_nothing_is_overwritten(run, folder):
    (folder / "idea.py").write_text("mine")
    code, _, errors = run("new", "strategy", "idea")
    assert code == 1
    assert "idea.py: is there already, and nothing is overwritten; choose another name or folder" in errors
    assert files_in(folder) == ["idea.py"], "and no half of it is written"
    assert (folder / "idea.py").read_text() == "mine"
    (folder / "acme").mkdir()
    code, _, errors = run("new", "plugin", "acme", "--kind", "factor")
    assert code == 1
    assert "acme: is there already, and nothing is overwritten; choose another name or --dir" in errors
    assert list((folder / "acme").iterdir()) == []


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="one: is there already, and nothing is overwritten"):
        write_files(tmp_path, {"two": "2", "one": "1"})
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.inner.*: cannot be written: .*; choose a folder that you may write to"):
        write_files(tmp_path / "file" / "inner", {"a.py": ""})


def test_what_cannot_be_written_as_a_whole_is_not_written(tmp_path):
    (tmp_path / "configs").write_text("mine")
    with pytest.raises(UserError, match=r"configs.one: cannot be written"):
        write_files(tmp_path, {"readme": "", "deep/er/two": "2", "configs/one": "1"})
    assert files_in(tmp_path) == ["configs"]
    assert [path.name for path in tmp_path.iterdir()] == ["configs"]


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("Acme Gap", "acme_gap"),
        ("acmeGap", "acme_gap"),
        ("acme.gap", "acme_gap"),
        ("52w-high", "my_52w_high"),
        ("_hidden", "hidden"),
        ("acme__gap", "acme_gap"),
        ("../acme", "acme"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_name_that_cannot_be_one_gets_the_nearest(run, folder, text, instead):
    code, _, errors = run("new", "strategy", text)
    assert code == 1
    assert f"NAME: {text!r} cannot be a name; write 2 to 40 lower-case letters" in errors
    assert errors.endswith(f"for example {instead!r}")
    assert Name(instead).module == instead
    assert files_in(folder) == []


@pytest.mark.parametrize("text", ["class", "json", "test", "tradewind", "numpy", "import"])
def test_a_name_that_would_hide_a_library_is_refused(text):
    with pytest.raises(UserError, match=f"NAME: '{text}' is taken by Python or a library, .* as 'my_{text}'"):
        Name(text)


@pytest.mark.parametrize("text", ["pluggy", "yaml", "backtrader", "dateutil"])
def test_a_package_that_would_hide_an_installed_library_is_refused(run, folder, text):
    code, _, errors = run("new", "plugin", text, "--kind", "gate")
    assert code == 1
    assert f"NAME: '{text}' is taken by Python or a library, which a module of this name would hide" in errors
    assert files_in(folder) == []


def test_a_folder_of_the_name_on_the_path_is_no_library(run, folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    (folder / "acme_gap").mkdir()
    (folder / "made").mkdir()
    assert run("new", "plugin", "acme_gap", "--kind", "gate", "--dir", "made")[0] == 0


@pytest.mark.parametrize("text", ["true", "false", "none", "exception", "value_error"])
def test_a_name_whose_class_is_a_word_of_python_is_refused(text):
    with pytest.raises(UserError, match=f"NAME: '{text}' would make a class .*, which is .* as 'my_{text}'"):
        Name(text)


@pytest.mark.parametrize("text", ["field", "annotated", "iterable", "market", "signals"])
def test_a_name_whose_class_would_hide_an_import_is_refused(run, folder, text):
    code, _, errors = run("new", "plugin", text, "--kind", "sizer")
    assert code == 1
    assert f"NAME: '{text}' would make a class {text.title()}, and src/{text}/" in errors
    assert errors.endswith(f"imports another of this name; put a word before it, as 'my_{text}'")
    assert files_in(folder) == []


def test_a_strategy_whose_class_would_hide_an_import_is_refused(run, folder):
    code, _, errors = run("new", "strategy", "signals")
    assert code == 1
    assert "would make a class Signals, and signals.py imports another" in errors
    assert files_in(folder) == []


@pytest.mark.parametrize("text", ["null", "yes", "no", "on", "off"])
def test_a_word_of_yaml_stays_a_name(text):
    for made in (strategy_files(Name(text)), *(plugin_files(Name(text), kind) for kind in KINDS)):
        for path, content in made.items():
            if path.endswith(".yaml"):
                values = list(values_of(yaml.safe_load(content)))
                assert text in values
                assert not [value for value in values if value is None or isinstance(value, bool)]


def values_of(value):
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from values_of(one)
    else:
        yield value


def test_a_configuration_with_a_word_of_yaml_as_name_is_checked(run, folder):
    assert run("new", "strategy", "null")[0] == 0
    code, output, errors = run("check", "null.yaml")
    assert (code, errors) == (0, "")
    assert "./null.py:Null" in output


@pytest.mark.parametrize("text", ["é", "", "日本"])
def test_a_name_of_which_nothing_is_left_gets_no_example(text):
    with pytest.raises(UserError, match="cannot be a name") as caught:
        Name(text)
    assert "for example" not in str(caught.value)


def test_an_unknown_kind_and_an_unknown_licence_get_the_nearest(run, folder):
    code, _, errors = run("new", "plugin", "acme", "--kind", "factr")
    assert code == 1
    assert "--kind: no kind of plugin 'factr'; known: breaker, broker" in errors
    assert errors.endswith("Did you mean 'factor'?")
    code, _, errors = run("new", "plugin", "acme", "--kind", "factor", "--licence", "mti")
    assert code == 1
    assert "--licence: no licence 'mti'; known: gpl, mit. Did you mean 'mit'? Choose one" in errors
    assert files_in(folder) == []


def test_the_name_of_an_installed_plugin_of_the_kind_is_refused(run, folder):
    code, _, errors = run("new", "plugin", "kelly", "--kind", "sizer")
    assert code == 1
    assert "NAME: there is a sizer 'kelly' of tradewind installed" in errors
    assert errors.endswith("choose another, as 'my_kelly'")
    code, *_ = run("new", "plugin", "kelly", "--kind", "exit")
    assert code == 0, "of another kind it is free"


def test_a_folder_that_is_not_there_is_named(run):
    for what in (["strategy", "idea"], ["plugin", "idea", "--kind", "exit"]):
        code, _, errors = run("new", *what, "--dir", "nowhere")
        assert code == 1
        assert "--dir nowhere: is no folder; make it first, or leave --dir out" in errors


@pytest.mark.parametrize("what", [["strategy", "idea"], ["plugin", "idea", "--kind", "exit"]])
def test_what_comes_next_can_be_typed_as_printed(run, folder, what):
    (folder / "my ideas").mkdir()
    _, output, _ = run("new", *what, "--dir", "my ideas")
    (line,) = [line for line in output.splitlines() if line.startswith("next: ")]
    place = shlex.split(line)[3 if what[0] == "strategy" else 2]
    assert (folder / place).exists()


def test_a_kind_is_needed_and_so_is_what_to_make(run):
    code, _, errors = run("new", "plugin", "acme")
    assert code == 1
    assert "--kind" in errors
    code, _, errors = run("new", "plugn", "acme")
    assert code == 1
    assert "plugn" in errors


def test_the_licence_is_the_one_asked_for(run, folder):
    assert run("new", "plugin", "acme-free", "--kind", "report", "--licence", "mit")[0] == 0
    project = tomllib.loads((folder / "acme-free" / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert "Permission is hereby granted, free of charge" in (folder / "acme-free" / "LICENSE").read_text()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["ab", "a-very-long-name-of-a-plugin-of-40-chars"])
def test_names_of_any_length_leave_the_sources_tidy(kind, text, tmp_path):
    pytest.importorskip("ruff")
    write_files(tmp_path, plugin_files(Name(text), kind))
    for how in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *how, "--no-cache", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_field_without_a_value_is_a_fault():
    with pytest.raises(KeyError, match="Kind"):
        render("tests/factor.py", {"name": "a", "class": "A"})


@needs_sample
def test_a_new_project_runs_as_its_readme_says(run, folder):
    code, output, errors = run("init", "desk")
    assert (code, errors) == (0, "")
    written = files_in(folder / "desk")
    assert {f"wrote desk/{one}" for one in written} | {output.splitlines()[-1]} == set(output.splitlines())
    assert {"README.md", ".gitignore", ".env.example", "configs/quickstart.yaml", "configs/my_strategy.py"} < set(
        written
    )
    assert (folder / "desk" / "README.md").read_text().startswith("# desk\n")
    assert ".env\n" in (folder / "desk" / ".gitignore").read_text()
    for config in ("quickstart", "my_strategy"):
        path = folder / "desk" / "configs" / f"{config}.yaml"
        result = tradewind.run(path, start="2018-01-01", end="2019-12-31", runs_directory=None)
        assert len(result.fills) > 10
        assert run("check", path, "--mode", "paper")[0] == 0


def test_a_project_overwrites_nothing_and_a_file_is_no_folder(run, folder):
    assert run("init", "desk")[0] == 0
    (folder / "desk" / "configs" / "quickstart.yaml").write_text("mine")
    (folder / "desk" / "README.md").unlink()
    code, _, errors = run("init", "desk")
    assert code == 1
    assert "is there already and 7 more, and nothing is overwritten" in errors
    assert not (folder / "desk" / "README.md").exists()
    (folder / "file").write_text("")
    code, _, errors = run("init", "file")
    assert code == 1
    assert "file: is a file; give the name of a folder, new or not" in errors


def test_a_project_in_a_folder_with_files_leaves_them_alone(run, folder):
    (folder / "notes.txt").write_text("mine")
    assert run("init", ".")[0] == 0
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "configs" / "quickstart.yaml").is_file()
