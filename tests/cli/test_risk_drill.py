"""`tradewind risk drill`, as a user types it."""

import json

import pytest

from tests.research.drill.stages import write_configuration
from tradewind.cli import main

FAST = ("--drill", "covid_2020", "--drill", "overnight_gap")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("drill")
    write_configuration(made)
    (made / "sma.yaml").write_text(
        'name: sma\ndata: {feed: sample, symbols: [KO]}\nstrategy: {backtrader: "./sma.py:Sma"}\n'
    )
    return made


@pytest.fixture
def drill(folder, monkeypatch, capsys):
    """Run `tradewind risk drill` and return exit code, output and errors."""

    def run_command(*arguments):
        monkeypatch.chdir(folder)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["risk", "drill", *map(str, arguments)])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run_command


def test_it_prints_who_acted_when_and_what_was_lost(drill):
    code, out, err = drill("flat.yaml", *FAST, "--drill", "flash_crash")
    assert (code, err) == (0, "")
    crash, gap, flash = (
        next(line for line in out.splitlines() if line.startswith(name))
        for name in ("covid_2020 ", "overnight_gap ", "flash_crash ")
    )
    # S&P 500: 3337.75 to 3225.89 on the third day, -3.35 %; on the thirteenth 2746.56, 18.9 % below 3386.15.
    assert crash.split()[1:] == ["daily_loss:", "reduced", "+3", "killed", "+13", *["33.9%"] * 4, *crash.split()[10:]]
    assert "HELD ON" in crash
    # An eighth of 15 %.
    assert gap.split() == ["overnight_gap", "nothing", "acted", "1.9%", "1.9%", "1.9%", "1.9%"]
    assert flash.split() == ["flash_crash", "not", "applicable"]
    assert "breaker daily_loss: reduced: loss of the day 3.351 %, warn at 3 %" in out
    assert "breaker drawdown: killed: drawdown 18.89 %, kill at 15 %" in out
    assert "S0 opens -15%, and stays there" in out
    assert "the feed has no lows" in out
    assert "note: risk.on_kill is cancel" in out


def test_json_says_the_same(drill):
    code, out, _ = drill("flat.yaml", *FAST, "--json")
    assert code == 0
    data = json.loads(out)
    crash, gap = data["results"]
    assert crash["first"] == crash["actions"][0]
    assert (crash["first"]["name"], crash["first"]["code"], crash["first"]["bars_after"]) == (
        "daily_loss",
        "reduced",
        3,
    )
    assert crash["without_limits"]["loss"] == pytest.approx(1.0 - 2237.40 / 3386.15, abs=1e-6)
    assert gap["first"] is None
    assert data["kill"] == 0.15


def test_the_same_seed_prints_the_same(drill):
    assert drill("flat.yaml", "--seed", "4")[1] == drill("flat.yaml", "--seed", "4")[1]


def test_strict_ends_with_5_where_more_is_lost_than_the_gap_explains(drill):
    code, out, err = drill("flat.yaml", *FAST, "--strict")
    assert code == 5
    assert "covid_2020" in out
    assert "beyond the kill limit of 15%" in err
    assert "covid_2020 by" in err
    assert "overnight_gap" not in err
    assert drill("flat.yaml", *FAST, "--strict", "--set", "risk.on_kill=flatten")[0] == 0


def test_strict_needs_a_limit_to_hold(drill):
    code, _, err = drill("flat.yaml", "--drill", "overnight_gap", "--strict", "--set", "risk=off")
    assert code == 1
    assert "--strict: the plan has no `drawdown` breaker" in err


def test_a_picture_that_cannot_be_written_is_told(drill, folder):
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib")
    (folder / "taken.png").mkdir(exist_ok=True)
    code, _, err = drill("flat.yaml", "--drill", "overnight_gap", "--picture", "taken.png")
    assert code == 1
    assert "taken.png cannot be written" in err


def test_the_picture_is_written_and_named(drill, folder):
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib")
    code, out, _ = drill("flat.yaml", *FAST, "--picture", "drill.png")
    assert code == 0
    assert out.rstrip().endswith("picture: drill.png")
    picture = (folder / "drill.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert width > 1000
    assert height > 300
    one = drill("flat.yaml", *FAST, "--json", "--picture", "drill.png")
    assert json.loads(one[1])["plan"] == "flat"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("flat.yaml", "--drill", "covid2020"), 1, "Did you mean 'covid_2020'"),
        (("flat.yaml", "--bars", "10"), 1, "--bars: received 10; give a whole number, at least 60"),
        (("flat.yaml", "--seed", "-1"), 1, "--seed: received -1"),
        (("flat.yaml", "--picture", "drill.jpg"), 1, "--picture: received 'drill.jpg'; name a file that ends in .png"),
        (("flat.yaml", "--picture", "nowhere/drill.png"), 1, "there is no folder 'nowhere'"),
        (("fiat.yaml",), 1, "fiat.yaml"),
        (("flat.yaml", "--set", "risk.on_kil=flatten"), 2, "on_kil"),
        (("sma.yaml",), 1, "sleeves.0.strategy is the Backtrader class ./sma.py:Sma"),
    ],
)
def test_every_mistake_ends_with_one_message_and_its_exit_code(drill, arguments, code, words):
    ended, out, err = drill(*arguments)
    assert (ended, out) == (code, "")
    assert words in err
    assert "Traceback" not in err
