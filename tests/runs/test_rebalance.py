"""`rebalance --dry-run` shows what the run itself would order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tradewind.cli import main
from tradewind.config.loader import load_plan
from tradewind.engine.assemble import Builder, run_session
from tradewind.journal.store import open_store
from tradewind.registry import Registry
from tradewind.runs.execute import read_data
from tradewind.runs.rebalance import Action, Holdings, preview

CONFIGS = Path(__file__).parents[2] / "configs"
EARLY = ("--end", "1991-06-01")


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(str(caught.value.code))


def builder(config: str, end: str, **overrides: str) -> Builder:
    loaded = load_plan([CONFIGS / config], end=end, overrides=[f"{key}={value}" for key, value in overrides.items()])
    return Builder(loaded.plan, Registry.load(), loaded.directory)


@pytest.mark.parametrize("config", ["quickstart.yaml", "my_strategy.yaml"])
def test_an_account_as_the_run_left_it_would_get_the_orders_of_the_run(config: str) -> None:
    made = builder(config, "2001-02-01")
    session = run_session(made, read_data(made)[0])
    last = session.panel.bar
    intents = [
        json.loads(one.payload) for one in session.ledger.journal.records if (one.kind, one.bar) == ("intent", last)
    ]
    assert intents
    held = {instrument.symbol: quantity for instrument, quantity in session.ledger.holdings().items()}
    shown = preview(made, Holdings(session.ledger.exchange.cash, held, "the run"))
    ordered = {line.symbol: line for line in shown.lines if line.action}
    assert {symbol: line.quantity for symbol, line in ordered.items()} == pytest.approx(
        {intent["symbol"]: intent["quantity"] for intent in intents}
    )
    for line in ordered.values():
        expected = Action.OPEN if not line.held else Action.CLOSE if line.held == -line.quantity else Action.ADJUST
        assert line.action is expected
    assert [line.quantity > 0.0 for line in ordered.values()] == sorted(
        line.quantity > 0.0 for line in ordered.values()
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("symbol,quantity\nAAPL,1\n", "add a line `cash,AMOUNT`"),
        ("symbol,quantity\ncash,1\nAAPL,x\n", ":3: expected a symbol, once, and a number"),
        ("symbol,quantity\ncash,1\nAAPL,nan\n", ":3: expected a symbol, once, and a number"),
        ("symbol,quantity\ncash,1\nAAPL,1\nAAPL,2\n", ":4: expected a symbol, once, and a number"),
        ("sym,qty\n", "the first line must be `symbol,quantity`"),
        ("symbol,quantity\ncash,1\nAPPL,3\n", "'APPL', which the feed does not have"),
    ],
)
def test_positions_that_make_no_sense_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    path = tmp_path / "positions.csv"
    path.write_text(text)
    code = called("rebalance", str(CONFIGS / "quickstart.yaml"), "--dry-run", "--positions", str(path), *EARLY)
    assert code == 1
    assert problem in capsys.readouterr().err


def test_without_dry_run_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("rebalance", str(CONFIGS / "quickstart.yaml")) == 1
    assert "add --dry-run" in capsys.readouterr().err


def test_positions_that_are_not_there_are_no_riddle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.csv"
    assert called("rebalance", str(CONFIGS / "quickstart.yaml"), "--dry-run", "--positions", str(path), *EARLY) == 1
    told = capsys.readouterr().err
    assert "none.csv: no such file" in told
    assert "Errno" not in told


def beaten(tmp_path: Path, **standing: str) -> str:
    """Return a journal with a quickstart session that stands at a bar of March 1991."""
    journal = tmp_path / "journal.db"
    beat = {"cash": 1e6, "positions": {}, "bar": 300, "time": "1991-03-12T00:00:00.000000000", **standing}
    with open_store(str(journal)) as store:
        store.begin("quickstart", {}).beat(beat)
    return str(journal)


def shown_for(journal: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert (
        called("rebalance", str(CONFIGS / "quickstart.yaml"), "--dry-run", "--journal", journal, *EARLY, *options) == 0
    )
    return capsys.readouterr().out


def test_a_session_is_shown_at_its_own_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(shown_for(beaten(tmp_path), capsys, "--json"))
    made = builder("quickstart.yaml", "1991-06-01")
    bars = read_data(made)[0]
    (row,) = (bars.timestamps == bars.timestamps.dtype.type("1991-03-12", "ns")).nonzero()[0]
    closes = dict(zip(bars.symbols, bars.fields["close"][row].tolist(), strict=True))
    assert told["time"].startswith("1991-03-12")
    assert told["lines"]
    assert {line["symbol"]: line["price"] for line in told["lines"]} == {
        line["symbol"]: closes[line["symbol"]] for line in told["lines"]
    }


def test_a_halted_session_would_send_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    since = "pause at 2026-11-21T10:00:00+00:00: lunch"
    journal = beaten(tmp_path, standing="halted", standing_by="operator", standing_text=since)
    text = shown_for(journal, capsys)
    flat = " ".join(text.split())
    assert f"the account is halted by operator ({since}): nothing would be sent" in flat
    assert "rejected: halted" in text
    assert text.splitlines()[-1] == "nothing would be sent; nothing was sent"


def begun(tmp_path: Path, *arguments: str) -> str:
    """Return a journal with a quickstart session that was begun with these dates and has an entry."""
    journal = tmp_path / "journal.db"
    start, end = (dict(zip(arguments[::2], arguments[1::2], strict=True)).get(name) for name in ("--start", "--end"))
    plan = load_plan([CONFIGS / "quickstart.yaml"], mode="paper", start=start, end=end).plan
    with open_store(str(journal)) as store:
        writer = store.begin("quickstart", {"config": json.loads(plan.model_dump_json(exclude_none=True))})
        writer.append(0, "data", "{}")
        writer.commit()
        writer.beat({"cash": 1e6, "positions": {}, "bar": 40, "time": "1991-03-12T00:00:00.000000000"})
    return str(journal)


def test_a_session_begun_with_other_options_is_refused_as_by_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ("--start", "1991-01-02")
    journal = begun(tmp_path, *start, *EARLY)
    assert "paper session at bar 40" in shown_for(journal, capsys, *start)
    config = str(CONFIGS / "quickstart.yaml")
    told = []
    for command in (("rebalance", config, "--dry-run"), ("run", config, "--mode", "paper", "--no-reports")):
        assert called(*command, "--journal", journal, *EARLY) == 1
        told.append(capsys.readouterr().err)
    assert "data.start was 1991-01-02 and is not set" in told[0]
    assert told[0] == told[1]
    positions = tmp_path / "positions.csv"
    positions.write_text("symbol,quantity\ncash,1000\n")
    told_of = shown_for(journal, capsys, "--positions", str(positions))
    assert "positions.csv" in told_of.replace("\n", "")  # a long path is broken into lines
