"""`tradewind risk stress`, as a user types it."""

import json
import shutil

import pytest

import tradewind
from tradewind.cli import main

STRATEGY = '''
from tradewind import Signals


class Hold:
    """Own everything, or nothing."""

    schedule = "monthly"

    def __init__(self, own: bool = True) -> None:
        self.own = own

    def on_bar(self, market, portfolio):
        return Signals(scores=market.tradable.astype(float)) if self.own else None
'''
CONFIG = """
name: hold
data: {feed: sample, symbols: [KO, XOM, JPM], references: {benchmark: SP500}, start: 2014-01-02, end: 2016-12-30}
strategy: {python: "./hold.py:Hold"}
sizer: equal_weight
"""
FAST = ("--paths", "200")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a kept run that holds three stocks."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "hold.py").write_text(STRATEGY)
    (folder / "hold.yaml").write_text(CONFIG)
    tradewind.run(folder / "hold.yaml", runs_directory=folder / "runs", reports=False)
    return folder


@pytest.fixture
def risk(kept, monkeypatch, capsys):
    """Run `tradewind risk` and return exit code, output and errors."""

    def run_command(*arguments):
        monkeypatch.chdir(kept)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["risk", *map(str, arguments)])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run_command


def test_it_prints_every_scenario_the_history_and_the_odds(risk):
    code, out, err = risk("stress", "latest", *FAST)
    assert (code, err) == (0, "")
    for name in ("crash_1987", "dotcom_2000", "crisis_2008", "flash_crash_2010", "covid_2020", "rates_2022"):
        assert out.count(name) == 2
    assert "3 positions" in out
    assert "halt at a drawdown of 12%" in out
    assert "crossed at session" in out
    assert "1 year" in out
    assert "note" not in out


def test_json_has_what_the_tables_have_and_adds_up(risk, kept):
    code, out, _ = risk("stress", "latest", "--json", "--scenario", "covid_2020", *FAST)
    assert code == 0
    data = json.loads(out)
    (impact,) = data["impacts"]
    assert impact["loss"] == pytest.approx(sum(one["loss"] for one in impact["positions"]))
    assert impact["loss_money"] == pytest.approx(impact["loss"] * data["equity"])
    assert {one["name"] for one in impact["sectors"]} == {"Consumer Staples", "Energy", "Financials"}
    assert {one["cause"] for one in impact["positions"]} == {"beta"}
    (run,) = (kept / "runs").iterdir()
    last = (run / "positions.csv").read_text().splitlines()[-1].split(",")[1:]
    assert sorted(one["weight"] for one in impact["positions"]) == sorted(map(float, last))
    assert len(data["survival"]) == 15
    assert data["scenarios"][0]["market"] == -0.339


def test_an_own_scenario_acts_on_sectors_and_symbols(risk, kept):
    (kept / "oil.yaml").write_text("name: oil\nsource: a guess\nsectors: {Energy: -0.6}\nsymbols: {KO: 0.05}\n")
    code, out, _ = risk("stress", "latest", "--json", "--scenario", "oil.yaml", "--scenario", "covid_2020", *FAST)
    assert code == 0
    oil = json.loads(out)["impacts"][0]
    weight = {one["name"]: one["weight"] for one in oil["positions"]}
    assert oil["loss"] == pytest.approx(0.6 * weight["XOM"] - 0.05 * weight["KO"])
    assert (oil["path"]["unit"], oil["path"]["steps"]) == ("step", 1)


def test_own_returns_are_those_of_the_feed(risk, kept):
    (kept / "brexit.yaml").write_text(
        "name: brexit\nsource: S&P 500 closes\nstart: 2016-06-23\nend: 2016-06-27\nmarket: -0.053\n"
    )
    code, out, _ = risk("stress", "latest", "--own-returns", "--scenario", "brexit.yaml", "--json", *FAST)
    assert code == 0
    data = json.loads(out)
    assert {one["cause"] for one in data["impacts"][0]["positions"]} == {"own history"}
    assert "brexit: 3 of 3 symbols do what they did" in data["notes"]
    # Financials fell hardest in these two sessions.
    assert data["impacts"][0]["positions"][0]["name"] == "JPM"


def test_the_seed_decides_and_nothing_else(risk):
    first, again, other = (
        json.loads(risk("stress", "latest", "--json", "--seed", seed, *FAST)[1]) for seed in (1, 1, 2)
    )
    assert first == again
    assert first["survival"] != other["survival"]
    assert first["impacts"] == other["impacts"]


def test_a_run_whose_feed_is_gone_has_betas_of_one_and_says_so(risk, kept, tmp_path):
    (run,) = (kept / "runs").iterdir()
    moved = tmp_path / "runs" / run.name
    shutil.copytree(run, moved)
    text = (moved / "config.yaml").read_text()
    assert "name: sample" in text
    (moved / "config.yaml").write_text(text.replace("name: sample", "name: sampel", 1))
    code, out, _ = risk("stress", moved, "--json", "--scenario", "covid_2020", *FAST)
    assert code == 0
    data = json.loads(out)
    assert [one["shock"] for one in data["impacts"][0]["positions"]] == [-0.339] * 3
    assert [one["name"] for one in data["impacts"][0]["sectors"]] == ["unknown"]
    (note,) = data["notes"]
    assert "Did you mean 'sample'" in note
    assert "betas are 1 and sectors unknown" in note


def test_a_run_without_a_benchmark_has_betas_of_one_and_says_so(risk, kept, tmp_path):
    tradewind.run(
        kept / "hold.yaml", runs_directory=tmp_path, reports=False, overrides=["data.references={}"], start="2016-01-04"
    )
    code, out, _ = risk("stress", "latest", "--runs", tmp_path, "--scenario", "covid_2020", *FAST)
    assert code == 0
    assert "betas are 1: the run has no benchmark" in out
    assert "unknown" not in out


def test_a_run_that_never_held_anything_says_so_and_ends_well(risk, kept, tmp_path):
    tradewind.run(
        kept / "hold.yaml", runs_directory=tmp_path, reports=False, overrides=["sleeves.0.strategy.params={own: false}"]
    )
    code, out, err = risk("stress", "latest", "--runs", tmp_path)
    assert (code, err) == (0, "")
    assert "0 positions" in out
    assert "held no position on any date looked at: there is nothing to stress" in out
    assert "crash_1987" not in out


def test_a_short_run_has_no_odds_and_says_why(risk, kept, tmp_path):
    tradewind.run(kept / "hold.yaml", runs_directory=tmp_path, reports=False, start="2016-11-01")
    code, out, _ = risk("stress", "latest", "--runs", tmp_path, "--scenario", "covid_2020")
    assert code == 0
    assert "no survival: received" in out
    assert "at least 60 are needed" in out
    assert "beta is 1 for KO, XOM, JPM: fewer than 60 returns" in out


def test_a_run_without_bars_is_refused(risk, kept, tmp_path):
    (run,) = (kept / "runs").iterdir()
    moved = tmp_path / "runs" / run.name
    shutil.copytree(run, moved)
    for name in ("equity", "positions", "sleeves", "regimes"):
        path = moved / f"{name}.csv"
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    code, out, err = risk("stress", moved)
    assert (code, out) == (1, "")
    assert "hold: the run has no bars" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("stress", "latest", "--scenario", "covid2020"), 1, "Did you mean 'covid_2020'"),
        (("stress", "latest", "--scenario", "nothing.yaml"), 1, "nothing.yaml"),
        (("stress", "latest", "--scenario", "hold.yaml"), 2, "hold.yaml:3:1: data: unknown key"),
        (("stress", "latest", "--scenario", "covid_2020", "--scenario", "covid_2020"), 1, "comes 2 times"),
        (("stress", "hold.yaml"), 1, "`tradewind run hold.yaml`, then `tradewind risk stress latest`"),
        (("stress", "nobody"), 1, "no run 'nobody'"),
        (("stress", "latest", "--limit", "12"), 1, "--limit: received 12; give a fraction"),
        (("stress", "latest", "--limit", "nan"), 1, "--limit: received nan"),
        (("stress", "latest", "--drawdown", "1"), 1, "--drawdown: received 1"),
        (("stress", "latest", "--years", "0"), 1, "--years: received 0"),
        (("stress", "latest", "--block", "0.5"), 1, "--block: received 0.5; give bars, at least 1"),
        (("stress", "latest", "--every", "0"), 1, "--every: received 0"),
        (("stress", "latest", "--beta-bars", "5"), 1, "--beta-bars: received 5; give bars, at least 60"),
        (("stress", "latest", "--paths", "1"), 1, "--paths: received 1"),
        (("stress", "latest", "--seed", "-1"), 1, "--seed: received -1"),
        (("stres", "latest"), 1, "Did you mean 'stress'"),
    ],
)
def test_every_mistake_ends_with_one_message_and_its_exit_code(risk, arguments, code, words):
    ended, out, err = risk(*arguments)
    assert (ended, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_the_scenarios_are_listed_with_their_sources(risk):
    code, out, _ = risk("scenarios")
    assert code == 0
    assert "covid_2020: COVID-19 crash, 2020-02-19 to 2020-03-23, market -33.9%" in out
    assert "2246.73 to 1738.74" in out
    listed = json.loads(risk("scenarios", "--json")[1])
    assert listed[0]["name"] == "crash_1987"
    assert listed[0]["path"]["levels"][0] == {"date": "1987-08-25", "sessions": 0, "level": 336.77}
