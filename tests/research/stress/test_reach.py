"""A figure that reaches nothing is told, and one that is only misspelled is refused."""

import pytest

from tests.research.stress.portfolios import scenario
from tradewind.errors import ConfigError
from tradewind.research.stress.reach import unreached

SYMBOLS = {"AAPL", "GOOGL", "XOM"}
SECTORS = {"Energy", "Information Technology"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sectors": {"Enrgy": -0.4}}, r"sectors: 'Enrgy' is not in this run; .* Did you mean 'Energy'\?"),
        ({"sectors": {"energy": -0.4}}, r"Did you mean 'Energy'\?"),
        ({"symbols": {"xom": -0.4}}, r"symbols: 'xom' is not in this run; .* Did you mean 'XOM'\?"),
        ({"durations_years": {"xom": 4.0}}, r"durations_years: 'xom'"),
    ],
)
def test_a_misspelled_name_is_refused_with_the_nearest(fields, message):
    with pytest.raises(ConfigError, match=message):
        unreached([scenario(market=-0.2, **fields)], SYMBOLS, SECTORS)


def test_what_this_run_does_not_have_is_told():
    one = scenario(market=-0.2, symbols={"TLT": 0.1, "GOOG": -0.3, "XOM": -0.3}, sectors={"Utilities": 0.1})
    (note,) = unreached([one], SYMBOLS, SECTORS)
    assert note == "made_up: not in this run, so not applied: TLT, GOOG (did you mean GOOGL?), Utilities"
    assert unreached([scenario(market=-0.2, symbols={"XOM": -0.3})], SYMBOLS, SECTORS) == []
    assert unreached([scenario(market=-0.2, sectors={"Utilities": -0.3})], SYMBOLS, ()) == []


def test_a_scenario_that_reaches_nothing_is_refused():
    with pytest.raises(ConfigError, match="'made_up' shocks nothing of this run, which has no TLT, Utilities"):
        unreached([scenario(symbols={"TLT": 0.1}, sectors={"Utilities": -0.3})], SYMBOLS, SECTORS)
    assert unreached([scenario(symbols={"TLT": 0.1, "XOM": -0.3})], SYMBOLS, SECTORS) != []
