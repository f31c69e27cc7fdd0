"""The state machine around a detector, every rule by hand, and its properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.errors import PluginError
from tradewind.model import RegimeEstimate
from tradewind.portfolio.regime_state import Hysteresis, RegimeState

LABELS = ("bull", "neutral", "bear", "crash")


def estimate(label: str, confidence: float = 0.9, **probabilities: float) -> RegimeEstimate:
    given_ = probabilities or {label: 1.0}
    return RegimeEstimate(label=label, probabilities=given_, confidence=confidence, fitted_until=0)


def machine(**changes: object) -> RegimeState:
    settings: dict[str, object] = {
        "confirmation_days": 3,
        "minimum_stay_days": 0,
        "confidence": 0.65,
        "hysteresis": 0.05,
        "immediate": ("crash",),
    }
    return RegimeState(LABELS, **(settings | changes))  # type: ignore[arg-type]


def walk(state: RegimeState, labels: str) -> str:
    """Feed one letter a bar (b bull, n neutral, d bear, c crash, - warming up) and return the regime of each."""
    names = {"b": "bull", "n": "neutral", "d": "bear", "c": "crash"}
    letters = {name: letter for letter, name in names.items()}
    return "".join(letters[state.update(estimate(names[x]) if x in names else None)] for x in labels)


def test_it_starts_with_the_first_label_and_keeps_it_while_the_detector_warms_up() -> None:
    assert machine().label == "bull"
    assert walk(machine(), "-----") == "bbbbb"


def test_a_label_changes_on_the_last_of_the_confirming_days() -> None:
    assert walk(machine(), "bddddd") == "bbbddd"
    assert walk(machine(confirmation_days=1), "bdb") == "bdb"


def test_confirming_days_must_follow_each_other() -> None:
    assert walk(machine(), "ddbddbdddb") == "bbbbbbbbdd"


def test_another_label_starts_the_count_again() -> None:
    assert walk(machine(), "ddnnn") == "bbbbn"
    assert walk(machine(), "dndndnddd") == "bbbbbbbbd"


def test_a_bar_without_an_estimate_neither_confirms_nor_interrupts() -> None:
    assert walk(machine(), "dd-d") == "bbbd"


def test_a_regime_lasts_its_minimum_stay() -> None:
    # Bear is entered on bar 7, so it holds on 7 to 11 whatever the detector says, five bars.
    assert walk(machine(minimum_stay_days=5), "-----dddbbbbbbb") == "bbbbbbbdddddbbb"


def test_the_first_regime_has_a_minimum_stay_too() -> None:
    assert walk(machine(minimum_stay_days=5, confirmation_days=1), "ddddddd") == "bbbbbdd"


def test_crash_is_entered_at_once_but_left_as_any_other() -> None:
    assert walk(machine(minimum_stay_days=5), "bcbbbbbb") == "bcccccbb"
    assert walk(machine(minimum_stay_days=5), "cccccccbbb") == "ccccccccc" + "b"


def test_without_immediate_labels_a_crash_is_confirmed() -> None:
    assert walk(machine(immediate=()), "cccc") == "bbcc"


def test_an_unsure_estimate_does_not_count_and_breaks_the_row() -> None:
    state = machine()
    seen = [state.update(estimate("bear", confidence)) for confidence in (0.9, 0.9, 0.64, 0.9, 0.9, 0.65)]

    assert seen == ["bull"] * 5 + ["bear"]


def test_an_unsure_crash_is_not_immediate() -> None:
    state = machine()

    assert state.update(estimate("crash", 0.6499)) == "bull"
    assert state.update(estimate("crash", 0.65)) == "crash"


@pytest.mark.parametrize(("bear", "entered"), [(0.50, "bull"), (0.52, "bull"), (0.53, "bear")])
def test_a_new_label_needs_its_lead_in_probability_over_the_present_one(bear: float, entered: str) -> None:
    state = machine(confirmation_days=1)

    assert state.update(estimate("bear", bear=bear, bull=1.0 - bear)) == entered


def test_the_lead_of_an_immediate_label_does_not_matter() -> None:
    assert machine().update(estimate("crash", crash=0.51, bull=0.49)) == "crash"


def test_a_present_label_without_a_probability_counts_as_zero() -> None:
    assert machine(confirmation_days=1).update(estimate("bear", bear=1.0)) == "bear"


def test_a_label_the_detector_does_not_declare_is_refused_with_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"label 'bearr', which it does not declare; known: .* Did you mean 'bear'\?"):
        machine().update(estimate("bearr"))


@given(
    st.lists(st.sampled_from("bndc-"), max_size=120).map("".join),
    st.integers(1, 5),
    st.integers(0, 8),
)
def test_no_change_is_early_unconfirmed_or_without_cause(letters: str, confirmation: int, stay: int) -> None:
    seen = "b" + walk(machine(confirmation_days=confirmation, minimum_stay_days=stay), letters)

    changed_at = 1  # the first bar; `seen` begins with the regime before it
    for bar in range(1, len(seen)):
        if seen[bar] == seen[bar - 1]:
            continue
        assert letters[bar - 1] == seen[bar]
        if seen[bar] != "c":
            spoken = letters[:bar].replace("-", "")
            assert spoken.endswith(seen[bar] * confirmation)
            assert bar - changed_at >= stay
        changed_at = bar


@given(st.lists(st.sampled_from("bndc-"), max_size=80).map("".join), st.integers(0, 80))
def test_later_estimates_change_no_earlier_regime(letters: str, cut: int) -> None:
    assert walk(machine(minimum_stay_days=2), letters[:cut]) == walk(machine(minimum_stay_days=2), letters)[:cut]


@given(st.text("bndc-", max_size=60))
def test_a_confident_crash_is_always_in_force_on_its_own_bar(letters: str) -> None:
    seen = walk(machine(minimum_stay_days=4), letters)

    assert all(regime == "c" for letter, regime in zip(letters, seen, strict=True) if letter == "c")


def test_the_hysteresis_oracle() -> None:
    # REG-11: enter at 0.6 or more, leave at 0.4 or less, off at the start.
    switch = Hysteresis(enter=0.6, leave=0.4)
    values = [0.50, 0.61, 0.55, 0.41, 0.39, 0.45, 0.59, 0.60, 0.62]

    assert [int(switch.update(value)) for value in values] == [0, 1, 1, 1, 0, 0, 0, 1, 1]


def test_the_bound_in_force_follows_the_switch_and_equality_crosses_it() -> None:
    switch = Hysteresis(enter=0.6, leave=0.4)

    assert switch.bound == 0.6
    assert switch.update(0.6)
    assert switch.bound == 0.4
    assert not switch.update(0.4)


def test_an_unknown_value_leaves_the_switch_alone() -> None:
    switch = Hysteresis(enter=0.6, leave=0.4)
    switch.update(0.7)

    assert switch.update(math.nan)


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(PluginError, match=r"`leave` must not lie above `enter`; received enter 0\.4 and leave 0\.6"):
        Hysteresis(enter=0.4, leave=0.6)


@given(st.lists(st.floats(0.0, 1.0), max_size=60))
def test_the_switch_is_the_last_bound_that_was_crossed(values: list[float]) -> None:
    switch = Hysteresis(enter=0.6, leave=0.4)
    for value in values:
        switch.update(value)
    crossings = [value >= 0.6 for value in values if value >= 0.6 or value <= 0.4]

    assert switch.active == (crossings[-1] if crossings else False)
