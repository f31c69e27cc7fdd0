# ruff: noqa: E501 - tables of files and the messages they give
import typing

import pytest
from pydantic import BaseModel

from tradewind import FeedPlugin
from tradewind.config.loader import check_plan, effective_feed, load_plan
from tradewind.config.places import PLACES, references
from tradewind.config.plan import Plan, PluginRef
from tradewind.contracts import KINDS
from tradewind.errors import ConfigError, PluginError


def check(registry, path, **options):
    check_plan(load_plan([path], environment={}, **options), registry)


def refused(registry, path, error=ConfigError, **options):
    with pytest.raises(error) as caught:
        check(registry, path, **options)
    return str(caught.value).replace(f"{path.parent}/", "").split("\n")


def sections(model):
    """Yield every model reachable from a model's fields."""
    yield model
    for field in model.model_fields.values():
        pending = [field.annotation]
        while pending:
            part = pending.pop()
            pending += typing.get_args(part)
            if isinstance(part, type) and issubclass(part, BaseModel) and part is not PluginRef:
                yield from sections(part)


def test_every_plugin_reference_of_the_plan_has_a_kind():
    found = {
        (model.__name__, name)
        for model in sections(Plan)
        for name, field in model.model_fields.items()
        if "PluginRef" in str(field.annotation)
    }
    assert found == set(PLACES)
    assert set(PLACES.values()) <= set(KINDS)


def test_references_lists_all_places_with_kind_and_path(write):
    path = write(
        "data: {feed: sample}\nregime: {detector: vote, compare: [threshold]}\nstrategy: momentum\nsizer: kelly\n"
        "exits: [trailing_stop]\ncosts: free\nreports: [html]\n"
    )
    found = list(references(load_plan([path], mode="paper", environment={}).plan))
    assert [(kind, ".".join(map(str, where)), ref.name) for kind, where, ref in found] == [
        ("feed", "data.feed", "sample"),
        ("regime", "regime.detector", "vote"),
        ("regime", "regime.compare.0", "threshold"),
        ("strategy", "sleeves.0.strategy", "momentum"),
        ("sizer", "sleeves.0.sizer", "kelly"),
        ("exit", "sleeves.0.exits.0", "trailing_stop"),
        ("cost", "costs", "free"),
        ("report", "reports.0", "html"),
        ("feed", "mode.feed", "replay"),
    ]


@pytest.mark.parametrize("mode", ["backtest", "paper", "live"])
def test_sound_plan_passes(registry, minimal, mode):
    check(registry, minimal, mode=mode)


def test_all_wrong_parameters_are_reported_at_their_places(registry, write):
    path = write(
        "data: {feed: {name: sample, params: {years: '5'}}}\n"
        "strategy: momentum\n"
        "sizer: {name: kelly, params: {fractoin: 0.5, mode: hlaf, since: 2020-01}}\n"
        "exits:\n"
        "  - {name: trailing_stop, params: {fraction: true}}\n"
        "regime:\n"
        "  detector: {name: vote, params: {members: [threshold, {name: threshold, params: {dais: 3}}, {name: vtoe}]}}\n"
    )
    assert refused(registry, path) == [
        "plan.yaml:1:45: data.feed.params.years: expected a whole number; received '5' (text); write the number without "
        "quotes or leading zeros",
        "plan.yaml:2:11: sleeves.0.strategy.params.top_n: momentum needs parameter 'top_n'; add it",
        "plan.yaml:3:31: sleeves.0.sizer.params.fractoin: kelly has no parameter 'fractoin'; received 0.5; known: "
        "fraction, mode, since. Did you mean 'fraction'?",
        "plan.yaml:3:52: sleeves.0.sizer.params.mode: unknown choice; received 'hlaf' (text); known: full, half. Did you "
        "mean 'half'?",
        "plan.yaml:3:65: sleeves.0.sizer.params.since: expected a date like 2020-01-31; received '2020-01' (text)",
        "plan.yaml:5:46: sleeves.0.exits.0.params.fraction: expected a number; received true",
        "plan.yaml:7:83: regime.detector.params.members.1.params.dais: threshold has no parameter 'dais'; received 3; "
        "known: days. Did you mean 'days'?",
        "plan.yaml:7:101: regime.detector.params.members.2: unknown regime 'vtoe'; known: threshold, vote. Did you mean "
        "'vote'?",
    ]


def test_range_of_a_parameter_is_shown_whole(registry, write):
    path = write(
        "data: {feed: sample}\nstrategy: {name: momentum, params: {top_n: 0}}\nsizer: {name: kelly, params: {fraction: 2}}\n"
    )
    assert refused(registry, path) == [
        "plan.yaml:2:44: sleeves.0.strategy.params.top_n: out of range; received 0; allowed: >= 1",
        "plan.yaml:3:41: sleeves.0.sizer.params.fraction: out of range; received 2; allowed: > 0 and <= 1",
    ]


def test_missing_plugins_are_a_plugin_error_with_each_broken_provider_once(registry, write):
    registry.register(object(), "acme:sizers")
    path = write("data: {feed: sampel}\nstrategy: kelly\n")
    assert refused(registry, path, PluginError) == [
        "plan.yaml:1:14: data.feed: unknown feed 'sampel'; known: replay, sample. Did you mean 'sample'?",
        "plan.yaml:2:11: sleeves.0.strategy: unknown strategy 'kelly'; known: momentum. 'kelly' is a sizer.",
        "  note: acme:sizers is broken: it implements no hook; decorate tradewind_strategies or another with hookimpl",
    ]


def test_missing_plugin_beside_a_wrong_parameter_is_a_config_error(registry, write):
    path = write("data: {feed: sampel}\nstrategy: momentum\n")
    assert len(refused(registry, path, ConfigError)) == 2


def test_injected_parameter_cannot_be_configured(registry, write):
    path = write("data: {feed: sample}\nstrategy: {name: momentum, params: {top_n: 1, seed: 3}}\n")
    assert refused(registry, path) == [
        "plan.yaml:2:47: sleeves.0.strategy.params.seed: momentum has no parameter 'seed'; received 3; known: top_n."
    ]


def test_feed_of_the_mode_wraps_the_feed_of_the_idea(registry, write):
    path = write("data: {feed: {name: sample, params: {years: 2}}}\nstrategy: {name: momentum, params: {top_n: 1}}\n")
    loaded = load_plan([path], mode="paper", environment={})
    feed = effective_feed(loaded.plan, registry)
    assert feed.name == "replay"
    assert feed.params == {"bars_per_second": 0, "source": {"name": "sample", "params": {"years": 2}}}
    made = registry.create("feed", feed)
    assert (type(made).__name__, type(made.source).__name__, made.source.years) == ("Replay", "Sample", 2)


def test_source_that_is_given_is_kept(registry, minimal):
    loaded = load_plan(
        [minimal],
        mode="paper",
        environment={},
        overrides=["mode.feed.params.source={name: sample, params: {years: 9}}"],
    )
    assert effective_feed(loaded.plan, registry).params["source"]["params"] == {"years": 9}


def test_feed_without_source_takes_the_place_of_the_idea(registry, minimal):
    registry.register(
        FeedPlugin(name="live", create=type(registry.create("feed", PluginRef(name="sample"))), summary="Live."), "toys"
    )
    loaded = load_plan([minimal], mode="live", environment={}, overrides=["mode.feed=live"])
    assert effective_feed(loaded.plan, registry) == PluginRef(name="live")


def test_backtest_uses_the_feed_of_the_idea(registry, minimal):
    assert effective_feed(load_plan([minimal], environment={}).plan, registry) == PluginRef(name="sample")


def test_wrong_feed_of_the_idea_is_told_once(registry, write):
    path = write("data: {feed: {name: sample, params: {year: 2}}}\nstrategy: {name: momentum, params: {top_n: 1}}\n")
    (line,) = refused(registry, path, mode="paper")
    assert line.startswith("plan.yaml:1:38: data.feed.params.year: sample has no parameter 'year'")


def test_wrong_feed_of_the_mode_is_told_where_it_is_written(registry, minimal, write):
    write("feed: {name: replay, params: {bars_per_second: -1}}\n", "modes/paper.yaml")
    assert refused(registry, minimal, mode="paper") == [
        "modes/paper.yaml:1:48: mode.feed.params.bars_per_second: out of range; received -1; allowed: >= 0"
    ]


def test_backtrader_strategy_alone_passes_unread(registry, write):
    check(registry, write("data: {feed: sample}\nstrategy: {backtrader: 'not_there.module:Cross', params: {any: 1}}\n"))


def test_backtrader_strategy_takes_no_sizer_exits_or_company(registry, write):
    path = write(
        "data: {feed: sample}\nsleeves:\n"
        "  - {name: a, share: 0.5, strategy: {backtrader: ./mine.py:Cross}, sizer: kelly, exits: [trailing_stop]}\n"
        "  - {name: b, share: 0.5, strategy: {name: momentum, params: {top_n: 1}}}\n"
    )
    assert refused(registry, path) == [
        "plan.yaml:3:27: sleeves.0.strategy: a Backtrader strategy must be alone in its account; received 2 sleeves; keep "
        "this one",
        "plan.yaml:3:68: sleeves.0.sizer: a Backtrader strategy sizes and exits by itself; remove `sizer`",
        "plan.yaml:3:82: sleeves.0.exits: a Backtrader strategy sizes and exits by itself; remove `exits`",
    ]


@pytest.mark.parametrize("text", ["Cross", "module.Cross", "./mine.txt:Cross", "mine.py", ":Cross", "a b:Cross"])
def test_malformed_backtrader_reference_is_refused(registry, write, text):
    path = write(f"data: {{feed: sample}}\nstrategy: {{backtrader: '{text}'}}\n")
    (line,) = refused(registry, path)
    assert line.startswith(
        f"plan.yaml:2:24: sleeves.0.strategy.backtrader: not a reference to a class; received '{text}'; allowed: "
    )


def test_backtrader_class_is_no_sizer(registry, write):
    path = write("data: {feed: sample}\nstrategy: {name: momentum, params: {top_n: 1}}\nsizer: {backtrader: 'a.b:C'}\n")
    assert refused(registry, path) == [
        "plan.yaml:3:9: sleeves.0.sizer.backtrader: a Backtrader class can be a strategy, not a sizer; received 'a.b:C'"
    ]


def test_python_class_beside_the_config_is_checked_like_a_plugin(registry, write):
    write(
        "class Mine:\n    def __init__(self, fast: int = 3) -> None: ...\n    def on_bar(self, market, portfolio): ...\n",
        "mine.py",
    )
    check(registry, write("data: {feed: sample}\nstrategy: {python: ./mine.py:Mine, params: {fast: 5}}\n"))
    path = write("data: {feed: sample}\nstrategy: {python: ./mine.py:Mine, params: {fsat: 5}}\n")
    assert refused(registry, path) == [
        "plan.yaml:2:45: sleeves.0.strategy.params.fsat: Mine has no parameter 'fsat'; received 5; known: fast. Did you "
        "mean 'fast'?"
    ]
