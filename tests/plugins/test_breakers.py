from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.config.risk import DEFAULT_BREAKERS
from tradewind.contracts import Breaker, BreakerPath, BreakerView, Reading
from tradewind.errors import ConfigError
from tradewind.model import Standing
from tradewind.registry import Registry
from tradewind.registry.reference import PluginRef
from tradewind.risk.standing import StandingBoard
from tradewind_plugins.breakers import (
    ConfidenceFloor,
    DailyLoss,
    Drawdown,
    ErrorRate,
    LosingStreak,
    StaleData,
    VolatilitySpike,
    tradewind_breakers,
)

NAN = float("nan")
ACTIVE, REDUCED, REDUCE_ONLY, HALTED, KILLED = Standing


def view(bar: int = 0, **changes: Any) -> BreakerView:
    values: dict[str, Any] = {
        "bar": bar,
        "time": np.datetime64("2020-01-01", "ns") + np.timedelta64(bar, "D"),
        "day": bar,
        "equity": 100.0,
        "closed_trades": (),
        "orders": 0,
        "refused": 0,
        "fresh": 1.0,
        "confidence": NAN,
        "references": {},
    }
    return BreakerView(**{**values, **changes})


def path_of(start: int = 0, **columns: Any) -> BreakerPath:
    references = {role: np.array(values) for role, values in columns.pop("references", {}).items()}
    length = len(next(iter([*columns.values(), *references.values()])))
    return BreakerPath(
        bar=start,
        days=np.array(columns.get("days", range(start + 1, start + 1 + length)), dtype=np.int64),
        equity=np.array(columns.get("equity", [100.0] * length), dtype=np.float64),
        fresh=np.array(columns.get("fresh", [1.0] * length), dtype=np.float64),
        confidence=np.array(columns.get("confidence", [NAN] * length), dtype=np.float64),
        references=references,
    )


def views_of(path: BreakerPath, **others: Any) -> list[BreakerView]:
    """The bars of a path one by one."""
    return [
        view(
            path.bar + 1 + row,
            day=int(path.days[row]),
            equity=float(path.equity[row]),
            fresh=float(path.fresh[row]),
            confidence=float(path.confidence[row]),
            references={role: float(values[row]) for role, values in path.references.items()},
            **others,
        )
        for row in range(len(path.equity))
    ]


def standings(breaker: Breaker, equities: list[float], days: list[int] | None = None) -> list[Standing]:
    days = list(range(len(equities))) if days is None else days
    bars = enumerate(zip(equities, days, strict=True))
    return [breaker.observe(view(bar, equity=equity, day=day)).standing for bar, (equity, day) in bars]


def test_drawdown_climbs_the_ladder_exactly_at_its_levels() -> None:
    equities = [100.0, 92.01, 92.0, 88.01, 88.0, 85.01, 85.0, 93.0]
    expected = [ACTIVE, ACTIVE, REDUCED, REDUCED, HALTED, HALTED, KILLED, ACTIVE]
    assert standings(Drawdown(), equities) == expected
    for scale in (0.1, 3.0, 1e6 / 7.0):
        assert standings(Drawdown(), [equity * scale for equity in equities]) == expected


def test_drawdown_counts_from_the_highest_equity_and_says_so() -> None:
    breaker = Drawdown()
    assert standings(breaker, [100.0, 200.0, 180.0]) == [ACTIVE, ACTIVE, REDUCED]
    assert breaker.observe(view(equity=175.2)) == Reading(HALTED, "drawdown 12.4 %, halt at 12 %")
    breaker.rearm(view(equity=175.2))
    assert breaker.observe(view(equity=175.2)) == Reading()
    assert standings(breaker, [161.3, 161.1]) == [ACTIVE, REDUCED]


def test_after_a_cool_down_a_halt_counts_from_then_and_a_kill_from_the_highest() -> None:
    breaker = Drawdown()
    assert standings(breaker, [100.0, 88.0]) == [ACTIVE, HALTED]
    breaker.cooled(view(equity=88.0))
    assert standings(breaker, [88.0, 86.0, 85.01, 85.0]) == [ACTIVE, ACTIVE, ACTIVE, KILLED]
    assert breaker.observe(view(equity=80.0)).text == "drawdown 20 %, kill at 15 %"
    assert breaker.quiet(path_of(equity=[87.0, 86.0, 84.9, 90.0])) == 2
    breaker.rearm(view(equity=80.0))
    assert standings(breaker, [80.0, 73.7, 73.6]) == [ACTIVE, ACTIVE, REDUCED]


def test_a_peak_that_is_passed_over_counts_for_halt_and_kill() -> None:
    breaker = Drawdown()
    breaker.observe(view(equity=100.0))
    breaker.pass_over(path_of(equity=[110.0, 120.0, 115.0, 50.0]), 3)
    assert standings(breaker, [105.0, 102.0]) == [HALTED, KILLED]


def test_an_equity_that_is_not_known_kills() -> None:
    breaker = Drawdown()
    assert standings(breaker, [100.0, NAN, 0.0, -5.0]) == [ACTIVE, KILLED, KILLED, KILLED]


def test_daily_loss_counts_from_the_last_close_of_the_day_before() -> None:
    equities = [100.0, 97.1, 97.0, 96.0, 93.2, 91.2, 90.0, 88.32, 88.4]
    days = [0, 0, 0, 1, 1, 1, 5, 5, 6]
    # Day 1 begins at 97: 96 is 1 %, 93.2 is 3.9 %, 91.2 is 6 %. Day 5 begins at 91.2, day 6 at 88.32.
    expected = [ACTIVE, ACTIVE, REDUCED, ACTIVE, REDUCED, HALTED, ACTIVE, REDUCED, ACTIVE]
    assert standings(DailyLoss(), equities, days) == expected


def test_daily_loss_climbs_the_ladder_exactly_at_its_levels() -> None:
    for scale in (0.1, 3.0, 1e6 / 7.0):
        equities = [scale * equity for equity in (100.0, 97.001, 97.0, 95.001, 95.0, 92.001, 92.0)]
        expected = [ACTIVE, ACTIVE, REDUCED, REDUCED, HALTED, HALTED, KILLED]
        assert standings(DailyLoss(), equities, [0, 1, 1, 1, 1, 1, 1]) == expected


def test_daily_loss_begins_anew_from_the_equity_at_which_it_is_re_armed() -> None:
    breaker = DailyLoss()
    assert standings(breaker, [100.0, 94.0], [0, 1])[-1] is HALTED
    breaker.rearm(view(2, equity=94.0, day=1))
    assert standings(breaker, [94.0, 91.3, 91.1], [1, 1, 1]) == [ACTIVE, ACTIVE, REDUCED]
    assert breaker.observe(view(day=2, equity=84.0)).text == "loss of the day 7.794 %, halt at 5 %"


@pytest.mark.parametrize(
    ("level", "standing"),
    [(29.99, ACTIVE), (30, REDUCED), (39.99, REDUCED), (40, REDUCE_ONLY), (50, HALTED), (90, HALTED), (NAN, ACTIVE)],
)
def test_volatility_spike_reads_the_index(level: float, standing: Standing) -> None:
    references = {"vix": level, "benchmark": 100.0}
    assert VolatilitySpike().observe(view(references=references)).standing is standing
    assert VolatilitySpike(role="vstoxx").observe(view(references=references)).standing is ACTIVE


def test_volatility_spike_says_what_it_read() -> None:
    assert VolatilitySpike().observe(view(references={"vix": 41.2})).text == "vix 41.2, reduce_only at 40"


def wild(seed: int, daily: float, bars: int = 80) -> Any:
    returns = np.random.default_rng(seed).normal(0.0, daily, bars)
    returns[40:] *= 3.0
    return 100.0 * np.cumprod(1.0 + returns)


def test_volatility_spike_falls_back_on_what_the_benchmark_realises() -> None:
    closes = wild(3, 0.012)
    realised = pd.Series(closes).pct_change().rolling(20).std() * np.sqrt(252) * 100
    expected = [
        HALTED if value >= 50 else REDUCE_ONLY if value >= 40 else REDUCED if value >= 30 else ACTIVE
        for value in realised
    ]
    assert {*expected} == {ACTIVE, REDUCED, REDUCE_ONLY, HALTED}
    breaker = VolatilitySpike()
    bars = [breaker.observe(view(bar, references={"benchmark": close})) for bar, close in enumerate(closes)]
    assert [reading.standing for reading in bars] == expected
    assert "volatility of the benchmark" in bars[-1].text


@pytest.mark.parametrize("seed", range(12))
def test_volatility_spike_foresees_the_first_wild_bar_of_a_benchmark(seed: int) -> None:
    # 1.4 % a day are 22 % a year: the level of 30 % is reached sooner or later, or by a wild bar.
    random = np.random.default_rng(seed)
    returns = random.normal(0.0, 0.014, 2_000)
    returns[60:70:8] += random.choice([0.0, 0.05])
    closes = np.concatenate(([NAN, NAN], np.cumprod(1.0 + returns)))
    realised = pd.Series(closes).pct_change(fill_method=None).rolling(20).std() * np.sqrt(252) * 100
    reached = np.flatnonzero(realised.to_numpy() >= 30.0)
    assert VolatilitySpike().quiet(path_of(references={"benchmark": closes})) == reached[0]


def test_volatility_spike_sees_a_market_that_only_falls() -> None:
    closes = 100.0 * np.cumprod(1.0 - np.where(np.arange(60) % 10, 0.0, 0.1))
    # Two falls of 10 % in 20 days: 0.1 * sqrt(0.1 * 0.9 * 20 / 19 * 252), or 48.9 %.
    assert VolatilitySpike(halt=48.8).quiet(path_of(references={"benchmark": closes})) == 20
    breaker = VolatilitySpike(halt=48.8)
    bars = [breaker.observe(view(bar, references={"benchmark": close})) for bar, close in enumerate(closes)]
    assert [reading.standing for reading in bars] == [ACTIVE] * 20 + [HALTED] * 40


def test_volatility_spike_does_not_take_the_accounts_own_equity() -> None:
    assert set(standings(VolatilitySpike(), wild(3, 0.05).tolist())) == {ACTIVE}


def test_losing_streak_trips_at_its_length_and_ends_with_a_winner() -> None:
    breaker = LosingStreak(3)
    closed = [(-1.0, -2.0), (), (0.0,), (-0.01,), (), (-5.0,), (1.0, -1.0), (-1.0, -1.0), (-1.0, 2.0)]
    readings = [breaker.observe(view(closed_trades=trades)) for trades in closed]
    assert [reading.standing for reading in readings] == [ACTIVE] * 3 + [REDUCED] * 3 + [ACTIVE, REDUCED, ACTIVE]
    assert readings[5].text == "4 losing trades in a row, smaller sizes from 3 on"
    breaker.observe(view(closed_trades=(-1.0,) * 9))
    breaker.rearm(view())
    assert breaker.observe(view(closed_trades=(-1.0, -1.0))).standing is ACTIVE


def rates(breaker: Breaker, counters: list[tuple[int, int]]) -> list[Standing]:
    return [breaker.observe(view(orders=orders, refused=refused)).standing for orders, refused in counters]


def test_error_rate_trips_above_its_maximum_of_enough_orders() -> None:
    assert rates(ErrorRate(), [(0, 0), (19, 19), (20, 19), (25, 5)]) == [ACTIVE, ACTIVE, REDUCE_ONLY, ACTIVE]
    assert rates(ErrorRate(), [(20, 4)]) == [ACTIVE]
    assert rates(ErrorRate(), [(20, 5)]) == [REDUCE_ONLY]


def test_error_rate_forgets_what_lies_beyond_its_window() -> None:
    counters = [(10 * step, 10 if step else 0) for step in range(8)]
    # Ten orders of which all are refused, then none: 10 of 50 are 20 %, and at 60 the first ten are out of sight.
    assert rates(ErrorRate(), counters)[2:] == [REDUCE_ONLY, REDUCE_ONLY, REDUCE_ONLY, ACTIVE, ACTIVE, ACTIVE]
    breaker = ErrorRate(maximum=0.0)
    assert rates(breaker, counters) == [ACTIVE, ACTIVE] + [REDUCE_ONLY] * 4 + [ACTIVE, ACTIVE]
    assert breaker.state()["counts"] == [[20, 10], [30, 10], [40, 10], [50, 10], [60, 10], [70, 10]]


def test_error_rate_remembers_no_more_than_its_window() -> None:
    breaker = ErrorRate()
    rates(breaker, [(bar // 10, bar // 100) for bar in range(5_000)])
    assert len(breaker.state()["counts"]) == 51


def test_error_rate_takes_late_refusals_to_the_orders_before_them() -> None:
    breaker = ErrorRate()
    assert rates(breaker, [(30, 0), (30, 3), (30, 9)]) == [ACTIVE, ACTIVE, REDUCE_ONLY]
    assert breaker.observe(view(orders=30, refused=9)).text == "9 of the last 30 orders were refused, allowed are 20 %"
    breaker.rearm(view(orders=30, refused=9))
    assert rates(breaker, [(30, 9), (49, 20), (50, 20)]) == [ACTIVE, ACTIVE, REDUCE_ONLY]


def test_error_rate_ends_on_an_account_that_can_send_no_orders() -> None:
    board = StandingBoard([("error_rate", ErrorRate())])
    board.observe(view(3, orders=50, refused=10))
    board.observe(view(4, orders=50, refused=11))
    for bar in range(5, 14):
        board.observe(view(bar, orders=50, refused=11))
        assert board.standing is REDUCE_ONLY
    board.observe(view(14, orders=50, refused=11))
    assert board.standing is ACTIVE
    board.observe(view(15, orders=70, refused=16))
    assert board.standing is REDUCE_ONLY


def test_error_rate_goes_on_while_orders_are_sent() -> None:
    breaker = ErrorRate(forget_after_bars=2)
    readings = [breaker.observe(view(bar, orders=40 + bar, refused=30 + bar)) for bar in range(60)]
    assert {one.standing for one in readings} == {REDUCE_ONLY}


def test_stale_data_wants_enough_fresh_prices() -> None:
    breaker = StaleData()
    assert breaker.observe(view(fresh=0.5)) == Reading()
    reading = breaker.observe(view(fresh=0.49))
    assert reading == Reading(REDUCE_ONLY, "49 % of the instruments have a price of this bar, needed are 50 %")
    assert breaker.observe(view(fresh=NAN)).standing is REDUCE_ONLY


def test_confidence_floor_watches_runs_with_regimes_only() -> None:
    breaker = ConfidenceFloor()
    assert breaker.observe(view(confidence=0.3)) == Reading()
    assert breaker.observe(view(confidence=0.299)).standing is REDUCED
    assert "confidence of the regime 0.299, smaller sizes below 0.3" in breaker.observe(view(confidence=0.299)).text
    assert breaker.observe(view(confidence=NAN)) == Reading()


MAKERS: dict[str, Callable[[], Any]] = {
    "drawdown": Drawdown,
    "daily_loss": DailyLoss,
    "volatility_spike": VolatilitySpike,
    "losing_streak": LosingStreak,
    "error_rate": ErrorRate,
    "stale_data": StaleData,
    "confidence_floor": ConfidenceFloor,
}


@st.composite
def paths(draw: st.DrawFn) -> BreakerPath:
    """A path of a few to many bars, several a day, on which each breaker may trip or not."""
    bars = draw(st.integers(0, 60))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    scale = draw(st.sampled_from([0.0, 0.003, 0.01, 0.03]))
    references = {}
    if draw(st.booleans()):
        references["benchmark"] = 100.0 * np.cumprod(1.0 + random.normal(0.0, scale, bars))
        references["benchmark"][: draw(st.integers(0, 3))] = np.nan
    if draw(st.booleans()):
        references["vix"] = random.normal(20.0, 200.0 * scale, bars)
    return BreakerPath(
        bar=4,
        days=np.sort(random.integers(3, 3 + draw(st.sampled_from([1, 10, 100])), bars)),
        equity=100.0 * np.cumprod(1.0 + random.normal(0.0, scale, bars)),
        fresh=np.clip(random.normal(0.9, 8.0 * scale, bars), 0.0, 1.0),
        confidence=np.clip(random.normal(0.7, 8.0 * scale, bars), 0.0, 1.0),
        references=references,
    )


def begun(name: str, before: BreakerPath, after: BreakerPath, losses: int, refused: int) -> Any:
    """A breaker that has seen some bars, with trades and orders, before a path with the same references."""
    breaker = MAKERS[name]()
    for one in views_of(before):
        references = {role: one.references.get(role, 50.0) for role in after.references}
        breaker.observe(
            view(
                one.bar,
                day=min(one.day, 4),
                equity=one.equity,
                references=references,
                closed_trades=(-1.0,) * losses,
                orders=25,
                refused=refused,
            )
        )
        if one.bar == before.bar + 20 and name == "drawdown":
            breaker.cooled(one)
    return breaker


@pytest.mark.parametrize("name", MAKERS)
@given(before=paths(), path=paths(), losses=st.integers(0, 2), refused=st.integers(0, 8), fresh_start=st.booleans())
def test_quiet_and_pass_over_agree_with_looking_at_every_bar(
    name: str, before: BreakerPath, path: BreakerPath, losses: int, refused: int, fresh_start: bool
) -> None:
    breaker = MAKERS[name]() if fresh_start else begun(name, before, path, losses, refused)
    counters = {} if fresh_start or not len(before.equity) else {"orders": 25, "refused": refused}
    remembered = copy.deepcopy(breaker.state())
    stepped = copy.deepcopy(breaker)
    quiet = 0
    for bar in views_of(path, **counters):
        if stepped.observe(bar).standing is not ACTIVE:
            break
        quiet += 1
    assert breaker.quiet(path) == quiet
    assert breaker.state() == remembered
    for bars in {0, quiet // 2, quiet}:
        stepped, jumped = copy.deepcopy(breaker), copy.deepcopy(breaker)
        for bar in views_of(path, **counters)[:bars]:
            stepped.observe(bar)
        jumped.pass_over(path, bars)
        rest = views_of(path, **counters)[bars:]
        # What it remembers may be put differently; what it says from here on may not.
        assert [jumped.observe(bar) for bar in rest] == [stepped.observe(bar) for bar in rest]


@pytest.mark.parametrize("name", MAKERS)
@given(before=paths(), path=paths(), losses=st.integers(0, 2), refused=st.integers(0, 8))
def test_what_is_remembered_survives_a_restart(
    name: str, before: BreakerPath, path: BreakerPath, losses: int, refused: int
) -> None:
    breaker = begun(name, before, path, losses, refused)
    restored = MAKERS[name]()
    restored.restore(json.loads(json.dumps(breaker.state(), allow_nan=False)))
    assert restored.state() == breaker.state()
    later = views_of(path, orders=40, refused=refused)
    assert [restored.observe(bar) for bar in later] == [breaker.observe(bar) for bar in later]


def test_quiet_is_zero_while_a_streak_or_a_rate_is_on() -> None:
    path = path_of(equity=[100.0] * 5)
    streak, rate = LosingStreak(2), ErrorRate()
    assert (streak.quiet(path), rate.quiet(path)) == (5, 5)
    streak.observe(view(closed_trades=(-1.0, -1.0)))
    rate.observe(view(orders=30, refused=29))
    assert (streak.quiet(path), rate.quiet(path)) == (0, 0)


def test_a_path_that_falls_is_quiet_up_to_the_bar_before_its_level() -> None:
    breaker = Drawdown()
    breaker.observe(view(equity=100.0))
    assert breaker.quiet(path_of(equity=[101.0, 110.0, 101.3, 101.2, 101.0])) == 3
    assert breaker.quiet(path_of(equity=[101.0, 110.0, 101.3])) == 3


@pytest.mark.parametrize(
    ("name", "columns", "quiet"),
    [
        ("drawdown", {"equity": [100.0, 92.001, 92.0, 100.0]}, 2),
        ("daily_loss", {"equity": [100.0, 97.001, 97.0, 94.09, 95.0]}, 3),
        ("volatility_spike", {"references": {"vix": [29.99, 30.0, 12.0]}}, 1),
        ("stale_data", {"fresh": [1.0, 0.5, 0.499, 1.0]}, 2),
        ("confidence_floor", {"confidence": [0.3, NAN, 0.299, 0.5]}, 2),
    ],
)
def test_a_path_ends_being_quiet_exactly_at_the_level(name: str, columns: dict[str, Any], quiet: int) -> None:
    assert MAKERS[name]().quiet(path_of(**columns)) == quiet


def breaker(name: str, **params: Any) -> object:
    return Registry.load().create("breaker", PluginRef(name=name, params=params))


def test_every_default_breaker_is_built_in_and_made_by_the_registry() -> None:
    assert {plugin.name for plugin in tradewind_breakers()} == set(DEFAULT_BREAKERS) == set(MAKERS)
    for name in DEFAULT_BREAKERS:
        made = breaker(name)
        assert isinstance(made, Breaker)
        assert type(made) is MAKERS[name]
        assert callable(getattr(made, "quiet", None))
        assert callable(getattr(made, "pass_over", None))


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("drawdown", {"warn": 0.13}, "warn is 0.13 and halt is 0.12; the levels must rise: warn <= halt <= kill"),
        ("drawdown", {"halt": 0.2}, "halt is 0.2 and kill is 0.15"),
        ("drawdown", {"kill": 1.5}, "kill"),
        ("drawdown", {"wran": 0.1}, "Did you mean 'warn'"),
        ("daily_loss", {"warn": 0}, "warn"),
        ("daily_loss", {"warn": 0.06}, "warn is 0.06 and halt is 0.05"),
        ("volatility_spike", {"reduce_only": 60}, "reduce_only is 60 and halt is 50"),
        ("volatility_spike", {"role": ""}, "role"),
        ("losing_streak", {"trades": 0}, "trades"),
        ("error_rate", {"maximum": 1.0}, "maximum"),
        ("error_rate", {"orders": 10}, "minimum_orders is 20 and orders is 10"),
        ("stale_data", {"minimum_fresh": 1.1}, "minimum_fresh"),
        ("confidence_floor", {"minimum": -0.1}, "minimum"),
    ],
)
def test_a_parameter_out_of_range_is_named(name: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        breaker(name, **params)


def test_levels_may_be_equal() -> None:
    assert standings(Drawdown(0.1, 0.1, 0.1), [100.0, 90.01, 90.0]) == [ACTIVE, ACTIVE, KILLED]
