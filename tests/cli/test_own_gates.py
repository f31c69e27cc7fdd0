"""A gate of one's own that fails ends every command with exit code 3, its class, bar, file and line."""

from pathlib import Path

import pytest

from tradewind.cli import main

CONFIG = Path(__file__).parents[2] / "configs" / "quickstart.yaml"


@pytest.mark.parametrize(
    "command", [["run", "--no-verify"], ["run", "--mode", "paper"], ["rebalance", "--dry-run"]], ids=" ".join
)
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("return batch.nothing", "Mine.check raised AttributeError at bar"),
        ("return None", "Mine.check returned None at"),
    ],
)
def test_the_gate_is_blamed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    line: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"class Mine:\n    def check(self, batch, account):\n        {line}\n")
    Path("over.yaml").write_text(f"risk: {{gates: [{{python: '{tmp_path}/mine.py:Mine'}}]}}\n")
    name, *options = command
    with pytest.raises(SystemExit) as ended:
        main([name, str(CONFIG), "-c", "over.yaml", "--end", "1991-06-01", *options])
    text = capsys.readouterr().err
    assert ended.value.code == 3
    assert told in text
    assert "mine.py:3 in" in text or line == "return None"
    assert "Traceback" not in text
