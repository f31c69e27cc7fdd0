"""The conformance kit of regime detectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tradewind.model import RegimeEstimate
from tradewind.testing.kits.decisions import DecisionKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.rehearsal import Rehearsal
from tradewind.testing.kits.rehearsals import RegimeRehearsal
from tradewind.testing.scenes import with_dead_symbol

__all__ = ["RegimeKit"]

_TOLERANCE = 1e-9


class RegimeKit(DecisionKit):
    """Tests that every detector passes."""

    kind: ClassVar[str] = "regime"
    rehearsal: ClassVar[Rehearsal] = RegimeRehearsal()

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless an answer is an estimate."""
        if not isinstance(value, RegimeEstimate):
            fail(
                where,
                "estimate returns a RegimeEstimate",
                received=type(value).__name__,
                remedy="Return RegimeEstimate(label=..., probabilities=..., confidence=..., fitted_until=market.bar)",
            )

    def test_its_labels_are_sound(self) -> None:
        """``labels`` is a tuple of different texts, calmest first, and stays the same.

        If this fails, make it a class attribute or set it once in `__init__`.
        """
        created = self.subject().create()
        labels = created.labels
        sound = isinstance(labels, tuple) and all(isinstance(label, str) and label for label in labels)
        if not sound or not labels or len(set(labels)) != len(labels):
            fail(
                self.subject().title,
                "labels is a tuple of different texts",
                received=labels,
                remedy='Write labels = ("calm", "stressed")',
            )

    def test_probabilities_are_of_its_labels_and_sum_to_one(self) -> None:
        """Every estimate has one probability for each declared label, 0 to 1, together 1, and its label is declared.

        If this fails, divide by the sum, and give 0 to labels that are impossible now.
        """
        labels = set(self.subject().create().labels)
        for name in self.scenes():
            for answer in self.answers(name):
                where, value = f"{self.subject().title}, scene {name}, bar {answer.bar}", answer.value
                if value.label not in labels or set(value.probabilities) != labels:
                    fail(
                        where,
                        f"an estimate has its declared labels, {', '.join(sorted(labels))}",
                        received=f"label {value.label!r} and probabilities of {', '.join(value.probabilities)}",
                        remedy="Declare every label in `labels`, and give each a probability",
                    )
                total = math.fsum(value.probabilities.values())
                inside = all(0.0 <= one <= 1.0 for one in (*value.probabilities.values(), value.confidence))
                if abs(total - 1.0) > _TOLERANCE or not inside:
                    fail(
                        where,
                        "probabilities and confidence lie in [0, 1], and the probabilities sum to 1",
                        received=f"{dict(value.probabilities)}, confidence {value.confidence}",
                        remedy="Divide the probabilities by their sum",
                    )

    def test_it_is_fitted_on_the_past(self) -> None:
        """``fitted_until`` is the bar of the estimate or an earlier one, and never goes back.

        If this fails, parameters were fitted on bars to come, or the number is not that of a bar.
        """
        for name in self.scenes():
            before = -1
            for answer in self.answers(name):
                fitted = answer.value.fitted_until
                if not before <= fitted <= answer.bar:
                    fail(
                        f"{self.subject().title}, scene {name}, bar {answer.bar}",
                        f"fitted_until lies between that of the bar before ({before}) and the bar",
                        received=fitted,
                        remedy="Fit on data up to the bar, and give the number of the last bar used",
                    )
                before = fitted

    def test_it_knows_more_than_one_state(self) -> None:
        """Its probabilities move: over all scenes they are not always the same.

        If this fails, a NaN turns every estimate into the fallback, or the warm-up hides all bars.
        """
        seen = {
            tuple(sorted(answer.value.probabilities.items())) for name in self.scenes() for answer in self.answers(name)
        }
        if len(seen) < 2:
            fail(
                self.subject().title,
                "it gives the same probabilities on every bar of every scene",
                received=next(iter(seen), "no estimate"),
                remedy="Look for a NaN that reaches the fallback, and for a warm-up that is too long",
            )

    def test_a_symbol_without_data_spoils_no_other(self) -> None:
        """A symbol that never trades does not turn estimates into a constant.

        If this fails, NaN of one symbol spreads: average only what is finite.
        """
        self.skip_where_refused("late_start")
        bars = self.market("ordinary")
        before = {tuple(sorted(answer.value.probabilities.items())) for answer in self.answers("ordinary")}
        answers = self.play(with_dead_symbol(bars), "scene ordinary with a symbol that never trades")
        after = {tuple(sorted(answer.value.probabilities.items())) for answer in answers}
        if len(before) > 1 and len(after) == 1:
            fail(
                f"{self.subject().title}, a symbol that never trades",
                "a symbol without data makes every estimate the same",
                received=dict(next(iter(after))),
                remedy="Leave out what is NaN: nanmean, nanmedian, or a mask",
            )
