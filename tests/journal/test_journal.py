import numpy as np
import pytest

from tradewind.journal import BarDigest, Journal, read_journal


def test_equal_records_give_equal_hashes_and_one_bit_gives_another():
    hashes = set()
    for price in (0.1 + 0.2, 0.3, 0.3):
        journal = Journal()
        journal.write(3, "fill", {"price": price})
        hashes.add(journal.decision_hash)
    assert len(hashes) == 2


def test_order_and_kind_of_records_count():
    hashes = []
    for records in ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], [(1, "b"), (2, "a")]):
        journal = Journal()
        for bar, kind in records:
            journal.write(bar, kind, {})
        hashes.append(journal.decision_hash)
    assert len(set(hashes)) == 3


def test_a_saved_journal_reads_back_to_the_last_digit(tmp_path):
    journal = Journal()
    journal.write(0, "regime", {"label": "bull", "confidence": 1 / 3})
    journal.write(1, "intent", {"symbol": "BRK.B", "quantity": -1e-17})
    journal.save(tmp_path / "journal.jsonl")
    assert list(read_journal(tmp_path / "journal.jsonl")) == journal.records


def test_bars_digest_does_not_depend_on_column_order_or_on_chunks():
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[4, 1] = np.nan
    whole = BarDigest(["A", "B", "C"]).update({"close": values}, 50)
    permuted = BarDigest(["C", "A", "B"])
    for rows in (1, 7, 33, 50):
        last = permuted.update({"close": np.ascontiguousarray(values[:, [2, 0, 1]])}, rows)
    assert last == whole


@pytest.mark.parametrize("row", [0, 20, 49])
def test_any_changed_value_changes_the_digest(row):
    values = np.random.default_rng(0).normal(size=(50, 3))
    before = BarDigest(["A", "B", "C"]).update({"close": values}, 50)
    values[row, 2] = np.nextafter(values[row, 2], 1e9)
    assert BarDigest(["A", "B", "C"]).update({"close": values}, 50) != before


def test_every_pattern_of_nan_and_both_zeros_digest_alike():
    negative_nan = np.array([[np.copysign(np.nan, -1.0), -0.0]])
    first = BarDigest(["A", "B"]).update({"close": negative_nan}, 1)
    assert first == BarDigest(["A", "B"]).update({"close": np.array([[np.nan, 0.0]])}, 1)
