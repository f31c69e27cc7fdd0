"""A restricted symbol that the run does not have stops it before the first bar."""

from pathlib import Path

import pytest

from tradewind.cli import main

CONFIG = Path(__file__).parents[2] / "configs" / "quickstart.yaml"


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(str(caught.value.code))


@pytest.mark.parametrize(
    ("gate", "parameter", "symbol", "nearest"),
    [
        ("symbol", "restricted", "aapl", "AAPL"),
        ("symbol", "restricted", "APPL", "AAPL"),
        ("short_availability", "unavailable", "msft", "MSFT"),
    ],
)
@pytest.mark.parametrize("command", [["run", "--no-verify"], ["rebalance", "--dry-run"]])
def test_a_misspelled_symbol_is_told_with_line_and_nearest_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    gate: str,
    parameter: str,
    symbol: str,
    nearest: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    over = tmp_path / "over.yaml"
    over.write_text(f"risk:\n  gates:\n    - {{name: {gate}, params: {{{parameter}: [{symbol}]}}}}\n")
    name, *options = command
    code = called(name, str(CONFIG), "-c", "over.yaml", "--end", "1991-06-01", *options)
    told = capsys.readouterr().err
    assert code == 2
    assert f"over.yaml:3:14: risk.gates.0: {gate}: {parameter}: '{symbol}' is none of the 20 symbols" in told
    assert f"Did you mean '{nearest}'?" in told
    assert list(tmp_path.iterdir()) == [over]


def test_a_list_may_name_more_than_the_run_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "over.yaml").write_text(
        "risk:\n  gates:\n    - {name: symbol, params: {restricted: [AAPL, GME, TSLA]}}\n"
    )
    assert called("run", str(CONFIG), "-c", "over.yaml", "--end", "1991-06-01", "--no-verify", "--no-reports") == 0
    assert "symbol_restricted" in capsys.readouterr().err
