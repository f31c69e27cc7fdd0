"""The author's guide: a page for each kind, whose example is what `tradewind new` writes, and all there is in it."""

import dataclasses
import importlib
import inspect
import re
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
import yaml

import tradewind.testing
from tradewind.cli import app
from tradewind.config.schema import json_schema
from tradewind.contracts import AccountView, OrderBatch, Trades
from tradewind.contracts.plugin import KINDS
from tradewind.hookspecs import HookSpecs
from tradewind.registry import Registry
from tradewind.research.stress.scenario import Scenario
from tradewind.scaffold import Name, plugin_files
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.broker import BrokerAcceptance

ROOT = Path(__file__).parents[2]
AUTHORS = ROOT / "docs" / "authors"
OPTIONAL = re.compile(r"``(\w+)(?:\([^`]*\) -> [^`]*|: [^`]*)``")


def read(kind):
    return (AUTHORS / f"{kind}.md").read_text()


def kit_of(kind):
    return getattr(tradewind.testing, f"{kind.capitalize()}Kit")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_shows_what_new_writes(kind):
    # tests/scaffold installs these very files, asks their kits and runs their examples.
    files = plugin_files(Name(f"acme-{kind}"), kind)
    shown = re.findall(r"^```(?:python|yaml)\n(.*?)^```$", read(kind), flags=re.DOTALL | re.MULTILINE)
    assert set(shown) <= set(files.values()), f"docs/authors/{kind}.md shows what `tradewind new` does not write"
    for path in (f"src/acme_{kind}/{kind}.py", "example.yaml", f"tests/test_acme_{kind}.py"):
        assert files[path] in shown, f"docs/authors/{kind}.md does not show {path} as `tradewind new` writes it"


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_what_the_kit_checks(kind):
    kit = kit_of(kind)
    listed = set(re.findall(r"^\| `(test_\w+)` \|", read(kind), flags=re.MULTILINE))
    if kind == "broker":
        listed |= set(re.findall(r"^\| `(\w+Cases)` \|", read(kind), flags=re.MULTILINE))
        assert listed == {base.__name__ for base in BrokerAcceptance.__bases__}
        return
    assert listed == {name for name in vars(kit) if name.startswith("test_")}, kit.__name__


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_what_the_kit_can_be_told(kind):
    told = set(re.findall(r"^\| `(\w+)[`(]", read(kind).partition("| option of the kit |")[2], flags=re.MULTILINE))
    documented = set()
    for base in kit_of(kind).__mro__:
        attributes = (inspect.getdoc(base) or "").partition("Attributes\n----------\n")[2] if base is not object else ""
        documented |= set(re.findall(r"^(\w+)$", attributes, flags=re.MULTILINE))
    assert documented <= told, f"docs/authors/{kind}.md does not tell of {sorted(documented - told)}"
    assert all(hasattr(kit_of(kind), name) for name in told - {"make_session"}), told


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_every_method_and_option_of_the_contract(kind):
    text = read(kind)
    for contract in KINDS[kind][1]:
        names = {name for name in vars(contract) if name[0] != "_"} | set(OPTIONAL.findall(contract.__doc__ or ""))
        missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
        assert not missing, f"docs/authors/{kind}.md says nothing of {missing} of {contract.__name__}"


def test_there_is_a_page_for_every_kind_and_the_tutorial_leads_to_each():
    assert {path.stem for path in AUTHORS.glob("*.md")} == {*KINDS, "tutorial"}
    assert set(re.findall(r"\((\w+)\.md\)", (AUTHORS / "tutorial.md").read_text())) == set(KINDS)


def test_every_hook_is_on_the_page_of_its_kind():
    hooks = {name for name in vars(HookSpecs) if name.startswith("tradewind_")}
    written = {kind: plugin_files(Name("acme"), kind)["src/acme/__init__.py"] for kind in KINDS}
    assert {re.search(r"def (\w+)\(", text)[1] for text in written.values()} == hooks
    for kind, text in written.items():
        hook = re.search(r"def (\w+)\(", text)[1]
        assert f"`{hook}`" in read(kind), f"docs/authors/{kind}.md lacks its hook"


def test_the_reference_has_every_kind_and_plugin_and_parameter():
    text = (ROOT / "docs" / "reference" / "plugins.md").read_text()
    parts = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", text, flags=re.DOTALL | re.MULTILINE))
    registry = Registry.load()
    own = [one for one in registry.plugins() if one.distribution == "tradewind"]
    assert {one.kind for one in own} == set(KINDS)
    for one in own:
        parameters = registry.parameters(one).model_json_schema().get("properties", {})
        missing = [name for name in parameters if f"| `{name}` |" not in parts[one.name]]
        assert not missing, f"{one.kind} {one.name}: {missing}"


def commands():
    """Yield the words of every command: ``plugins list``."""
    for name, (place, _) in app.COMMANDS.items():
        module, _, function = place.partition(":")
        found = getattr(importlib.import_module(module), function)
        if isinstance(found, typer.Typer) and found.registered_commands:
            for one in found.registered_commands:
                yield f"{name} {one.name or one.callback.__name__.replace('_', '-')}"
        else:
            yield name


def test_every_command_is_documented():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    missing = [words for words in commands() if f"tradewind {words}" not in text]
    assert not missing, f"no page of docs/ has: {missing}"
    table = (ROOT / "README.md").read_text()
    assert {"new", "init"} <= set(re.findall(r"^\| `tradewind ([a-z-]+)", table, flags=re.MULTILINE))


def test_every_shared_test_is_documented():
    text = (ROOT / "docs" / "guide" / "testing-plugins.md").read_text()
    missing = [name for name in vars(PluginKit) if name.startswith("test_") and f"`{name}`" not in text]
    assert not missing


def exit_codes():
    """Yield the numbers with which a command can end, each with its place in the sources."""
    wanted = re.compile(r"typer\.Exit\((\w+)\)|^\s*(?:EXIT_\w+|exit_code) = (\d+)$", flags=re.MULTILINE)
    sources = ROOT / "framework" / "tradewind"
    for path in (sources / "errors.py", *(sources / "cli").glob("*.py")):
        module = ".".join(path.relative_to(sources.parent).with_suffix("").parts)
        for name, number in wanted.findall(path.read_text()):
            value = number or (name if name.isdigit() else getattr(importlib.import_module(module), name, ""))
            if str(value).isdigit():
                yield int(value), path.name


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "reference" / "errors.md").read_text()
    told = {int(one) for cell in re.findall(r"^\| ([\d, ]+) \|", text, flags=re.MULTILINE) for one in cell.split(",")}
    used = dict(exit_codes())
    assert used.keys() >= {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 70, 130, 141}
    assert told >= used.keys(), {code: place for code, place in used.items() if code not in told}


ELSEWHERE = ("python.md", "strategy.md", "errors.md")
"""Pages whose examples other tests run."""


def examples(language):
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if page.parent != AUTHORS and page.name not in ELSEWHERE:
            found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
            yield from (pytest.param(text, id=f"{page.stem}-{number}") for number, text in enumerate(found))


@pytest.mark.parametrize("text", list(examples("python")))
def test_an_example_in_python_runs(text, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    days = pd.bdate_range("2018-01-01", periods=300)
    closes = 50.0 * np.exp(np.random.default_rng(5).normal(0.0005, 0.01, 300).cumsum())
    # What a page takes for granted: a table of the reader's own.
    prices = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), closes), index=days).assign(volume=1e6)
    example = types.ModuleType("example")
    example.prices = prices
    monkeypatch.setitem(sys.modules, "example", example)  # Backtrader looks there for the module of a class
    exec(compile(text, "example", "exec"), vars(example))


@pytest.mark.parametrize("text", list(examples("yaml")))
def test_an_example_in_yaml_has_keys_that_there_are(text):
    plan = set(json_schema(Registry.load())["properties"])
    for document in filter(None, yaml.safe_load_all(text)):
        known = {"mode", "feed", "broker", "clock"} if "mode" in document else plan
        if "market" in document:
            Scenario(**document)
        else:
            assert set(document) <= known, sorted(set(document) - known)


@pytest.mark.parametrize(("kind", "shown"), [("gate", OrderBatch), ("gate", AccountView), ("cost", Trades)])
def test_a_page_has_every_field_of_what_a_plugin_is_shown(kind, shown):
    word = {OrderBatch: "batch", AccountView: "account", Trades: "trades"}[shown]
    table = re.search(rf"^\| field of `{word}` \|.*\n\|---\|---\|\n((?:\|.*\n)+)", read(kind), flags=re.MULTILINE)
    assert table is not None
    told = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table[1].splitlines()))
    documented = re.findall(r"^([\w, ]+)$", inspect.getdoc(shown).partition("----------\n")[2], flags=re.MULTILINE)
    assert told == ", ".join(documented).split(", ")
    assert set(told) == {field.name for field in dataclasses.fields(shown)}


def test_the_tutorial_says_what_the_workflow_runs():
    page = (AUTHORS / "tutorial.md").read_text().replace("\n", " ")
    told = re.search(r"`\.github/workflows/ci\.yml` runs ([^;,]*(?:, [^;,]*)*?), which", page)
    steps = re.findall(r"^ +- run: (.+)$", plugin_files(Name("acme-sizer"), "sizer")[".github/workflows/ci.yml"], re.M)
    assert told is not None
    assert re.findall(r"`([^`]+)`", told[1]) == [step for step in steps if not step.startswith("python -m pip")]


def test_the_readme_has_every_command():
    listed = (ROOT / "README.md").read_text().partition("## Commands")[2]
    missing = [name for name in app.COMMANDS if f"`tradewind {name}" not in listed and f"`{name}" not in listed]
    assert not missing
