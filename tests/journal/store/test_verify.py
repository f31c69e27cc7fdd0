"""Every change made behind the journal's back is found, and the first bad place is named."""

import json
import random

import pytest
from sqlalchemy import create_engine

from tests.journal.store.mutations import Vandal
from tradewind.journal.store.database import database_url


@pytest.fixture
def journal(store):
    """Six sessions: finished, pruned, empty, open, with entries alike and not."""
    chance = random.Random(4)
    for name, blocks, status in (
        ("a", 4, "finished"),
        ("old", 2, "finished"),
        ("empty", 0, None),
        ("b", 5, "stopped"),
        ("old", 1, "finished"),
        ("c", 3, None),
    ):
        with store.begin(name, {"seed": blocks}) as writer:
            for bar in range(blocks):
                for _ in range(chance.randrange(1, 5)):
                    payload = {"id": chance.randrange(40), "text": chance.choice(["", "Zürich", "x" * 300])}
                    writer.append(bar, chance.choice(["intent", "fill"]), json.dumps(payload, ensure_ascii=False))
                writer.commit()
            if status and name == "old":
                writer.finish(status)
    store.prune(keep_days=0)
    verdict = store.verify()
    assert verdict.good
    assert verdict.sessions == 6
    return store


@pytest.fixture
def vandal(journal, url):
    engine = create_engine(database_url(url))
    vandal = Vandal(engine)
    vandal.disarm()
    yield vandal
    engine.dispose()


def damage(journal, vandal, rounds):
    for seed in range(rounds):
        change = vandal.change(random.Random(seed))
        problem = journal.verify().problem
        assert problem is not None, f"seed {seed}: not found: {change}"
        found = (problem.session, problem.block, problem.sequence)
        assert found == change.place, f"seed {seed}: {change}: {problem}"
        vandal.restore()
        assert seed % 50 or journal.verify().good


def test_any_single_change_is_found_and_named(journal, vandal):
    damage(journal, vandal, 300)


@pytest.mark.soak
def test_ten_thousand_single_changes_are_found_and_named(journal, vandal):
    damage(journal, vandal, 10_000)
