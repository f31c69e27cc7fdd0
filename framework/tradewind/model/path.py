"""The bars ahead of a decision, as they come if nothing is traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.model.portfolio import Portfolio
    from tradewind.model.typing import BoolArray, FloatArray, IntArray

__all__ = ["Path"]


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Bars ``bar + 1`` to ``stop - 1`` of a history, for the question on which of them something happens.

    A plugin that is called on every bar may offer ``next_event(path) -> int``: the first of these bars on which its
    answer could differ from "nothing new", or ``stop`` where there is none. The engine then visits no bar before it on
    that plugin's account. It decides nothing: whatever happens is decided on the visited bar, from what is known then,
    and a run that visits every bar must give the same result.

    Parameters
    ----------
    bar
        Last bar visited.
    stop
        Bar after the last one looked at.
    fields, factors
        Whole arrays, shape (T, N), those of the plugin's `Market`; read them through `ahead` and `factor_ahead`.
    portfolio
        The sleeve's holdings at the close of ``bar``; they stay.
    """

    bar: int
    stop: int
    fields: Mapping[str, FloatArray]
    factors: Mapping[str, FloatArray]
    portfolio: Portfolio

    @property
    def held(self) -> IntArray:
        """Columns of what is held."""
        return np.flatnonzero(self.portfolio.quantities)

    def ahead(self, name: str) -> FloatArray:
        """Return the rows of a field ahead, shape (stop - bar - 1, N)."""
        return self.fields[name][self.bar + 1 : self.stop]

    def factor_ahead(self, name: str, *, before: int = 0) -> FloatArray:
        """Return the rows of a factor ahead, with ``before`` earlier rows in front of them."""
        return self.factors[name][self.bar + 1 - before : self.stop]

    def best_closes(self, columns: IntArray) -> FloatArray:
        """Return the best close since entry of held columns on each bar ahead: highest of a long, lowest of a short.

        Shape (stop - bar - 1, number of columns).
        """
        signs = np.sign(self.portfolio.quantities[columns])
        since_entry = np.where(signs > 0, self.portfolio.highest_closes[columns], self.portfolio.lowest_closes[columns])
        rows = np.vstack([since_entry[np.newaxis], self.ahead("close")[:, columns]]) * signs
        best: FloatArray = np.fmax.accumulate(rows, axis=0)[1:] * signs
        return best

    def gives_back(self, columns: IntArray, stops: FloatArray) -> BoolArray:
        """Tell on which bars ahead the close of held columns has reached a stop: at or below it for a long.

        ``stops`` has shape (number of columns,) or one row a bar ahead.
        """
        closes = self.ahead("close")[:, columns]
        reached: BoolArray = np.where(self.portfolio.quantities[columns] > 0, closes <= stops, closes >= stops)
        return reached

    def first(self, happens: BoolArray) -> int:
        """Return the first bar on which a mask over the bars ahead, shape (K,) or (K, N), is true anywhere."""
        rows = happens if happens.ndim == 1 else happens[:, 0] if happens.shape[1] == 1 else np.any(happens, axis=1)
        first = int(rows.argmax()) if rows.size else 0
        return self.bar + 1 + first if rows.size and rows[first] else self.stop
