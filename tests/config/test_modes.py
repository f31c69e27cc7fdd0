import pytest

from tradewind.config.loader import check_plan, load_plan
from tradewind.config.modes import BUILT_IN_ROWS
from tradewind.config.plan import PluginRef
from tradewind.errors import ConfigError, PluginError, UserError
from tradewind.modes import MODES
from tradewind.registry import Registry


def refused(path, **options):
    with pytest.raises(ConfigError) as caught:
        load_plan([path], environment={}, **options)
    return str(caught.value).replace(f"{path.parent}/", "").split("\n")


def test_there_is_a_row_for_every_mode():
    assert set(BUILT_IN_ROWS) == set(MODES)


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_mode_without_overlay_changes_nothing_of_the_idea(minimal, mode):
    loaded = load_plan([minimal], mode=mode, environment={})
    assert (loaded.plan.mode.mode, loaded.plan.mode.feed) == (mode, None)


def test_paper_without_overlay_replays(minimal):
    loaded = load_plan([minimal], mode="paper", environment={})
    assert loaded.plan.mode.feed == PluginRef(name="replay", params={"bars_per_second": 0})
    assert str(loaded.origins["mode.feed.name"]) == "default (mode paper)"


def test_overlay_beside_the_first_file_is_used(minimal, write):
    overlay = write("mode: paper\nfeed: {name: other, params: {x: '${X}'}}\n", "modes/paper.yaml")
    loaded = load_plan([minimal], mode="paper", environment={"X": "1"})
    assert loaded.plan.mode.feed == PluginRef(name="other", params={"x": 1})
    assert str(loaded.origins["mode.feed.params.x"]) == f"{overlay}:2:33 (environment X)"


def test_mode_file_takes_the_place_of_the_overlay(minimal, write):
    write("mode: paper\nfeed: other\n", "modes/paper.yaml")
    given = write("feed: mine\n", "elsewhere/mine.yaml")
    assert load_plan([minimal], mode="paper", mode_file=given, environment={}).plan.mode.feed.name == "mine"


def test_mode_changes_nothing_but_the_mode(minimal):
    plans = [load_plan([minimal], mode=mode, environment={}).plan for mode in MODES]
    assert len({plan.model_copy(update={"mode": plans[0].mode}).model_dump_json() for plan in plans}) == 1


@pytest.mark.parametrize(
    "key",
    [
        *("strategy", "regime", "sizer", "exit", "exits", "pricer", "sleeves", "share", "costs", "account", "data"),
        *("reports", "seed", "rebalance"),
    ],
)
def test_overlay_that_touches_the_idea_is_refused_with_the_reason(minimal, write, key):
    write(f"mode: paper\n{key}: x\n", "modes/paper.yaml")
    assert refused(minimal, mode="paper") == [
        f"modes/paper.yaml:2:1: {key}: not allowed in a mode's overlay, because a mode swaps feed, broker and clock "
        "and nothing else; move it into the configuration"
    ]


def test_overlay_with_an_unknown_key_names_the_nearest(minimal, write):
    write("broke: exchange\n", "modes/paper.yaml")
    assert refused(minimal, mode="paper") == [
        "modes/paper.yaml:1:1: broke: unknown key in a mode's overlay; known: broker, clock, feed, mode. "
        "Did you mean 'broker'?"
    ]


def test_overlay_with_a_wrong_value_is_refused_at_its_place(minimal, write):
    write("clock: moon\n", "modes/paper.yaml")
    assert refused(minimal, mode="paper") == [
        "modes/paper.yaml:1:8: mode.clock: unknown choice; received 'moon' (text); known: bars, wall."
    ]


def test_the_exchange_is_what_a_mode_without_a_broker_trades_on(minimal, write):
    write("broker: exchange\n", "modes/paper.yaml")
    assert load_plan([minimal], mode="paper", environment={}).plan.mode.broker is None


def test_an_unknown_broker_is_named_with_its_place(minimal, write):
    write("broker: venu\n", "modes/paper.yaml")
    loaded = load_plan([minimal], mode="paper", environment={})
    with pytest.raises(PluginError, match=r"paper\.yaml:1:9: mode\.broker: unknown broker 'venu'.*'venue'"):
        check_plan(loaded, Registry.load())


def test_overlay_for_another_mode_is_refused(minimal, write):
    path = write("mode: paper\n", "mine.yaml")
    assert refused(minimal, mode="backtest", mode_file=path) == [
        "mine.yaml:1:7: mode: the overlay is for mode 'paper', and the run's is 'backtest'; give --mode paper, or "
        "another overlay"
    ]


def test_unknown_mode_names_the_nearest(minimal):
    with pytest.raises(UserError, match=r"^--mode papr: unknown mode; known: .* Did you mean 'paper'\?$"):
        load_plan([minimal], mode="papr", environment={})


def test_missing_mode_file_is_a_user_error(minimal, tmp_path):
    with pytest.raises(UserError, match=r"absent\.yaml: no such file"):
        load_plan([minimal], mode_file=tmp_path / "absent.yaml", environment={})


def test_set_reaches_the_mode(minimal):
    plan = load_plan([minimal], mode="paper", overrides=["mode.feed.params.bars_per_second=5"], environment={}).plan
    assert plan.mode.feed.params == {"bars_per_second": 5}
