import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

import tradewind
from tradewind.errors import UserError
from tradewind.runs.capsule import find_capsule, list_capsules, load_result


@pytest.fixture
def result(config, project):
    return tradewind.run(config, runs_directory=project / "runs")


def test_a_capsule_holds_everything_about_the_run(result):
    names = {path.name for path in result.directory.iterdir()}
    assert names >= {
        "config.yaml", "result.json", "provenance.json", "journal.jsonl", "equity.csv", "positions.csv", "orders.csv",
        "fills.csv", "regimes.csv", "sleeves.csv",
    }  # fmt: skip
    provenance = json.loads((result.directory / "provenance.json").read_text())
    assert provenance["versions"]["numpy"] == np.__version__
    assert set(provenance["code"]) >= {"sleeves.0.strategy", "sleeves.0.sizer", "costs", "data.feed"}
    assert yaml.safe_load((result.directory / "config.yaml").read_text())["account"]["cash"] == 50_000


def test_a_capsule_reads_back_as_the_same_result(result):
    again = load_result(result.directory)
    for name in ("equity", "weights", "orders", "fills", "sleeves"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(result, name), check_exact=True, check_dtype=False,
                                      check_index_type=False, check_column_type=False)  # fmt: skip
    assert (again.decision_hash, again.data_hash, again.stamps) == (
        result.decision_hash,
        result.data_hash,
        result.stamps,
    )


def test_runs_are_never_overwritten_and_are_found_by_part_of_their_name(result, config, project):
    second = tradewind.run(config, runs_directory=project / "runs")
    capsules = list_capsules(project / "runs")
    assert len(capsules) == 2
    assert find_capsule("latest", project / "runs") == capsules[-1]
    with pytest.raises(UserError, match="ambiguous"):
        find_capsule("rotate", project / "runs")
    with pytest.raises(UserError, match="no run 'rotten'"):
        find_capsule("rotten", project / "runs")
    with pytest.raises(UserError, match="no run 'ro'"):
        find_capsule("ro", project / "runs")
    assert second.directory != result.directory


def test_profit_and_costs_add_up_in_the_tables(result):
    fills = result.fills
    cash = (
        50_000
        - (fills.quantity * fills.price).sum()
        - fills[["commission", "spread", "slippage", "impact"]].to_numpy().sum()
    )
    assert result.equity["cash"].iloc[-1] == pytest.approx(cash, rel=1e-9)
    assert result.sleeves.iloc[-1].sum() == pytest.approx(result.equity["equity"].iloc[-1] - 50_000, rel=1e-9)
    assert (fills[["commission", "spread", "slippage"]] > 0).all().all()


@pytest.mark.parametrize("hash_seed", ["0", "1234"])
def test_another_process_and_hash_seed_decide_the_same(result, config, hash_seed):
    code = "import sys, tradewind; print(tradewind.run(sys.argv[1], runs_directory=None).decision_hash)"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", code, str(config)], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == result.decision_hash


def test_a_notebook_shows_the_result(result):
    page = result._repr_html_()
    assert "rotate" in page
    assert "CAGR" in page


def test_a_broken_capsule_is_named(result):
    (result.directory / "equity.csv").unlink()
    with pytest.raises(UserError, match="not a readable run capsule"):
        load_result(result.directory)
