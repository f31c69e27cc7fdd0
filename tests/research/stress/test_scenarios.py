"""Scenarios against published totals, and what is refused in a file."""

import math
import os
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.research.stress.portfolios import scenario
from tradewind.contracts import DataRequest
from tradewind.errors import ConfigError, UserError
from tradewind.model import AssetClass
from tradewind.registry import PluginRef, Registry
from tradewind.research.stress.loader import load_scenarios, read_scenario, shipped_names

SHARED = Path(os.environ.get("TRADEWIND_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
GOOD = "name: mine\nsource: my own guess\nmarket: -0.2\n"

PUBLISHED = {
    "crash_1987": (-0.335, -0.335, 71),
    "dotcom_2000": (-0.491, -0.491, 637),
    "crisis_2008": (-0.568, -0.568, 355),
    "flash_crash_2010": (-0.092, -0.0319, 2),
    "covid_2020": (-0.339, -0.339, 23),
    "rates_2022": (-0.254, -0.254, 195),
}
"""Furthest level and last level as published, and sessions between."""


def test_the_issues_six_episodes_are_shipped():
    assert set(shipped_names()) == set(PUBLISHED)
    assert [int(name.rpartition("_")[2]) for name in shipped_names()] == [1987, 2000, 2008, 2010, 2020, 2022]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_path_comes_to_the_published_totals_to_their_digits(name):
    furthest, last, steps = PUBLISHED[name]
    (one,) = load_scenarios([name])
    growth = one.path.growth()
    assert one.market == furthest
    assert round(growth.min() - 1.0, 3) == furthest
    assert growth[-1] - 1.0 == pytest.approx(last, abs=5e-4 if last == furthest else 5e-5)
    assert len(growth) - 1 == steps
    assert np.prod(growth[1:] / growth[:-1]) == pytest.approx(growth[-1], rel=1e-12)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_shipped_file_says_where_its_figures_come_from_and_is_named_like_it(name):
    (one,) = load_scenarios([name])
    assert one.name == name
    assert one.title
    assert "ublished" in one.source
    assert "ublished" in one.path.source
    assert one.path.levels[0].date <= one.start
    assert one.path.levels[-1].date == one.end


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "flash_crash_2010"])
def test_sessions_between_levels_are_those_of_the_exchange(name):
    (one,) = load_scenarios([name])
    calendar = exchange_calendars.get_calendar("XNYS", start=str(one.start), end="2023-01-31")
    for before, after in zip(one.path.levels, one.path.levels[1:], strict=False):
        assert len(calendar.sessions_in_range(str(before.date), str(after.date))) - 1 == after.sessions, after.date


def test_known_single_days_are_in_the_paths():
    (crash, crisis, covid) = load_scenarios(["crash_1987", "crisis_2008", "covid_2020"])
    falls = [(one.path.growth()[1:] / one.path.growth()[:-1] - 1.0).min() for one in (crash, crisis, covid)]
    assert np.round(falls, 4).tolist() == [-0.2047, -0.0903, -0.1198]
    assert (crisis.vix_level, covid.vix_level) == (80.86, 82.69)


@pytest.mark.parametrize("name", ["dotcom_2000", "crisis_2008", "covid_2020", "rates_2022"])
def test_levels_are_the_closes_of_the_bundled_index(name):
    (one,) = load_scenarios([name])
    feed = Registry.load().create("feed", PluginRef(name="sample"), directory=None, where="test")
    bars = feed.history(DataRequest(start=None, end=None, symbols=("KO",), references={"benchmark": "SP500"}))
    closes = pd.Series(bars.references["benchmark"].fields["close"][:, 0], pd.DatetimeIndex(bars.timestamps))
    for level in one.path.levels:
        assert closes[pd.Timestamp(level.date)] == pytest.approx(level.level, rel=2e-5), level.date


@pytest.mark.skipif(not (SHARED / "index_daily.parquet").is_file(), reason="needs the shared market data")
@pytest.mark.parametrize("name", ["dotcom_2000", "crisis_2008", "covid_2020", "rates_2022"])
def test_funds_did_what_the_scenarios_say(name):
    (one,) = load_scenarios([name])
    table = pd.read_parquet(SHARED / "index_daily.parquet", columns=["date", "symbol", "adj_close"])
    for symbol, stated in one.symbols.items():
        closes = table[table["symbol"] == symbol].set_index("date")["adj_close"]
        assert closes[one.end] / closes[one.start] - 1.0 == pytest.approx(stated, abs=0.0051), symbol


def test_between_two_levels_every_return_is_the_same():
    levels = [{"sessions": 0, "level": 100.0}, {"sessions": 2, "level": 81.0}, {"sessions": 1, "level": 90.0}]
    one = scenario(market=-0.19, path={"levels": levels})
    assert one.path.growth() == pytest.approx([1.0, 0.9, 0.81, 0.9])
    assert one.shape() == pytest.approx([0.0, 10 / 19, 1.0, 10 / 19])


def test_returns_make_a_path_too_and_none_makes_one_step():
    assert scenario(market=-0.19, path={"returns": [-0.1, -0.1]}).path.growth() == pytest.approx([1.0, 0.9, 0.81])
    assert scenario(market=-0.19).shape().tolist() == [0.0, 1.0]


def test_the_nearest_figure_goes_first():
    one = scenario(
        market=-0.3,
        asset_classes={"etf": -0.2},
        sectors={"Energy": -0.5},
        durations_years={"TLT": 18.0, "IEF": 8.0},
        rates_basis_points=100,
        symbols={"TLT": -0.25},
    )
    assert one.shock("TLT", "Energy", AssetClass.ETF, 2.0) == (-0.25, "symbol")
    assert one.shock("IEF", "Energy", AssetClass.ETF, 2.0) == (pytest.approx(-0.08), "duration")
    assert one.shock("XLE", "Energy", AssetClass.ETF, 2.0) == (-0.5, "sector")
    assert one.shock("SPY", "", AssetClass.ETF, 2.0) == (-0.2, "asset class")
    assert one.shock("KO", "", AssetClass.EQUITY, 0.5) == (-0.15, "beta")
    assert one.model_copy(update={"beta": False}).shock("KO", "", AssetClass.EQUITY, 0.5) == (-0.3, "market")


def test_no_price_falls_below_nothing_and_options_are_not_guessed():
    assert scenario(market=-0.6).shock("X", "", AssetClass.EQUITY, 2.0) == (-1.0, "beta")
    assert math.isnan(scenario(market=-0.6).shock("X", "", AssetClass.OPTION, 1.0)[0])
    assert scenario(asset_classes={"option": -1.0}).shock("X", "", AssetClass.OPTION, 1.0) == (-1.0, "asset class")


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.5])
@pytest.mark.parametrize("field", ["market", "symbols"])
def test_impossible_shocks_are_refused_in_python_too(field, value):
    with pytest.raises(ValidationError):
        scenario(**{field: {"KO": value} if field == "symbols" else value})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "markt: -0.3\n", ("mine.yaml:4:1: markt: unknown key", "received -0.3", "Did you mean 'market'?")),
        (GOOD + "sectors: {Energy: half}\n", ("mine.yaml:4:19: sectors.Energy: expected a number", "'half'")),
        (GOOD + "symbols: {KO: .nan}\n", ("mine.yaml:4:15: symbols.KO: expected a number", "'.nan'")),
        (GOOD + "asset_classes: {equitty: -0.3}\n", ("mine.yaml:4:26", "Did you mean 'equity'?")),
        (GOOD + "asset_classes: {etf: '-0.3'}\n", ("asset_classes.etf: expected a number", "without quotes")),
        (GOOD + "vix_level: 0\n", ("vix_level: out of range; received 0; allowed: > 0",)),
        (GOOD + "start: 2020-13-01\n", ("start: expected a date like 2020-01-31",)),
        (GOOD + "start: 2020-03-01\nend: 2020-02-01\n", ("mine.yaml:5:6: end: 2020-02-01 lies before start",)),
        (GOOD + "path: {returns: [-0.1]}\n", ("mine.yaml:4:1: path: the path's furthest", "-0.1000", "-0.2000")),
        (GOOD + "path: {}\n", ("either `levels` or `returns`; received neither",)),
        (GOOD + "path: {levels: [{sessions: 0, level: 9}]}\n", ("path.levels: needs at least two levels",)),
        (
            GOOD + "path: {levels: [{sessions: 1, level: 10}, {sessions: 1, level: 8}]}\n",
            ("mine.yaml:4:28: path.levels.0.sessions: the first level is the start, at 0; received 1",),
        ),
        (
            GOOD + "path: {levels: [{sessions: 0, level: 10}, {sessions: 0, level: 8}]}\n",
            ("path.levels.1.sessions: a later level is at least 1 step on; received 0",),
        ),
        ("name: mine\nsource: x\n", ("shocks nothing", "`market`")),
        ("name: mine\nmarket: -0.2\n", ("required key 'source' is missing; add it",)),
        ("name: My Crash\nsource: x\nmarket: -0.2\n", ("name: not allowed here", "'My Crash'")),
        ("- a\n- list\n", ("must be a mapping",)),
        ("name: [unclosed\n", ("not valid YAML",)),
        ("", ("mine.yaml:1:1: the file is empty; a scenario has",)),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_scenario(path)
    for word in words:
        assert word in str(error.value)


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        read_scenario(tmp_path / "mine.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.yaml"):
        read_scenario(tmp_path / "folder.yaml")
    with pytest.raises(UserError, match=r"Did you mean '.*mine\.yaml'"):
        read_scenario(tmp_path / "mina.yaml")


def test_an_unknown_name_gets_the_nearest_and_one_given_twice_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no scenario 'covid2020'.*Did you mean 'covid_2020'"):
        load_scenarios(["covid2020"])
    with pytest.raises(UserError, match=r"'covid_2020' comes 2 times"):
        load_scenarios(["covid_2020", "covid_2020"])
    (tmp_path / "mine.yaml").write_text(GOOD)
    assert [one.name for one in load_scenarios([str(tmp_path / "mine.yaml"), "covid_2020"])] == ["mine", "covid_2020"]


def test_a_file_named_like_a_shipped_scenario_is_refused_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("source: my own guess\nmarket: -0.2\nname: covid_2020\n")
    with pytest.raises(
        ConfigError, match=r"mine\.yaml:3:7: name: 'covid_2020' is a scenario that comes with tradewind"
    ):
        read_scenario(path)
