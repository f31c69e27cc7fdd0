"""`tradewind plugins` as it is typed: output, messages and exit codes."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tradewind
from tests.registry.distributions import sizer_source, write_distribution
from tradewind import modes
from tradewind.contracts import KINDS
from tradewind.errors import PluginError
from tradewind.registry import Registry

BROKEN = "import not_installed_anywhere\n"


def test_list_shows_every_plugin_with_its_origin_and_state(run):
    code, output, errors = run("plugins", "list")
    assert (code, errors) == (0, [])
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in output if line.startswith("│")]
    assert {(row[0], row[1]) for row in rows} == {(one.kind, one.name) for one in Registry.load().plugins()}
    assert {(row[2], row[4], row[6]) for row in rows} == {("tradewind", "1", "ok")}
    assert all(float(row[5]) >= 0.0 for row in rows)


@pytest.mark.parametrize("kind", list(KINDS))
def test_list_of_a_kind_has_that_kind_only(run, kind):
    rows = json.loads("\n".join(run("plugins", "list", "--kind", kind, "--json")[1]))
    assert {row["kind"] for row in rows} == {kind}
    assert set(rows[0]) == {
        "kind",
        "name",
        "provider",
        "distribution",
        "version",
        "api_version",
        "load_milliseconds",
        "state",
        "reason",
    }


def test_list_tells_of_what_cannot_be_used(run, installed):
    installed("acme", BROKEN)
    code, output, errors = run("plugins", "list")
    assert code == 0
    (line,) = [line for line in output if "acme-cli" in line]
    assert [cell.strip() for cell in line.strip("│").split("│")][-1] == "broken"
    assert errors == ["1 cannot be used: `tradewind plugins doctor` says why"]


def test_list_shows_versions_and_entry_points_as_they_are(run, installed, folder):
    installed("acme", sizer_source("acme_one"), version="1[b]")
    write_distribution(folder / "installed", "beta-cli", "2", {}, {"[red]odd": "beta_missing"})
    code, output, _ = run("plugins", "list")
    shown = [[cell.strip() for cell in line.strip("│").split("│")] for line in output if "-cli" in line]
    assert code == 0
    assert [cells[:4] for cells in shown] == [
        ["sizer", "acme_one", "acme-cli", "1[b]"],
        ["?", "([red]odd)", "beta-cli", "2"],
    ]


def test_unknown_kind_names_the_nearest(run):
    code, _, errors = run("plugins", "list", "--kind", "sizr")
    assert code == 1
    assert errors[0].startswith("error: --kind: no kind of plugin 'sizr'; known: breaker, broker, cost, ")
    assert errors[0].endswith("Did you mean 'sizer'?")


def test_doctor_is_content_with_what_is_sound(run):
    count = len(Registry.load().plugins())
    assert run("plugins", "doctor") == (0, [f"nothing is wrong, {count} plugins"], [])
    assert run("plugins", "doctor", "--json") == (0, ["[]"], [])


def test_doctor_names_what_is_broken_and_ends_with_3(run, installed):
    installed("acme", BROKEN)
    code, output, _ = run("plugins", "doctor")
    assert code == 3
    assert output[0] == (
        "acme-cli:all: importing acme_cli raised ModuleNotFoundError: No module named 'not_installed_anywhere'"
    )
    assert output[1] == (
        "  do: install what gives the module 'not_installed_anywhere' into this environment, or remove it with "
        "`tradewind plugins uninstall acme-cli`"
    )
    assert output[-1].startswith("1 problem, ")
    code, output, _ = run("plugins", "doctor", "--json")
    assert (code, [one["provider"] for one in json.loads("\n".join(output))]) == (3, ["acme-cli:all"])


def test_doctor_names_both_providers_of_a_name_and_ends_with_3(run, installed):
    installed("acme", sizer_source("same"))
    installed("beta", sizer_source("same"))
    code, output, _ = run("plugins", "doctor")
    assert code == 3
    assert output[0] == ("acme-cli:all (1.0) and beta-cli:all (1.0): both give the sizer 'same', so neither is used")
    assert "TRADEWIND_PLUGINS=acme-cli" in output[1]


def test_doctor_advises_another_version_for_another_api(run, installed):
    installed("acme", sizer_source("new", "TRADEWIND_API = 2\n"))
    code, output, _ = run("plugins", "doctor")
    assert code == 3
    assert "acme-cli 1.0 is made for plugin API 2, and this tradewind supports 1 only; upgrade tradewind" in output[0]
    assert output[1].startswith(
        "  do: install a version that fits, or remove it with `tradewind plugins uninstall acme"
    )


def test_info_tells_everything_of_a_plugin(run):
    code, output, errors = run("plugins", "info", "volatility_target")
    assert (code, errors) == (0, [])
    assert output[0] == "sizer volatility_target: Scaled to a volatility a year."
    assert re.fullmatch(r"from: tradewind \S+, entry point tradewind:sizers, plugin API 1", output[1])
    assert re.fullmatch(r"source: .*volatility_target\.py:\d+", output[2])
    assert output[3] == "needs: close"
    assert "  target: number > 0, ≤ 2, default 0.1" in output
    assert "      Volatility a year, as a fraction." in output
    assert output[output.index("example:") + 1 :][:3] == ["  sizer:", "    name: volatility_target", "    params:"]


def test_info_as_json_has_the_same(run):
    found = json.loads("\n".join(run("plugins", "info", "volatility_target", "--json")[1]))
    assert (found["kind"], found["api_version"], found["needs"]) == ("sizer", 1, ["close"])
    assert found["parameters"][0] == {
        "name": "target",
        "type": "number > 0, ≤ 2",
        "required": False,
        "default": 0.1,
        "has_default": True,
        "meaning": "Volatility a year, as a fraction.",
    }


def test_info_of_a_file_needs_its_kind(run):
    code, _, errors = run("plugins", "info", "./toys.py:Strategy")
    assert code == 1
    assert errors[0].startswith("error: ./toys.py:Strategy: a class does not say what it is; add --kind, one of strat")
    code, output, _ = run("plugins", "info", "./toys.py:Strategy", "--kind", "strategy")
    assert (code, output[-4:]) == (
        0,
        ["  strategy:", "    python: ./toys.py:Strategy", "    params:", "      top_n: 3"],
    )


def test_info_of_an_unknown_name_names_the_nearest_and_what_is_broken(run, installed):
    installed("acme", BROKEN)
    code, _, errors = run("plugins", "info", "kely")
    assert code == 3
    assert errors[0].startswith("error: no plugin 'kely'; known: ")
    assert errors[0].endswith("Did you mean 'kelly'?")
    assert errors[1].startswith("  note: acme-cli:all is broken: importing acme_cli raised")


def test_info_of_a_name_of_two_kinds_asks_for_the_kind(run, installed):
    installed("acme", sizer_source("high_52w"))
    code, _, errors = run("plugins", "info", "high_52w")
    assert (code, errors) == (
        1,
        [
            "error: high_52w: there is a strategy and a sizer of this name; add --kind strategy or --kind sizer",
        ],
    )
    assert run("plugins", "info", "high_52w", "--kind", "sizer")[1][0] == "sizer high_52w: A sizer."


def test_info_of_an_ambiguous_name_names_both_providers(run, installed):
    installed("acme", sizer_source("same"))
    installed("beta", sizer_source("same"))
    code, _, errors = run("plugins", "info", "same")
    assert code == 3
    assert errors[0].startswith("error: sizer 'same' is given by acme-cli:all and beta-cli:all; uninstall one")


def test_no_plugins_loads_built_in_ones_only(run, installed):
    installed("acme", BROKEN)
    assert run("plugins", "doctor")[0] == 3
    code, output, _ = run("--no-plugins", "plugins", "doctor")
    assert (code, output[0]) == (0, "not examined, because safe mode leaves them out: acme-cli")
    assert os.environ["TRADEWIND_PLUGINS"] == "", "for child processes"


def test_a_child_process_obeys_no_plugins(run, installed, monkeypatch):
    installed("acme", sizer_source("acme_child"))
    run("--no-plugins", "version")
    code = "from tradewind.registry import Registry; print([p.name for p in Registry.load().plugins('sizer')])"
    environment = {**os.environ, "PYTHONPATH": str(sys.path[0])}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "kelly" in told.stdout
    assert "acme_child" not in told.stdout


def test_a_configuration_that_needs_a_disabled_plugin_says_so(run, installed, folder):
    installed("acme", sizer_source("acme_needed"))
    plan = (folder / "plan.yaml").read_text()
    (folder / "plan.yaml").write_text(plan + "sizer: acme_needed\n")
    assert run("check", "plan.yaml")[0] == 0
    code, _, errors = run("--no-plugins", "check", "plan.yaml")
    assert code == 3
    assert "unknown sizer 'acme_needed'" in errors[0]
    assert errors[1].startswith(
        "  note: sizer 'acme_needed' is disabled by safe mode (TRADEWIND_PLUGINS): acme-cli 1.0"
    )


def test_safe_mode_with_an_unknown_distribution_is_refused(run, installed, monkeypatch):
    installed("acme", sizer_source("acme_unknown"))
    monkeypatch.setenv("TRADEWIND_PLUGINS", "acme-clip")
    code, _, errors = run("check", "plan.yaml")
    assert code == 1
    assert errors[0].startswith(
        "error: TRADEWIND_PLUGINS: no installed distribution 'acme-clip' gives plugins; known: "
    )
    assert "Did you mean 'acme-cli'?" in errors[0]


TOYS = ["./toys.py:Feed", "./toys.py:Strategy"]


def trust_toys(run):
    assert run("plugins", "trust", TOYS[0], "--kind", "feed")[0] == 0
    return run("plugins", "trust", TOYS[1], "--kind", "strategy")


@pytest.fixture
def live_can_run(monkeypatch):
    """A version that lacks nothing for live runs."""
    monkeypatch.setitem(modes.MODES, "live", dataclasses.replace(modes.MODES["live"], missing=()))


@pytest.mark.parametrize("command", ["check", "run"])
def test_live_refuses_what_is_not_trusted_with_the_commands_that_trust_it(run, live_can_run, command):
    code, output, errors = run(command, "plan.yaml", "--mode", "live")
    assert (code, output) == (3, [])
    assert errors[0].startswith(
        "error: --mode live: refused before anything was sent, because it uses plugins that are"
    )
    assert "    do: tradewind plugins trust toys.py:Feed --kind feed" in errors
    assert "    do: tradewind plugins trust toys.py:Strategy --kind strategy" in errors


def test_live_from_python_refuses_what_is_not_trusted(folder, live_can_run):
    with pytest.raises(PluginError, match=r"plugins trust toys\.py:Strategy --kind strategy"):
        tradewind.run("plan.yaml", mode="live")


def test_trusted_plugins_pass_until_their_file_changes(run, folder):
    code, output, _ = trust_toys(run)
    assert (code, output) == (
        0,
        ["trusted: strategy toys.py:Strategy of python:toys.py (1 file), in trusted_plugins.json"],
    )
    for command in ("check", "run"):
        code, _, errors = run(command, "plan.yaml", "--mode", "live")
        assert (code, "because this version lacks a plugin of a real broker" in errors[0]) == (1, True)
    with (folder / "toys.py").open("a") as file:
        file.write("# changed\n")
    code, _, errors = run("check", "plan.yaml", "--mode", "live")
    assert code == 3
    assert "feed toys.py:Feed of python:toys.py has changed since it was trusted: changed: toys.py" in errors[1]
    assert run("plugins", "trust", "--list")[1] == [
        "feed toys.py:Feed of python:toys.py: changed: toys.py",
        "strategy toys.py:Strategy of python:toys.py: changed: toys.py",
    ]
    assert trust_toys(run)[0] == 0
    assert run("check", "plan.yaml", "--mode", "live")[0] == 1


def test_trusting_changed_code_anew_tells_what_changed_and_what_else_is_trusted(run, folder):
    trust_toys(run)
    with (folder / "toys.py").open("a") as file:
        file.write("# changed\n")
    code, output, _ = run("plugins", "trust", TOYS[0], "--kind", "feed")
    assert (code, output[1:]) == (
        0,
        [
            "  since it was trusted before: changed: toys.py",
            "  trusted anew with the same code: strategy toys.py:Strategy",
        ],
    )


def test_untrust_ends_it(run):
    trust_toys(run)
    code, output, _ = run("plugins", "untrust", "toys.py:Strategy")
    assert (code, output) == (
        0,
        ["no longer trusted: toys.py:Strategy of python:toys.py; live runs refuse it"],
    )
    assert run("check", "plan.yaml", "--mode", "live")[0] == 3
    code, _, errors = run("plugins", "untrust", "toys.py:Strategy")
    assert code == 1
    assert errors[0].startswith("error: trusted_plugins.json: 'toys.py:Strategy' is not trusted; known: toys.py:Feed.")


def test_an_installed_plugin_is_trusted_by_name_in_another_directory(run, installed, folder):
    installed("acme", sizer_source("acme_trusted"), version="2.0")
    (folder / "configs").mkdir()
    arguments = ["plugins", "trust", "acme_trusted", "--config-dir", "configs", "--json"]
    (told,) = json.loads("\n".join(run(*arguments)[1]))
    assert told == {
        "plugin": "sizer acme_trusted",
        "origin": "acme-cli",
        "version": "2.0",
        "files": 2,
        "changes": [],
        "others": [],
    }
    (entry,) = json.loads("\n".join(run("plugins", "trust", "--list", "--config-dir", "configs", "--json")[1]))
    assert entry == {"plugin": "sizer acme_trusted", "origin": "acme-cli", "version": "2.0", "state": "unchanged"}
    assert not (folder / "trusted_plugins.json").exists()


def test_a_built_in_plugin_is_not_written_down(run, folder):
    code, output, _ = run("plugins", "trust", "kelly")
    assert (code, output) == (
        0,
        ["sizer kelly is built in: it is trusted as tradewind is, and not written down"],
    )
    assert not (folder / "trusted_plugins.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trust"], 1, "error: trust: received no name; give names or --list"),
        (["trust", "kelly", "--list"], 1, "error: trust: received kelly and --list; give names or --list"),
        (["trust", "kely"], 3, "error: no plugin 'kely'; known: "),
        (["trust", "kelly", "--config-dir", "absent"], 1, "error: --config-dir absent: no such folder; give the one"),
        (["untrust", "kelly", "--kind", "x"], 1, "error: --kind: no kind of plugin 'x'; known: "),
        (["trsut", "kelly"], 1, "error: plugins: no command 'trsut'; known: "),
    ],
)
def test_wrong_use_of_trust_is_named(run, arguments, code, message):
    found, _, errors = run("plugins", *arguments)
    assert found == code
    assert errors[0].startswith(message)


def test_the_guide_shows_every_command_and_no_other():
    from tradewind.cli.plugins import plugins

    text = (Path(__file__).parents[2] / "docs" / "guide" / "using-plugins.md").read_text()
    shown = set(re.findall(r"tradewind plugins ([a-z]+)", text))
    assert shown == {command.name for command in plugins.registered_commands}


def test_every_command_has_json(run):
    from tradewind.cli.plugins import plugins

    for command in plugins.registered_commands:
        assert any("--json" in line for line in run("plugins", command.name, "--help")[1]), command.name
