"""Conformance of gates."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from tradewind.contracts import Gate, OrderBatch, Verdict
from tradewind.errors import PluginError
from tradewind.risk.pipeline import GatePipeline
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.gate_scenes import GateScene, gate_scenes, hostile_scenes, scene_of, streamed_scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView

__all__ = ["GateKit"]

_COLUMNS = tuple(one.name for one in fields(OrderBatch) if one.name != "intents")
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_ROUNDING = 1e-6


class GateKit(PluginKit):
    """What every gate keeps: it is pure, allows as much or less, and lets positions become smaller.

    Attributes
    ----------
    refuses_closings
        The gate may refuse orders that only make a position smaller: one that asks whether an order can be sent at
        all, not whether there is too much of something.
    order_matters
        What is left of a batch depends on the order of its orders, though each is for another instrument: the first
        are served.
    """

    kind = "gate"
    refuses_closings: ClassVar[bool] = False
    order_matters: ClassVar[bool] = False

    def exceeded(self, batch: OrderBatch, account: AccountView) -> str:
        """Say by how much the orders that a gate has left exceed its limit; empty where they do not.

        Override this: the kit then sends random streams of orders through the gate and asks after every batch. A limit
        that was exceeded before is not exceeded by orders that only close.
        """
        del batch, account
        return ""

    def test_an_empty_batch_gets_no_verdict(self) -> None:
        """A batch may be empty: return nothing, and take no maximum of nothing."""
        scene = _part(scene_of(1), [])
        verdicts = self._create().check(scene.batch, scene.account)
        if len(verdicts):
            self._fail(scene, "there are verdicts on no order", verdicts, "Return () for an empty batch.")

    def test_each_verdict_names_an_order_once(self) -> None:
        """`Verdict.order` is the number of an order of the batch, as an int, and each order has one verdict at most."""
        for scene, verdicts in self._answers():
            numbers = [verdict.order for verdict in verdicts]
            known = all(type(number) is int and 0 <= number < len(scene.batch) for number in numbers)
            if not known or len(set(numbers)) < len(numbers):
                remedy = "Give one verdict an order, with its number in the batch as an int."
                self._fail(scene, "a verdict names no order, or an order twice", numbers, remedy)

    def test_an_order_never_grows_nor_changes_sides(self) -> None:
        """A verdict leaves less than was asked, on the same side, or 0. An order that stays gets no verdict."""
        for scene, verdicts in self._answers():
            for verdict in verdicts:
                asked, left = float(scene.batch.quantities[verdict.order]), verdict.quantity
                if left != 0.0 and not (isinstance(left, float) and math.isfinite(left) and 0.0 < left / asked < 1.0):
                    remedy = "Return a float between 0 and the quantity, and no verdict where all of it is allowed."
                    self._fail(scene, f"an order for {asked:g} is allowed {left!r}", verdict, remedy)

    def test_an_order_that_was_refused_before_gets_no_verdict(self) -> None:
        """A quantity of 0 was refused by another gate: it counts for nothing and is not refused once more."""
        if getattr(self._create(), "structural", False):
            pytest.skip("a structural gate looks at orders of 0, too")
        for scene, verdicts in self._answers():
            again = [verdict for verdict in verdicts if scene.batch.quantities[verdict.order] == 0.0]
            if again:
                self._fail(scene, "an order of 0 has a verdict", again[0], "Pass over orders whose quantity is 0.")

    def test_the_code_is_a_short_word(self) -> None:
        """`Verdict.code` is for programs and journals: lower case, underscores, at most 40 letters, always the same."""
        for scene, verdicts in self._answers():
            for verdict in verdicts:
                if not isinstance(verdict.code, str) or not _CODE.fullmatch(verdict.code):
                    self._fail(scene, "the code is no short word", verdict.code, "Use one like 'position_size'.")

    def test_the_text_names_the_symbol(self) -> None:
        """`Verdict.text` is for people: the symbol, the rule and its numbers, so that the order can be mended."""
        for scene, verdicts in self._answers():
            for verdict in verdicts:
                symbol = scene.batch.intents[verdict.order].instrument.symbol
                if not isinstance(verdict.text, str) or symbol not in verdict.text:
                    remedy = f"Write what is wrong: '{symbol} would be 21.3 % of equity, allowed are 15 %'."
                    self._fail(scene, f"the text of a verdict does not name {symbol}", verdict.text, remedy)

    def test_the_same_batch_gets_the_same_verdicts(self) -> None:
        """A gate is pure and remembers nothing: a restart must not change what it allows. Keep nothing in `self`."""
        scenes = [*gate_scenes(), *hostile_scenes()]
        one, other = self._create(), self._create()
        first = [list(one.check(scene.batch, scene.account)) for scene in scenes]
        again = [list(one.check(scene.batch, scene.account)) for scene in reversed(scenes)][::-1]
        fresh = [list(other.check(scene.batch, scene.account)) for scene in reversed(scenes)][::-1]
        anew = [list(self._create().check(scene.batch, scene.account)) for scene in scenes]
        remedy = "Decide on batch, account and parameters only: no state, no clock, no randomness."
        for scene, *answers in zip(scenes, first, again, fresh, anew, strict=True):
            words = ("asked again", "asked of another gate in another order", "asked after a restart")
            for how, answer in zip(words, answers[1:], strict=True):
                if repr(answer) != repr(answers[0]):
                    difference = f"{answers[0][:2]} and {answer[:2]}"
                    self._fail(scene, f"the verdicts are others when {how}", difference, remedy)

    def test_batch_and_account_are_left_as_they_were(self) -> None:
        """The next gate gets the same arrays: work on copies. The pipeline applies the verdicts."""
        for scene in (*gate_scenes(), *hostile_scenes()):
            before = {name: getattr(scene.batch, name).copy() for name in _COLUMNS}
            sectors = scene.account.sector_values.copy()
            try:
                self._create().check(scene.batch, scene.account)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
                self._fail(scene, "batch or account was written into", error, "Work on a copy.")
            for name, copy in before.items():
                if not np.array_equal(copy, getattr(scene.batch, name), equal_nan=True):
                    self._fail(scene, f"batch.{name} was changed", getattr(scene.batch, name), "Work on a copy.")
            if not np.array_equal(sectors, scene.account.sector_values):
                changed = scene.account.sector_values
                self._fail(scene, "account.sector_values was changed", changed, "Work on a copy.")

    def test_orders_that_only_close_pass(self) -> None:
        """A limit that is exceeded must never hold a position: what `openings` says is 0 passes untouched.

        Limit `batch.openings` and add what closes: ``quantities - openings``. A gate that asks whether an order can be
        sent at all sets ``refuses_closings = True`` in its kit.
        """
        if self.refuses_closings or getattr(self._create(), "structural", False):
            pytest.skip("the gate may refuse what closes")
        for scene, verdicts in self._answers():
            if scene.repeats is not None:
                continue
            for verdict in verdicts:
                closing = float(scene.batch.quantities[verdict.order] - scene.batch.openings[verdict.order])
                if abs(verdict.quantity) < abs(closing) * (1.0 - _ROUNDING):
                    remedy = "Limit batch.openings, and let the rest of each order pass."
                    what = f"of an order that closes {closing:g}, {verdict.quantity:g} is left"
                    self._fail(scene, what, verdict, remedy)

    def test_what_was_left_passes_when_it_is_asked_again(self) -> None:
        """The orders that a gate has left keep its limit: the second time there is nothing to say.

        Usual causes: the held position is forgotten, or an order is cut to what the limit lacks before rounding.
        """
        for scene in gate_scenes():
            if scene.repeats is not None:
                continue
            judged = self._judged(scene)
            for verdict in self._create().check(judged.batch, judged.account):
                asked = float(judged.batch.quantities[verdict.order])
                if asked and abs(asked - verdict.quantity) > _ROUNDING * abs(asked):
                    what = f"of {asked:g}, which it has left itself, it leaves {verdict.quantity:g}"
                    self._fail(scene, what, verdict, "Leave what the limit allows at once.")

    def test_what_cannot_be_measured_ends_in_no_error(self) -> None:
        """Without a price, an equity or a sector a gate answers all the same: it refuses openings it cannot measure."""
        for scene in hostile_scenes():
            try:
                self._judged(scene)
            except PluginError as error:
                self._fail(scene, "its verdicts are refused", str(error), "Return finite quantities, 0 where unknown.")

    def test_other_orders_in_between_change_nothing_for_another(self) -> None:
        """What is left of orders for different instruments does not depend on which comes first.

        A gate that serves the first sets ``order_matters = True`` in its kit.
        """
        if self.order_matters:
            pytest.skip("the first orders are served")
        for seed in range(12):
            scene = scene_of(500 + seed)
            order = np.random.default_rng(seed).permutation(len(scene.batch)).tolist()
            expected = self._judged(scene).batch.quantities[order]
            received = self._judged(_part(scene, order)).batch.quantities
            if not np.allclose(expected, received, rtol=1e-9, atol=0.0):
                remedy = "Share the room among the orders by the same part, or set order_matters = True in the kit."
                self._fail(scene, f"in the order {order} something else is left", [expected, received], remedy)

    def test_the_limit_is_never_exceeded(self) -> None:
        """Random streams of orders, each bar on what those before have left, keep the limit that `exceeded` tells."""
        if type(self).exceeded is GateKit.exceeded:
            pytest.skip("override `exceeded` to say what the limit is")
        for seed in range(20):
            for holdings, scene in streamed_scenes(seed):
                judged = self._judged(scene)
                excess = self.exceeded(judged.batch, judged.account)
                if excess:
                    remedy = "Count what is held and what the batch opens before; leave the rest."
                    self._fail(scene, "the limit is exceeded by what is left", excess, remedy)
                holdings.trade(judged.batch)

    def test_its_place_in_the_pipeline_is_a_number(self) -> None:
        """`stage` is an int, built-in gates stand at 0 to 40; `structural` is a bool."""
        gate = self._create()
        stage, structural = getattr(gate, "stage", 50), getattr(gate, "structural", False)
        if type(stage) is not int or not isinstance(structural, bool):
            fail(
                self.subject().title,
                "stage is no int or structural no bool",
                received=(stage, structural),
                remedy="Write `stage: ClassVar[int] = 50` and leave `structural` out.",
            )

    def _create(self) -> Gate:
        gate: Gate = self.subject().create()
        return gate

    def _answers(self) -> list[tuple[GateScene, Sequence[Verdict]]]:
        gate = self._create()
        return [(scene, gate.check(scene.batch, scene.account)) for scene in (*gate_scenes(), *hostile_scenes())]

    def _judged(self, scene: GateScene) -> GateScene:
        pipeline = GatePipeline([("examined", self._create())])
        allowed, _ = pipeline.judge(scene.batch, scene.account, scene.repeats)
        return scene.left(allowed)

    def _fail(self, scene: GateScene, what: str, received: Any, remedy: str) -> None:
        fail(f"{self.subject().title}, {scene.name}", what, received=received, remedy=remedy)


def _part(scene: GateScene, order: list[int]) -> GateScene:
    """Return the orders with these numbers, each of another instrument."""
    chosen = np.array(order, dtype=np.int64)
    columns = {name: getattr(scene.batch, name)[chosen] for name in _COLUMNS}
    intents = tuple(scene.batch.intents[number] for number in order)
    return GateScene(scene.name, OrderBatch(intents=intents, **columns), scene.account)
