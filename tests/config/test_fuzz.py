"""Random configurations and flags: a plan or an error of tradewind, never anything else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.config.loader import LoadedPlan, check_plan, load_plan
from tradewind.config.plan import Plan, SleeveConfig
from tradewind.errors import ConfigError, PluginError, TradewindError
from tradewind.registry import Registry

WORDS = sorted(
    {
        *Plan.model_fields,
        *SleeveConfig.model_fields,
        *("feed", "symbols", "references", "start", "end", "detector", "compare", "cash", "params", "python", "name"),
        *("momentum", "sample", "equal_weight", "bull", "./absent.py:Class", "no.module:Class", "0", "", "${X}", "a.b"),
    }
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["2020-01-31", "2020-13-01", "true", *WORDS])
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
REFERENCES = st.sampled_from(["sample", "momentum", "absent"]) | st.fixed_dictionaries(
    {
        "name": st.sampled_from(["sample", "momentum", "equal_weight"]),
        "params": st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=2),
    }
)
PLANS = st.fixed_dictionaries(
    {"data": VALUES | st.fixed_dictionaries({"feed": REFERENCES}), "strategy": VALUES | REFERENCES},
    optional={name: VALUES | REFERENCES for name in ("sizer", "exits", "share", *Plan.model_fields) if name != "data"},
)
PATHS = st.lists(st.sampled_from(WORDS) | st.integers(0, 3).map(str), min_size=1, max_size=5).map(".".join)
QUICK = settings(deadline=None, max_examples=200)


def outcome(path, **options):
    try:
        return load_plan([path], environment={}, **options)
    except TradewindError as error:
        return error


@QUICK
@given(PLANS)
def test_any_configuration_gives_a_plan_or_a_placed_config_error(tmp_path_factory, plan):
    path = tmp_path_factory.getbasetemp() / "fuzzed_plan.yaml"
    path.write_text(json.dumps(plan, ensure_ascii=False))
    found = outcome(path)
    assert isinstance(found, LoadedPlan | ConfigError)
    if isinstance(found, ConfigError):
        assert all(line.startswith(f"{path}:") for line in str(found).split("\n"))


@QUICK
@given(st.lists(st.builds("{}={}".format, PATHS, VALUES.map(json.dumps)), max_size=3))
def test_any_set_gives_a_plan_or_a_config_error(tmp_path_factory, overrides):
    path = tmp_path_factory.getbasetemp() / "fuzzed_set.yaml"
    path.write_text("data: {feed: sample}\nstrategy: momentum\nreports: [html]\n")
    assert isinstance(outcome(path, overrides=overrides), LoadedPlan | ConfigError)


@QUICK
@given(st.dictionaries(st.sampled_from(["top_n", "lookback_bars", "schedule", "x"]), VALUES, max_size=3), REFERENCES)
def test_any_parameters_are_checked_without_another_error(tmp_path_factory, params, feed):
    path = tmp_path_factory.getbasetemp() / "fuzzed_check.yaml"
    plan = {"data": {"feed": feed}, "strategy": {"name": "high_52w", "params": params}}
    path.write_text(json.dumps(plan, ensure_ascii=False))
    loaded = outcome(path)
    if isinstance(loaded, LoadedPlan):
        assert isinstance(checked(loaded), ConfigError | PluginError | None)


def checked(loaded):
    try:
        return check_plan(loaded, INSTALLED)
    except TradewindError as error:
        return error


INSTALLED = Registry.load()
