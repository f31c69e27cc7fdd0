"""The conformance kit of factors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tradewind.errors import TradewindError
from tradewind.testing.kits.answers import Answer, where_different
from tradewind.testing.kits.decisions import DecisionKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.permuted import permuted
from tradewind.testing.kits.rehearsals import FactorRehearsal
from tradewind.testing.scenes import with_dead_symbol

if TYPE_CHECKING:
    from tradewind.model import Bars
    from tradewind.model.typing import FloatArray
    from tradewind.testing.kits.rehearsal import Rehearsal
    from tradewind.testing.kits.watching import Reads

__all__ = ["FactorKit"]


class FactorKit(DecisionKit):
    """Tests that every factor passes."""

    kind: ClassVar[str] = "factor"
    rehearsal: ClassVar[Rehearsal] = FactorRehearsal()

    def compute(self, bars: Bars, place: str) -> FloatArray:
        """Return the batch form over a market."""
        try:
            values = self.subject().create().compute(bars)
        except (TradewindError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError) as error:
            fail(
                f"{self.subject().title}, {place}",
                "compute raised",
                received=f"{type(error).__name__}: {error}",
                remedy="Return NaN where there is no value",
            )
        expected = (len(bars), len(bars.instruments))
        if not isinstance(values, np.ndarray) or values.shape != expected or values.dtype != np.float64:
            shown = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
            fail(
                f"{self.subject().title}, {place}",
                f"compute returns an array of float64 of shape {expected} (bars, symbols)",
                received=shown,
                remedy="Return one row a bar and one column a symbol",
            )
        return values

    def exercise(self, bars: Bars, reads: Reads | None = None) -> None:
        """Run the batch form and the step form over a market."""
        self.compute(bars if reads is None else reads.watched(bars), "in the batch form")
        super().exercise(bars, reads)

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless a row of the step form is finite or NaN, one value a symbol."""
        count = len(self.market(name).instruments)
        if not isinstance(value, np.ndarray) or value.shape != (count,):
            fail(where, f"step returns shape ({count},)", received=np.shape(value), remedy="Return one value a symbol")
        if np.isinf(value).any():
            symbol = self.market(name).symbols[int(np.isinf(value).argmax())]
            fail(
                f"{where}, {symbol}",
                "a value is infinite",
                received=value[np.isinf(value)][0],
                remedy="Return NaN where a division has no answer",
            )

    def test_batch_and_step_are_equal_to_the_last_bit(self) -> None:
        """`compute` over the history and `step` bar by bar give the same numbers, so backtest and live agree.

        If this fails, write the recurrence once: sums in another order, `pandas.rolling` against a loop, or a scale
        taken over the whole history differ.
        """
        for name in self.scenes():
            bars, steps = self.market(name), self.answers(name)
            batch = [Answer(bar, row) for bar, row in enumerate(self.compute(bars, f"scene {name}"))]
            self.agree(
                batch,
                steps,
                bars,
                f"scene {name}",
                what="the step form differs from the batch form",
                remedy="Make both from one recurrence, in one order of operations",
            )

    def foreseen(self, name: str) -> tuple[Answer, ...]:
        """Return the batch form's rows over a scene."""
        bars = self.market(name)
        return self.known_by(bars, len(bars) - 1)

    def known_by(self, bars: Bars, cut: int) -> tuple[Answer, ...]:
        """Return the batch form's rows up to a bar."""
        rows = self.compute(bars, f"another future after bar {cut}")[: cut + 1]
        return tuple(Answer(bar, row) for bar, row in enumerate(rows))

    def test_a_stream_gives_the_same_answers_as_a_history(self) -> None:
        """A stream that is cut short gives the rows of the longer history.

        If this fails, a value depends on how many bars there are: a full-sample scale, rank or fit.
        """
        for name in self.among("ordinary", "late_start"):
            bars = self.market(name)
            stop = len(bars) - 20
            whole = self.compute(bars, f"scene {name}")
            short = self.compute(_until(bars, stop), f"scene {name} up to bar {stop - 1}")
            self.agree(
                [Answer(bar, row) for bar, row in enumerate(whole[:stop])],
                [Answer(bar, row) for bar, row in enumerate(short)],
                bars,
                f"scene {name} up to bar {stop - 1}",
                what="a shorter history gives another value",
                remedy="Use rows up to the bar only",
            )

    def test_a_halted_symbol_keeps_its_value(self) -> None:
        """On a bar without trading the value stays, and the bar adds nothing to the symbol's history.

        If this fails, fill the value forward, and count own bars instead of bars of the run.
        """
        for name in self.among("halts", "dark_bars", "early_end"):
            bars = self.market(name)
            values = self.compute(bars, f"scene {name}")
            halted = np.isnan(bars.fields["close"][1:])
            moved = halted & ~((values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1])))
            if moved.any():
                bar, column = np.argwhere(moved)[0] + (1, 0)
                fail(
                    f"{self.subject().title}, scene {name}, bar {bar}, {bars.symbols[column]}",
                    "the value changes on a bar without trading",
                    received=f"{values[bar, column]} after {values[bar - 1, column]}",
                    remedy="Keep the value of the bar before where every field is NaN",
                )

    def test_there_is_no_value_before_enough_own_bars(self) -> None:
        """A symbol that starts late has no value until it has as many own bars as the others needed.

        If this fails, a missing past is taken for 0, or filled backward from the first price.
        """
        self.skip_where_refused("late_start")
        ordinary = self.market("ordinary")
        known = np.isfinite(self.compute(ordinary, "scene ordinary"))
        needed = int(known.argmax(axis=0).min()) if known.any() else 0
        bars = self.market("late_start")
        values = self.compute(bars, "scene late_start")
        own = np.isfinite(bars.fields["close"]).cumsum(axis=0)
        early = np.isfinite(values) & (own <= needed)
        if early.any():
            bar, column = np.argwhere(early)[0]
            fail(
                f"{self.subject().title}, scene late_start, bar {bar}, {bars.symbols[column]}",
                f"there is a value after {own[bar, column]} own bars, where other symbols needed {needed + 1}",
                received=values[bar, column],
                remedy="Return NaN until the symbol has enough bars of its own",
            )

    def test_the_order_of_symbols_does_not_matter(self) -> None:
        """With its columns in another order the panel gives the same values, in that order.

        If this fails, a column is taken by its number, or symbols pass through a set.
        """
        for name in self.among("ordinary", "late_start"):
            bars = self.market(name)
            order = np.arange(len(bars.instruments))[::-1]
            expected = self.compute(bars, f"scene {name}")[:, order]
            values = self.compute(permuted(bars, order), f"scene {name}, symbols reversed")
            close = np.isclose(expected, values, rtol=1e-9, atol=1e-12, equal_nan=True)
            if not close.all():
                bar, column = np.argwhere(~close)[0]
                fail(
                    f"{self.subject().title}, scene {name}, bar {bar}, {bars.symbols[order[column]]}",
                    "with symbols in another order its value is another one",
                    received=f"{values[bar, column]} instead of {expected[bar, column]}",
                    remedy="Treat every column alike",
                )

    def test_a_symbol_without_data_spoils_no_other(self) -> None:
        """A symbol that never trades is NaN for itself and changes nothing into NaN for others.

        If this fails, a mean or rank over symbols lets NaN through: use nanmean, or choose what is finite.
        """
        self.skip_where_refused("late_start")
        bars = self.market("ordinary")
        expected = np.isfinite(self.compute(bars, "scene ordinary"))
        values = self.compute(with_dead_symbol(bars), "scene ordinary with a symbol that never trades")
        lost = expected & ~np.isfinite(values[:, 1:])
        if lost.any():
            bar, column = np.argwhere(lost)[0]
            fail(
                f"{self.subject().title}, a symbol that never trades, bar {bar}, {bars.symbols[column]}",
                "a symbol without data takes the value of another one away",
                received=where_different(values[bar, 1:], self.compute(bars, "scene ordinary")[bar], bars.symbols),
                remedy="Leave out what is NaN: nanmean, nanmedian, or a mask",
            )


def _until(bars: Bars, stop: int) -> Bars:
    return dataclasses.replace(
        bars,
        timestamps=bars.timestamps[:stop],
        fields={name: values[:stop] for name, values in bars.fields.items()},
        references={role: _until(series, stop) for role, series in bars.references.items()},
        ends=None,
    )
