import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.cli.show_config import _scalar
from tradewind.config.loader import load_plan
from tradewind.config.yaml_source import parse_text


def test_values_are_shown_with_aligned_origins(run):
    code, output, errors = run("show-config", "plan.yaml", "--set", "reports=[html, {name: png, params: {dpi: 90}}]")
    assert (code, errors) == (0, [])
    width = len('      python: "./toys.py:Strategy"')
    for text, origin in {
        "name: toy": "plan.yaml:1:7",
        "  cash: 100000.0": "default",
        '    python: "./toys.py:Feed"': "plan.yaml:2:23",
        '      python: "./toys.py:Strategy"': "plan.yaml:3:20",
        "  - name: png": "--set reports",
        "      dpi: 90": "--set reports",
    }.items():
        assert f"{text.ljust(width)}  # {origin}" in output
    assert {line.index("#") for line in output if "#" in line} == {width + 2}


def test_output_is_yaml_of_the_same_plan(run, folder):
    _, output, _ = run("show-config", "plan.yaml", "--mode", "paper", "--set", "name=NO", "--start", "2020-01-31")
    shown = parse_text("\n".join(output), "shown").plain()
    mode = shown.pop("mode")
    (folder / "again.yaml").write_text(json.dumps(shown))
    expected = load_plan([folder / "plan.yaml"], mode="paper", overrides=["name=NO"], start="2020-01-31").plan
    assert load_plan([folder / "again.yaml"], mode="paper").plan == expected
    assert mode["feed"] == {"name": "replay", "params": {"bars_per_second": 0}}
    assert yaml.safe_load("\n".join(output))["account"]["cash"] == 100_000


def test_json_gives_values_and_origins(run):
    code, output, errors = run("show-config", "plan.yaml", "--json", "--set", "seed=7")
    assert (code, errors) == (0, [])
    shown = json.loads("\n".join(output))
    assert shown["config"]["seed"] == 7
    assert shown["config"]["data"]["feed"] == {"python": "./toys.py:Feed"}
    assert shown["origins"]["seed"] == "--set seed"
    assert shown["origins"]["data.feed.python"] == "plan.yaml:2:23"
    assert "data.feed.name" not in shown["origins"]
    assert "data.feed.params" not in shown["origins"]


@settings(deadline=None)
@given(
    st.text()
    | st.sampled_from(["010", "1e-3", "true", "~", "", "- a", "a: b", "a #b", "NO", "\x85", "\u2028", "\ufeff"])
)
def test_text_is_shown_so_that_it_is_read_back(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert parse_text(f"a: {_scalar(text)}", "x").plain() == {"a": text}


def test_unknown_plugin_does_not_stop_the_display(run):
    code, output, _ = run("show-config", "plan.yaml", "--set", "costs=absent")
    assert code == 0
    assert any(line.startswith("  name: absent") for line in output)
