# ruff: noqa: E501 - tables of files and the messages they give
import datetime as dt

import pytest

from tradewind.config.loader import load_plan
from tradewind.config.plan import PluginRef
from tradewind.errors import ConfigError, UserError


def load(path, **options):
    return load_plan([path], environment=options.pop("environment", {}), **options)


def refused(path, **options):
    with pytest.raises(ConfigError) as caught:
        load(path, **options)
    return str(caught.value).replace(f"{path.parent}/", "").split("\n")


def test_shorthand_becomes_one_sleeve_named_main(write):
    path = write("data: {feed: sample}\nstrategy: momentum\nsizer: kelly\nexits: [trailing_stop]\nshare: 0.5\n")
    (sleeve,) = load(path).plan.sleeves
    assert (sleeve.name, sleeve.share) == ("main", 0.5)
    assert sleeve.strategy == PluginRef(name="momentum")
    assert sleeve.sizer == PluginRef(name="kelly")
    assert sleeve.exits == (PluginRef(name="trailing_stop"),)


@pytest.mark.parametrize("key", ["strategy: momentum", "sizer: kelly", "exits: []", "share: 0.5"])
def test_shorthand_beside_sleeves_is_refused(write, key):
    path = write(f"data: {{feed: sample}}\nsleeves: [{{strategy: momentum}}]\n{key}\n")
    name = key.partition(":")[0]
    assert refused(path) == [
        f"plan.yaml:3:1: {name}: given beside `sleeves` (plan.yaml:2:1); move it into one of the sleeves, or remove "
        "`sleeves`"
    ]


def test_every_value_knows_where_it_was_written(write):
    base = write("name: base\ndata:\n  feed: sample\nstrategy: {name: momentum, params: {top_n: 3}}\n")
    over = write("seed: 7\naccount: {cash: 5}\n", "over.yaml")
    loaded = load_plan([base, over], overrides=["sizer=kelly"], start="2001-02-03", environment={})
    origins = {path: str(origin) for path, origin in loaded.origins.items()}
    assert origins["name"] == f"{base}:1:7"
    assert origins["data.feed.name"] == f"{base}:3:9"
    assert origins["sleeves.0.strategy.params.top_n"] == f"{base}:4:44"
    assert origins["seed"] == f"{over}:1:7"
    assert origins["account.cash"] == f"{over}:2:17"
    assert origins["account.leverage"] == "default"
    assert origins["sleeves.0.sizer.name"] == "--set sizer"
    assert origins["data.start"] == "--start"
    assert origins["mode.mode"] == "--mode"
    assert loaded.directory == base.parent.resolve()
    assert loaded.source["sleeves"][0]["strategy"] == {"name": "momentum", "params": {"top_n": 3}}


def test_every_value_of_the_plan_has_an_origin(minimal):
    loaded = load(minimal, mode="paper")

    def leaves(value, path):
        if isinstance(value, dict | list) and value:
            items = value.items() if isinstance(value, dict) else enumerate(value)
            return {leaf for key, one in items for leaf in leaves(one, (*path, str(key)))}
        return {".".join(path)}

    assert set(loaded.origins) == leaves(loaded.plan.model_dump(mode="json"), ())


def test_later_file_is_merged_deep_and_replaces_lists(write):
    base = write(
        "data: {feed: sample, symbols: [A, B, C], references: {benchmark: SPX}}\nstrategy: momentum\nreports: [html, png]\n"
    )
    over = write("data: {symbols: [D], references: {vix: VIX}}\nreports: [json]\n", "over.yaml")
    plan = load_plan([base, over], environment={}).plan
    assert plan.data.symbols == ("D",)
    assert plan.data.references == {"benchmark": "SPX", "vix": "VIX"}
    assert [report.name for report in plan.reports] == ["json"]


def test_later_file_may_give_parameters_to_a_plugin_named_before(write, minimal):
    over = write("sizer: {params: {fraction: 0.25}}\n", "over.yaml")
    base = write("data: {feed: sample}\nstrategy: momentum\nsizer: kelly\n")
    sizer = load_plan([base, over], environment={}).plan.sleeves[0].sizer
    assert sizer == PluginRef(name="kelly", params={"fraction": 0.25})


def test_later_file_that_names_another_plugin_drops_the_parameters(write, minimal):
    over = write("strategy: {name: hold}\n", "over.yaml")
    assert load_plan([minimal, over], environment={}).plan.sleeves[0].strategy == PluginRef(name="hold")


def test_later_file_with_the_same_plugin_keeps_the_parameters(write, minimal):
    over = write("strategy: {name: momentum, params: {drift: 1}}\n", "over.yaml")
    assert load_plan([minimal, over], environment={}).plan.sleeves[0].strategy.params == {"top_n": 3, "drift": 1}


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("account.cash=5", lambda plan: plan.account.cash == 5.0),
        ("name=010", lambda plan: plan.name == "010"),
        ("data.symbols=[NO, ON]", lambda plan: plan.data.symbols == ("NO", "ON")),
        ("data.references.vix=VIX", lambda plan: plan.data.references == {"vix": "VIX"}),
        ("sizer=kelly", lambda plan: plan.sleeves[0].sizer == PluginRef(name="kelly")),
        (
            "sleeves.0.sizer={name: kelly, params: {fraction: 1}}",
            lambda plan: plan.sleeves[0].sizer.params["fraction"] == 1,
        ),
        ("sleeves.0.strategy.params.top_n=9", lambda plan: plan.sleeves[0].strategy.params == {"top_n": 9}),
        ("strategy.params.top_n=9", lambda plan: plan.sleeves[0].strategy.params == {"top_n": 9}),
        ("data.feed.params.years=2", lambda plan: plan.data.feed == PluginRef(name="sample", params={"years": 2})),
        ("reports.0=html", lambda plan: plan.reports == (PluginRef(name="html"),)),
        ("exits.0.name=trailing_stop", lambda plan: plan.sleeves[0].exits == (PluginRef(name="trailing_stop"),)),
        ("exchange.allow_short=false", lambda plan: plan.exchange.allow_short is False),
        ("costs=", lambda plan: plan.costs is None),
    ],
)
def test_set_changes_one_value(minimal, override, read):
    assert read(load(minimal, overrides=[override]).plan)


def test_set_reaches_list_indexes_and_later_ones_win(write):
    path = write(
        "data: {feed: sample}\nregime: {detector: threshold}\n"
        "sleeves: [{name: a, strategy: momentum, share: {bull: 0.1}}, {name: b, strategy: momentum, share: 0}]\n"
    )
    plan = load(path, overrides=["sleeves.0.share.bull=0.5", "sleeves.1.share=0.2", "sleeves.1.share=0.3"]).plan
    assert (plan.sleeves[0].share, plan.sleeves[1].share) == ({"bull": 0.5}, 0.3)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("name", "--set 'name': expected path=value, for example --set sleeves.0.sizer=kelly"),
        ("=3", "--set '=3': expected path=value"),
        ("a..b=3", "--set 'a..b=3': expected path=value"),
        ("sleeves.2.share=1", "--set sleeves.2.share: sleeves is a list; received the index '2'; allowed: 0 to 0, or 1 to append"),
        ("sleeves.x.share=1", "--set sleeves.x.share: sleeves is a list; received the index 'x'"),
        ("seed.a=1", "--set seed.a: seed is 4 (plan.yaml:3:7), not a mapping; it has no 'a'"),
        ("sleeves.0.shrae=1", "--set sleeves.0.shrae: sleeves.0.shrae: unknown key 'shrae'; received 1; known: exits, name, share, sizer, strategy. Did you mean 'share'?"),
        ("account.cash=many", "--set account.cash: account.cash: expected a number (> 0); received 'many' (text)"),
        ("name=[a", "--set name: not valid YAML"),
    ],
)  # fmt: skip
def test_wrong_set_is_refused(write, texts, override, message):
    path = write(f"{texts.minimal}seed: 4\n")
    (line,) = refused(path, overrides=[override])
    assert line.startswith(message)


def test_shorthand_set_on_several_sleeves_asks_which(write):
    path = write("data: {feed: sample}\nsleeves: [{name: a, strategy: x}, {name: b, strategy: x}]\n")
    assert refused(path, overrides=["sizer=kelly"]) == [
        "--set sizer: there are 2 sleeves; say which, for example --set sleeves.0.sizer=..."
    ]


def test_start_and_end_replace_those_of_the_file(write):
    path = write("data: {feed: sample, start: 2000-01-01, end: 2009-12-31}\nstrategy: momentum\n")
    data = load(path, start="2001-02-03", end=dt.date(2002, 3, 4)).plan.data
    assert (data.start, data.end) == (dt.date(2001, 2, 3), dt.date(2002, 3, 4))


@pytest.mark.parametrize("text", ["2001-2-3", "20010203", "yesterday", "2001-02-30", "2001-02-03T00:00:00x"])
def test_flag_that_is_no_date_is_refused(minimal, text):
    assert refused(minimal, start=text) == [
        f"--start: data.start: expected a date like 2020-01-31; received '{text}' (text)"
    ]


@pytest.mark.parametrize("number", ["0", "86400", "20200101", "1.5"])
def test_number_is_no_date(write, number):
    path = write(f"data: {{feed: sample, start: {number}}}\nstrategy: momentum\n")
    assert refused(path) == [f"plan.yaml:1:29: data.start: expected a date like 2020-01-31; received {number}"]


def test_environment_fills_text_and_types_a_value_that_is_one_reference(write):
    path = write(
        "name: run-${WHO}-${SUFFIX:-x}\nseed: ${SEED}\naccount: {cash: '${CASH:-1_000}'}\ndata: {feed: sample}\n"
        "strategy: momentum\nexchange: {allow_short: '${SHORT}'}\ncosts: $${literal}\n"
    )
    loaded = load(path, environment={"WHO": "me", "SEED": "7", "SHORT": "false", "SUFFIX": ""})
    plan = loaded.plan
    assert (plan.name, plan.seed, plan.account.cash, plan.exchange.allow_short) == ("run-me-x", 7, 1000.0, False)
    assert plan.costs == PluginRef(name="${literal}")
    assert str(loaded.origins["seed"]) == f"{path}:2:7 (environment SEED)"


def test_environment_text_is_not_expanded_again(write, texts):
    path = write(f"{texts.minimal}costs: ${{A}}\n")
    assert load(path, environment={"A": "${B}"}).plan.costs == PluginRef(name="${B}")


def test_all_missing_variables_are_named_with_their_place(write, texts):
    path = write(f"{texts.minimal}name: x${{ONE}}\nseed: ${{TWO}}\ncosts: ${{3}}\n")
    assert refused(path, environment={"TWO": ""}) == [
        "plan.yaml:3:7: name: the environment variable ONE is not set; set it, or give a default: ${ONE:-value}",
        "plan.yaml:4:7: seed: the environment variable TWO is empty; set it, or give a default: ${TWO:-value}",
        "plan.yaml:5:8: costs: '${3}' is no reference; write ${NAME} or ${NAME:-default}",
    ]


def test_overridden_reference_need_not_be_set(write, texts):
    path = write(f"{texts.minimal}seed: ${{MISSING}}\n")
    assert load(path, overrides=["seed=3"]).plan.seed == 3


def test_wrong_type_of_a_variable_names_the_variable(write, texts):
    path = write(f"{texts.minimal}seed: ${{SEED}}\n")
    (line,) = refused(path, environment={"SEED": "many"})
    assert line == "plan.yaml:3:7 (environment SEED): seed: expected a whole number (>= 0); received 'many' (text)"


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(write):
    path = write(
        "data: {feed: {nam: sample}, symbols: AAPL}\n"
        "startegy: momentum\n"
        "cash: 3\n"
        "account: {cash: '5', cash_buffer: 1.5}\n"
        "exchange: {allow_short: True}\n"
        "sleeves:\n"
        "  - {name: a, share: {bull: 2}, sizer: [x]}\n"
        "  - {name: a, strategy: {name: x, python: y}, share: all}\n"
    )
    assert refused(path) == [
        "plan.yaml:1:15: data.feed.nam: unknown key 'nam'; received 'sample' (text); "
        "known: backtrader, name, params, python. Did you mean 'name'?",
        "plan.yaml:1:38: data.symbols: expected a list; received 'AAPL' (text)",
        "plan.yaml:2:1: startegy: unknown key 'startegy'; received 'momentum' (text); known: account, costs, data, "
        "exchange, exits, name, rebalance, regime, reports, risk, seed, share, sizer, sleeves, strategy. Did you mean 'strategy'?",
        "plan.yaml:3:1: cash: unknown key 'cash' at the top; write account.cash",
        "plan.yaml:4:17: account.cash: expected a number (> 0); received '5' (text); write the number without quotes or "
        "leading zeros",
        "plan.yaml:4:35: account.cash_buffer: out of range; received 1.5; allowed: >= 0 and <= 1",
        "plan.yaml:5:25: exchange.allow_short: expected true or false; received 'True' (text); write true or false, in "
        "lower case and without quotes",
        "plan.yaml:7:5: sleeves.0.strategy: required key 'strategy' is missing; add it",
        "plan.yaml:7:29: sleeves.0.share.bull: out of range; received 2; allowed: >= 0 and <= 1",
        "plan.yaml:7:33: sleeves.0.sizer: expected a mapping; received a list",
        "plan.yaml:8:15: sleeves.1.strategy: give exactly one of name, python and backtrader; received name, python",
        "plan.yaml:8:54: sleeves.1.share: expected a number or a mapping (>= 0 and <= 1); received 'all' (text)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy: m", "plan.yaml:1:1: data: required key 'data' is missing; add it"),
        ("data: {feed: s}", "plan.yaml:1:1: sleeves: required key 'sleeves' is missing; add it"),
        ("data: {feed: s}\nsleeves: []", "plan.yaml:2:1: sleeves: needs at least 1 of them; received 0"),
        ("data: {}\nstrategy: m", "plan.yaml:1:1: data.feed: required key 'feed' is missing; add it"),
        ("data:\nstrategy: m", "plan.yaml:1:6: data: expected a mapping; received null"),
        ("data: {feed: s, start: 2020-02-01, end: 2020-01-01}\nstrategy: m", "plan.yaml:1:41: data.end: 2020-01-01 lies before start 2020-02-01"),
        ("data: {feed: s}\nstrategy: m\nshare: {bull: 1}", "plan.yaml:2:1: sleeves: shares are given by regime (bull), but there is no `regime:`; add one, or give one share for all"),
        ("data: {feed: s}\nsleeves:\n- {strategy: m, share: 0.6}\n- {name: b, strategy: m, share: 0.6}", "plan.yaml:2:1: sleeves: the sleeves' shares sum to 1.2, more than account.leverage 1; lower the shares or raise account.leverage"),
        ("data: {feed: s}\nregime: {detector: d}\nsleeves:\n- {strategy: m, share: {bull: 0.6}}\n- {name: b, strategy: m, share: 0.6}", "plan.yaml:3:1: sleeves: the sleeves' shares sum to 1.2 in regime 'bull', more than account.leverage 1"),
        ("data: {feed: s}\nsleeves:\n- {name: x, strategy: m, share: 0}\n- {name: x, strategy: m}", "plan.yaml:4:10: sleeves.1.name: two sleeves are named 'x'; give each its own name"),
        ("data: {feed: s}\nstrategy: m\nname: a/b", "plan.yaml:3:7: name: not allowed here; received 'a/b' (text); allowed: text that matches"),
        ("data: {feed: s}\nstrategy: ''", "plan.yaml:2:11: sleeves.0.strategy: "),
        ("data: {feed: s}\nstrategy: m\nmode: paper", "plan.yaml:3:1: mode: a configuration is the same in every mode; received 'paper' (text); choose with --mode"),
        ("data: {feed: s}\nstrategy: m\nseed: 1.0", "plan.yaml:3:7: seed: expected a whole number (>= 0); received 1.0"),
        ("data: {feed: s}\nstrategy: m\nseed: true", "plan.yaml:3:7: seed: expected a whole number (>= 0); received true"),
    ],
)  # fmt: skip
def test_schema_error_says_where_and_what(write, text, message):
    (line,) = refused(write(text))
    assert line.startswith(message)


def test_shares_may_exceed_one_with_leverage(write):
    path = write(
        "account: {leverage: 1.5}\ndata: {feed: s}\n"
        "sleeves: [{name: a, strategy: m, share: 0.75}, {name: b, strategy: m, share: 0.75}]\n"
    )
    assert sum(sleeve.share_in("") for sleeve in load(path).plan.sleeves) == 1.5


def test_no_file_is_a_user_error():
    with pytest.raises(UserError, match="no configuration file; give one"):
        load_plan([])


def test_environment_of_the_process_is_the_default(write, texts, monkeypatch):
    monkeypatch.setenv("TRADEWIND_TEST_SEED", "11")
    assert load_plan([write(f"{texts.minimal}seed: ${{TRADEWIND_TEST_SEED}}\n")]).plan.seed == 11


def test_relative_path_is_shown_as_it_was_given(write, monkeypatch):
    path = write("data: {feed: s}\nstrategy: m\nseed: x\n")
    monkeypatch.chdir(path.parent)
    with pytest.raises(ConfigError, match=r"^plan\.yaml:3:7: seed: "):
        load_plan([type(path)("plan.yaml")])
