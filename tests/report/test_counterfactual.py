"""What withheld orders would have gained, on tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from tradewind.report.counterfactual import (
    LEDGER_COLUMNS,
    VALUED_COLUMNS,
    counterfactual_ledger,
    standing_stretches,
    value_rulings,
)

INDEX = pd.date_range("2024-01-01", periods=6, freq="D", name="timestamp")
CLOSES = pd.DataFrame({"UP": [10.0, 11, 12, 13, 14, 15], "DOWN": [50.0, 48, 46, np.nan, np.nan, np.nan]})
EQUITY = np.array([1000.0, 1000, 1000, 2000, 2000, 2000])
RULING_COLUMNS = ["order_id", "bar", "timestamp", "symbol", "gate", "code", "asked", "allowed", "price", "text", "by"]
STANDING_COLUMNS = ["bar", "timestamp", "before", "after", "by", "text"]


def rulings(*rows):
    full = []
    for row in rows:
        order, bar, symbol, gate, code, asked, allowed, price, by = (*row, "")[:9]
        full.append((order, bar, INDEX[bar], symbol, gate, code, asked, allowed, price, "", by))
    return pd.DataFrame(full, columns=RULING_COLUMNS)


def standings(*rows):
    full = [(bar, INDEX[bar], before, after, by, "") for bar, before, after, by in rows]
    return pd.DataFrame(full, columns=STANDING_COLUMNS)


def valued(table, **options):
    return value_rulings(table, CLOSES, {"DOWN": 100.0}, EQUITY, **{"horizon_bars": 2, **options})


@pytest.mark.parametrize(
    ("symbol", "asked", "allowed", "price", "gain"),
    [
        ("UP", 10.0, 4.0, 10.0, 6 * 2.0),  # a buy made smaller before a rise: 6 units gain 2 each
        ("UP", -10.0, 0.0, 10.0, -10 * 2.0),  # a sale rejected before a rise: what was kept has gained
        ("DOWN", 3.0, 0.0, 50.0, 3 * 100 * -4.0),  # a buy rejected before a fall, multiplier 100
        ("DOWN", -3.0, -1.0, 50.0, -2 * 100 * -4.0),  # a sale made smaller before a fall
        ("UP", 10.0, 4.0, 10.5, 6 * 1.5),  # from the price of the decision, not from the bar's close
    ],
)
def test_the_withheld_part_gains_what_its_price_moves_by(symbol, asked, allowed, price, gain):
    rows = valued(rulings(("a", 0, symbol, "g", "c", asked, allowed, price)))
    assert rows["gain"].tolist() == [pytest.approx(gain)]
    assert rows["later_bars"].tolist() == [2]
    assert list(rows.columns) == list(VALUED_COLUMNS)


def test_the_end_of_the_run_and_of_an_instruments_prices_end_the_valuation():
    rows = valued(rulings(("a", 5, "UP", "g", "c", 1.0, 0.0, 15.0), ("b", 4, "UP", "g", "c", 1.0, 0.0, 14.0),
                          ("c", 2, "DOWN", "g", "c", 1.0, 0.0, 46.0)))  # fmt: skip
    assert rows["later_bars"].tolist() == [0, 1, 2]
    assert rows["gain"].tolist() == [0.0, 1.0, 0.0]


def test_what_has_no_price_is_counted_and_in_no_sum():
    ledger = counterfactual_ledger(
        valued(rulings(("a", 0, "OPTION", "g", "c", 2.0, 0.0, np.nan), ("b", 0, "UP", "g", "c", 2.0, 0.0, 10.0)))
    )
    assert ledger.loc[0, ["orders", "unvalued"]].tolist() == [2, 1]
    assert ledger.loc[0, ["withheld", "forgone", "net"]].tolist() == [20.0, 4.0, -4.0]


def test_the_ledger_sums_gains_and_losses_apart_by_gate_and_code():
    table = rulings(
        ("a", 0, "UP", "size", "position", 10.0, 5.0, 10.0),  # forgone 10, withheld 50
        ("b", 1, "UP", "size", "position", -4.0, 0.0, 11.0),  # avoided 8, withheld 44
        ("c", 3, "UP", "size", "position", 20.0, 0.0, 13.0),  # forgone 40, withheld 260, equity 2000
        ("d", 0, "DOWN", "size", "sector", 1.0, 0.0, 50.0),  # avoided 400, withheld 5000
    )
    ledger = counterfactual_ledger(valued(table))
    assert list(ledger.columns) == list(LEDGER_COLUMNS)
    assert ledger["code"].tolist() == ["sector", "position"]  # the largest sum withheld first
    position = ledger.loc[1]
    assert position[["orders", "rejected"]].tolist() == [3, 2]
    assert position[["withheld", "forgone", "avoided", "net"]].tolist() == [354.0, 50.0, 8.0, -42.0]
    assert position["net_of_equity"] == pytest.approx(-10 / 1000 + 8 / 1000 - 40 / 2000)
    assert ledger.loc[0, "net"] == 400.0


def test_an_order_that_two_gates_make_smaller_is_valued_in_two_parts_that_add_up():
    both = valued(rulings(("a", 0, "UP", "one", "x", 10.0, 6.0, 10.0), ("a", 0, "UP", "two", "y", 6.0, 0.0, 10.0)))
    whole = valued(rulings(("a", 0, "UP", "one", "x", 10.0, 0.0, 10.0)))
    assert both["gain"].sum() == pytest.approx(whole["gain"].sum())
    ledger = counterfactual_ledger(both).set_index("gate")
    assert ledger["rejected"].to_dict() == {"one": 0, "two": 1}


def test_an_order_that_one_rule_changes_twice_is_one_order():
    table = rulings(("a", 0, "UP", "g", "c", 10.0, 6.0, 10.0), ("a", 0, "UP", "g", "c", 6.0, 5.0, 10.0))
    assert counterfactual_ledger(valued(table)).loc[0, ["orders", "withheld", "net"]].tolist() == [1, 50.0, -10.0]


def test_a_standings_rulings_belong_to_whom_each_of_them_names():
    names = ("", "drawdown", "drawdown", "daily_loss")
    table = rulings(*((str(at), at, "UP", "standing", "reduced", 1.0, 0.7, 10.0, by) for at, by in enumerate(names)))
    assert valued(table)["by"].tolist() == list(names)
    ledger = counterfactual_ledger(valued(table))
    assert ledger.set_index("by")["orders"].to_dict() == {"": 1, "drawdown": 2, "daily_loss": 1}
    of_older_runs = table.drop(columns="by")
    assert valued(of_older_runs)["by"].tolist() == [""] * 4


@pytest.mark.parametrize(
    ("closes", "splits"),
    [
        ([100.0, 101.0, 50.2, 50.0], [True, True, False]),
        ([100.0, 33.0, 33.0, 33.0], [True, False, False]),
        ([10.0, 10.0, 101.0, 99.0], [True, True, False]),
        ([100.0, 80.0, 80.0, 100.0], [False, False, False]),
    ],
)
def test_on_prices_as_traded_what_looks_like_a_split_is_in_no_sum(closes, splits):
    table = rulings(*((str(bar), bar, "UP", "g", "c", 10.0, 0.0, closes[bar]) for bar in range(3)))
    prices = pd.DataFrame({"UP": closes})
    found = value_rulings(table, prices, {}, EQUITY, adjusted=False, horizon_bars=2)
    assert found["gain"].isna().tolist() == splits
    assert counterfactual_ledger(found)["unvalued"].sum() == sum(splits)
    assert not value_rulings(table, prices, {}, EQUITY, horizon_bars=2)["gain"].isna().any()


def test_no_rulings_make_an_empty_ledger():
    assert counterfactual_ledger(valued(rulings())).empty


def test_stretches_run_from_one_change_to_the_next_with_the_returns_between():
    equity = pd.DataFrame({"equity": [100.0, 90, 81, 81, 90, 99], "benchmark": [10.0, 9, 9, 18, 18, 18]}, index=INDEX)
    changes = standings((1, "active", "reduced", "drawdown"), (2, "reduced", "halted", "drawdown"),
                        (4, "halted", "active", "cool_down"), (5, "active", "reduced", "daily_loss"))  # fmt: skip
    table = standing_stretches(changes, equity)
    assert table[["first", "end", "standing", "by"]].to_numpy().tolist() == [
        [1, 2, "reduced", "drawdown"],
        [2, 4, "halted", "drawdown"],
        [5, 5, "reduced", "daily_loss"],
    ]
    assert table["account"].tolist() == [pytest.approx(-0.1), pytest.approx(90 / 81 - 1), 0.0]
    assert table["benchmark"].tolist() == [0.0, 1.0, 0.0]
    assert standing_stretches(standings(), equity).empty
