"""`tradewind verify`: exit codes, what it prints, JSON, and what it says to a wrong request."""

import json
import re
import sys

import pandas as pd
import pytest

from tradewind.cli import main
from tradewind.cli.verify import FOUND

QUICK = ("--cuts", "3", "--whole-cuts", "0")


@pytest.fixture
def run(project, capsys):
    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run_command


def test_an_honest_configuration_ends_with_0(run):
    code, output, _ = run("verify", "honest.yaml", *QUICK)
    assert code == 0
    assert output.splitlines()[0] == "rotate"
    assert output.splitlines()[1].startswith("No look-ahead found at 3 cuts, 3 on decisions: of what shows in a ")
    assert re.search(r"\. All \d+ decisions are the same bar by bar\.$", output.splitlines()[1])
    assert "on one decision in ten would have been found with 27.1%, on one in twenty with 14.3%." in output
    for check in ("again", "windows", "streamed"):
        assert re.search(rf"^{check} +passed ", output, flags=re.MULTILINE)
    assert "Not checked:" in output
    assert "chosen because they survived" in output
    assert "seed 0" in output


def test_a_leak_ends_with_14_and_is_told_whole(run):
    code, output, _ = run("verify", "cheat.yaml", "--cuts", "3", "--whole-cuts", "1")
    assert code == FOUND == 14
    for check in ("windows", "history", "streamed"):
        assert re.search(rf"^{check} +FOUND ", output, flags=re.MULTILINE)
    assert re.search(r"^strategy ./rotate.py:Cheat of sleeve main: signals at bar \d+ \(200[78]-", output, re.MULTILINE)
    assert re.search(r"^  It is enough to change the close of (AAPL|KO|MSFT|XOM) of bar \d+ \(", output, re.MULTILINE)
    assert "  do: Read the market through `market.current`" in output


def test_a_plan_that_decides_nothing_is_not_verified_and_ends_with_1(run, project):
    never = (project / "rotate.py").read_text() + "\n\nclass Never(Rotate):\n    warmup = 5000\n"
    (project / "rotate.py").write_text(never)
    code, output, errors = run("verify", "honest.yaml", *QUICK, "--set", "strategy.python=./rotate.py:Never", "--json")
    assert code == 1
    assert json.loads(output)["passed"] is None
    assert "Not one decision was compared, so that nothing is known" in errors


def test_json_is_the_verdict_alone(run):
    code, output, errors = run("verify", "cheat.yaml", *QUICK, "--json", "--seed", "4")
    data = json.loads(output)
    assert code == 14
    assert errors == ""
    assert (data["passed"], data["seed"]) == (False, 4)
    assert data["findings"][0]["plugin"] == "strategy ./rotate.py:Cheat of sleeve main"
    assert "seconds" not in output


def test_the_shared_options_reach_the_plan(run):
    code, _, _ = run("verify", "cheat.yaml", *QUICK, "--set", "strategy.python=./rotate.py:Rotate", "--json")
    assert code == 0
    code, _, errors = run("verify", "honest.yaml", *QUICK, "--start", "2008-12-22")
    assert code == 4
    assert "at least 10 are needed to put a future behind one" in errors


def test_a_kept_run_gets_its_verdict_and_its_report_again(run, project):
    assert run("run", "cheat.yaml", "--no-verify", "--runs", "runs")[0] == 0
    (kept,) = (project / "runs").iterdir()
    before = (kept / "report.html").read_text()
    assert "Nobody has looked for look-ahead in this run" in before
    code, output, _ = run("verify", "--run", "latest", *QUICK)
    assert code == 14
    assert f"report: {(kept / 'report.html').relative_to(project)}" in output
    verdict = json.loads((kept / "verification.json").read_text())
    assert verdict["findings"][0]["rule"] == "look_ahead"
    after = (kept / "report.html").read_text()
    assert "Nobody has looked" not in after
    assert verdict["sentence"] in after
    assert "It is enough to change the close of" in after


def test_a_kept_run_of_other_code_gets_no_verdict(run, project):
    assert run("run", "cheat.yaml", "--no-verify", "--no-reports", "--runs", "runs")[0] == 0
    (kept,) = (project / "runs").iterdir()
    source = (project / "rotate.py").read_text().replace("class Cheat", "class Was")
    (project / "rotate.py").write_text(f"{source}\n\nclass Cheat(Rotate):\n    pass\n")
    code, _, errors = run("verify", "--run", "latest", *QUICK)
    assert code == 1
    assert re.search(r"was made with other code, versions or data .*: [\w.]*strategy: \w{12} then", errors)
    assert "or run it again and verify that run" in errors
    assert not (kept / "verification.json").exists()


def test_a_kept_run_whose_strategy_imports_another_module_now_gets_no_verdict(run, project, monkeypatch):
    monkeypatch.syspath_prepend(str(project))
    (project / "kept_choice.py").write_text("PLACE = -1\n")
    source = (
        (project / "rotate.py")
        .read_text()
        .replace(
            'best = np.argsort(-(window[-1] / window[0]), kind="stable")[:2]',
            'best = np.argsort(window[-1] / window[0], kind="stable")[kept_choice.PLACE]',
        )
    )
    (project / "rotate.py").write_text(f"import kept_choice\n{source}")
    assert run("run", "honest.yaml", "--no-verify", "--no-reports", "--runs", "runs")[0] == 0
    (kept,) = (project / "runs").iterdir()
    assert run("verify", "--run", "latest", *QUICK)[0] == 0
    (kept / "verification.json").unlink()
    monkeypatch.setattr(sys.modules["kept_choice"], "PLACE", 0)
    code, _, errors = run("verify", "--run", "latest", *QUICK)
    assert code == 1
    assert re.search(r"decisions: [0-9a-f]{12} then, [0-9a-f]{12} now, of something that no hash of the run", errors)
    assert not (kept / "verification.json").exists()


def test_a_kept_run_that_decides_otherwise_each_time_is_told_so(run, project):
    source = (project / "rotate.py").read_text()
    drawn = "np.argsort(np.random.default_rng().random(len(market.instruments)))[:2]"
    (project / "rotate.py").write_text(
        source.replace('np.argsort(-(window[-1] / window[0]), kind="stable")[:2]', drawn)
    )
    assert run("run", "honest.yaml", "--no-verify", "--no-reports", "--runs", "runs")[0] == 0
    code, told, _ = run("verify", "--run", "latest", *QUICK)
    assert code == 14
    assert "draw random numbers from a `Seed`" in " ".join(told.split())


def test_a_kept_run_of_other_data_gets_no_verdict(run, project):
    days = [str(day.date()) for day in pd.bdate_range("2007-02-20", "2007-04-04")]
    (project / "AA.csv").write_text("date,close\n" + "".join(f"{day},{50 + len(day) % 7}\n" for day in days))
    text = (project / "cheat.yaml").read_text()
    feed = text[text.index("data:") : text.index("strategy:")]
    files = "data: {feed: {name: files, params: {path: AA.csv}}}\n"
    (project / "cheat.yaml").write_text(text.replace(feed, files))
    assert run("run", "cheat.yaml", "--no-verify", "--no-reports", "--runs", "runs")[0] == 0
    (kept,) = (project / "runs").iterdir()
    with (project / "AA.csv").open("a") as prices:
        prices.write("2007-04-05,51\n")
    code, _, errors = run("verify", "--run", "latest", *QUICK)
    assert code == 1
    assert re.search(r"other code, versions or data .*: data: [0-9a-f]{12} then, [0-9a-f]{12} now", errors)
    assert not (kept / "verification.json").exists()


def test_a_paper_run_is_not_verified(run, project):
    (project / "runs" / "paper").mkdir(parents=True)
    assert run("run", "honest.yaml", "--no-verify", "--no-reports", "--runs", "runs")[0] == 0
    kept = next(path for path in (project / "runs").iterdir() if path.name != "paper")
    kept.rename(project / "kept")
    summary = json.loads((project / "kept" / "result.json").read_text())
    (project / "kept" / "result.json").write_text(json.dumps(summary | {"mode": "paper"}))
    code, _, errors = run("verify", "--run", "kept")
    assert code == 1
    assert "is a paper run, which hears of no bar before it is there" in errors


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 1, "nothing to verify; give a configuration, as idea.yaml, or a kept run, as --run latest"),
        (("missing.yaml",), 1, "missing.yaml"),
        (("honest.yaml", "--run", "latest"), 1, "--run takes configuration, values and period from the run"),
        (("--run", "latest", "--set", "risk=off"), 1, "--run takes configuration, values and period from the run"),
        (("--run", "latest"), 1, "no run 'latest' in runs"),
        (("honest.yaml", "--set", "sizer=kely"), 3, "kelly"),
        (("honest.yaml", "--cuts", "0"), 1, "--cuts"),
        (("honest.yaml", "--seed", "-1"), 1, "--seed"),
    ],
)
def test_a_wrong_request_is_explained(run, arguments, code, told):
    ended, _, errors = run("verify", *arguments)
    assert ended == code
    assert told in errors
    assert "Traceback" not in errors
