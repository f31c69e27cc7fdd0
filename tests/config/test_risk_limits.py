"""The limits of portfolio risk in a configuration."""

import pytest

from tradewind.config.loader import load_plan
from tradewind.errors import ConfigError

PLAN = "data: {feed: s}\nstrategy: m\nrisk:\n  limits: "


def limits(write, text):
    return load_plan([write(PLAN + text)]).plan.risk.limits.given()


def test_no_limit_is_set_by_default(write, texts):
    assert load_plan([write(texts.minimal)]).plan.risk.limits.given() == {}
    assert load_plan([write("data: {feed: s}\nstrategy: m\nrisk: off\n")]).plan.risk.limits.given() == {}


def test_limits_are_read_by_name(write):
    assert limits(write, "{value_at_risk_95: 0.02, gross: 1, effective_positions: 8}") == {
        "value_at_risk_95": 0.02,
        "gross": 1.0,
        "effective_positions": 8.0,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{value_at_risk_95: 0}", "risk.limits.value_at_risk_95: out of range; received 0; allowed: > 0 and <= 1"),
        ("{expected_shortfall_99: 3}", "risk.limits.expected_shortfall_99: out of range; received 3"),
        ("{herfindahl: 1.5}", "risk.limits.herfindahl: out of range; received 1.5; allowed: > 0 and <= 1"),
        ("{effective_positions: 0.5}", "risk.limits.effective_positions: out of range"),
        ("{gross: '1'}", "risk.limits.gross: expected a number"),
        ("{value_at_risk_90: 0.1}", "risk.limits.value_at_risk_90: unknown key"),
        ("{postion: 0.1}", "Did you mean 'position'?"),
    ],
)
def test_a_wrong_limit_is_named(write, text, message):
    with pytest.raises(ConfigError) as caught:
        limits(write, text)
    assert message in str(caught.value)


def test_the_nearest_default_is_named(write):
    with pytest.raises(ConfigError, match=r"no default gate or breaker is named 'drawdwon'; .*'drawdown'"):
        load_plan([write("data: {feed: s}\nstrategy: m\nrisk: {switched_off: [drawdwon]}\n")])


@pytest.mark.parametrize(
    ("text", "meant"),
    [("OFF", "write `off`"), ('"of"', "write `off`"), ("none", "write `off`"), ("on", "leave `risk` out")],
)
def test_a_risk_that_is_no_section_is_told_what_is_meant(write, text, meant):
    with pytest.raises(ConfigError, match=f"risk: expected a mapping; received .*; {meant}"):
        load_plan([write(f"data: {{feed: s}}\nstrategy: m\nrisk: {text}\n")])
