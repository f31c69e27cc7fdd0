# ruff: noqa: E501 - tables of commands and the messages they give
import pytest

from tradewind.cli import options


def test_sound_configuration_is_ok(run):
    assert run("check", "plan.yaml") == (
        0,
        ["ok: plan.yaml: mode backtest, feed ./toys.py:Feed, 1 sleeve: main (./toys.py:Strategy)"],
        [],
    )


def test_options_reach_the_check(run, folder):
    (folder / "over.yaml").write_text("name: other\nregime: {detector: absent}\n")
    arguments = ["-c", "over.yaml", "--set", "regime=", "--set", "strategy.params.top_n=4", "--start", "2020-01-01"]
    code, output, errors = run("check", "plan.yaml", *arguments, "--end", "2020-12-31", "--mode", "paper")
    assert (code, errors) == (0, [])
    assert output[0].startswith("ok: plan.yaml: mode paper")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["plna.yaml"], 1, "error: plna.yaml: no such file; in ./: plan.yaml. Did you mean 'plan.yaml'?"),
        (["."], 2, "error: .: is a directory; give one of its files: plan.yaml"),
        (["plan.yaml", "--set", "nmae=x"], 2, "error: --set nmae: nmae: unknown key 'nmae'; received 'x' (text); known: "),
        (["plan.yaml", "--mode", "papr"], 1, "error: --mode papr: unknown mode; known: backtest, live, paper. Did you mean"),
        (["plan.yaml", "--start", "soon"], 2, "error: --start: data.start: expected a date like 2020-01-31; received 'soon'"),
        (["plan.yaml", "--set", "strategy.params.top=1"], 2, "error: --set strategy.params.top: sleeves.0.strategy.params.top: Strategy has no parameter 'top'"),
        (["plan.yaml", "--set", "costs=absent"], 3, "error: --set costs: costs: unknown cost 'absent'; known: "),
        (["plan.yaml", "--set", "strategy.python=./toys.py:Strat"], 3, "error: --set strategy.python: sleeves.0.strategy: ./toys.py has no class 'Strat'; known: Feed, Strategy."),
        (["plan.yaml", "--mode-file", "absent.yaml"], 1, "error: absent.yaml: no such file"),
    ],
)  # fmt: skip
def test_fault_ends_with_its_code_and_message(run, arguments, code, message):
    found, output, errors = run("check", *arguments)
    assert (found, output) == (code, [])
    assert errors[0].startswith(message)


def test_a_mode_that_cannot_run_is_refused_as_by_run(run):
    for kind in ("feed", "strategy"):
        assert run("plugins", "trust", f"./toys.py:{kind.title()}", "--kind", kind)[0] == 0
    found = run("check", "plan.yaml", "--mode", "live")
    assert found == run("run", "plan.yaml", "--mode", "live")
    code, output, errors = found
    assert (code, output) == (1, [])
    assert errors[0].startswith("error: --mode live: refused before anything was sent, because this version lacks a ")
    assert "gate" not in errors[0]


def test_several_configurations_are_checked_one_by_one(run, folder):
    (folder / "wrong.yaml").write_text("data: {}\nstrategy: x\n")
    code, output, errors = run("check", "plan.yaml", "wrong.yaml", "absent.yaml")
    assert code == 2
    assert [line.partition(": mode")[0] for line in output] == ["ok: plan.yaml"]
    assert errors[0] == "error: wrong.yaml:1:1: data.feed: required key 'feed' is missing; add it"
    assert errors[1].startswith("error: absent.yaml: no such file")


def test_what_reaches_outside_is_not_built(run, folder):
    (folder / "toys.py").write_text(
        (folder / "toys.py").read_text().replace("5) -> None: ...", "5) -> None: raise RuntimeError('built')")
    )
    assert run("check", "plan.yaml")[0] == 0


def test_a_plugin_that_cannot_be_made_is_told_with_its_line(run, folder):
    (folder / "toys.py").write_text(
        (folder / "toys.py").read_text().replace("3) -> None: ...", "3) -> None: raise RuntimeError('no')")
    )
    code, _, errors = run("check", "plan.yaml")
    assert code == 3
    assert errors[0].startswith(
        "error: plan.yaml:3:20: sleeves.0.strategy: Strategy (python:./toys.py) could not be made"
    )


@pytest.mark.parametrize(
    ("risk", "code", "message"),
    [
        ("gates: [{python: './toys.py:Strategy'}]", 3, "plan.yaml:5:20: risk.gates.0: Strategy (python:./toys.py) breaks the contract of a gate: it returned a Strategy, which is no Gate: it lacks check"),
        ("breakers: [{python: './toys.py:Gate'}]", 3, "plan.yaml:5:23: risk.breakers.0: Gate (python:./toys.py) breaks the contract of a breaker: it returned a Gate, which is no Breaker: it lacks observe"),
        ("gates: [{python: './toys.py:Half'}]", 3, "plan.yaml:5:20: risk.gates.0: Half (python:./toys.py) breaks the contract"),
        ("breakers: [stale_data, {name: drawdown, params: {warn: 0.2}}]", 2, "plan.yaml:5:33: risk.breakers.1: drawdown (tradewind"),
    ],
)  # fmt: skip
def test_gates_and_breakers_that_run_refuses_are_refused(run, folder, risk, code, message):
    extra = "\nclass Gate:\n    def check(self, batch, account): ...\nclass Half:\n    check = 5\n"
    (folder / "toys.py").write_text((folder / "toys.py").read_text() + extra)
    (folder / "plan.yaml").write_text((folder / "plan.yaml").read_text() + f"risk:\n  {risk}\n")
    found, output, errors = run("check", "plan.yaml")
    assert (found, output) == (code, [])
    assert errors[0].startswith(f"error: {message}")


def test_load_is_shared_with_other_commands(folder):
    loaded = options.load(folder / "plan.yaml", overrides=["seed=5"])
    assert (loaded.plan.seed, str(loaded.origins["seed"])) == (5, "--set seed")
