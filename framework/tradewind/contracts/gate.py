"""Gates: what stands between a decision and the broker."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

from tradewind.model.frozen import seal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.model.order import OrderIntent
    from tradewind.model.standing import Standing
    from tradewind.model.typing import FloatArray, IntArray

__all__ = ["AccountView", "Gate", "OrderBatch", "Verdict"]


class Verdict(NamedTuple):
    """What a gate says of one order; it says nothing of those that it allows as they are.

    Parameters
    ----------
    order
        Number of the order within the batch.
    quantity
        Signed quantity that is allowed: 0 rejects the order, less than asked resizes it. It never grows nor changes
        sides.
    code
        A short word for journal, report and programs: ``position_size``.
    text
        The rule and the numbers: ``AAPL would be 21.3 % of equity, allowed are 15 %``.
    """

    order: int
    quantity: float
    code: str
    text: str


_COLUMNS = (
    "quantities",
    "prices",
    "previous_prices",
    "ages",
    "multipliers",
    "held",
    "openings",
    "stops",
    "sectors",
    "short_prices",
)


@dataclass(frozen=True, slots=True, eq=False)
class OrderBatch:
    """Orders decided together, as columns of n entries; the quantities are what the gates before have left.

    The arrays are read-only.

    Parameters
    ----------
    intents
        The orders as they were decided.
    quantities
        Signed; 0 for an order that a gate before has rejected.
    prices
        Last price per unit; NaN where there never was one.
    previous_prices
        Price before the last one; NaN where there is none.
    ages
        Bars since the last price, 0 for one of this bar.
    multipliers
        Value of one unit at price 1.
    held
        Signed quantity of the instrument that the account holds, with what orders at work will still bring.
    openings
        Signed part of each quantity that opens or increases a position, the orders before it in the batch included;
        the rest makes a position smaller.
    stops
        Price at which the trade is given up; NaN where it is not known.
    sectors
        Index in `AccountView.sectors` of the instrument's sector, or else of its underlying's; -1 for none.
    short_prices
        Price at which limits of size count a unit sold short, where that is not its price: of an option what stands
        behind it, the underlying's price of a call and the strike of a put; NaN where it is not known; 0 for all else.
    """

    intents: tuple[OrderIntent, ...]
    quantities: FloatArray
    prices: FloatArray
    previous_prices: FloatArray
    ages: IntArray
    multipliers: FloatArray
    held: FloatArray
    openings: FloatArray
    stops: FloatArray
    sectors: IntArray
    short_prices: FloatArray = None  # type: ignore[assignment]  # becomes a column of zeros

    def __post_init__(self) -> None:
        if self.short_prices is None:
            object.__setattr__(self, "short_prices", np.zeros(len(self.intents)))
        seal(self, *_COLUMNS)

    def __len__(self) -> int:
        return len(self.intents)

    @property
    def opening_values(self) -> FloatArray:
        """Value at which limits of size count what each order opens, in the account's currency, at least 0."""
        values: FloatArray = abs(self.openings) * self.counted_prices(self.openings) * self.multipliers
        return values

    def counted_prices(self, positions: FloatArray) -> FloatArray:
        """Return the prices at which limits of size count one unit of each order's instrument.

        Parameters
        ----------
        positions
            What is held, or is to be, shape (n,); below 0 it is counted as sold short.
        """
        if not self.short_prices.any():
            return self.prices
        return np.where((positions < 0.0) & (self.short_prices != 0.0), self.short_prices, self.prices)


@dataclass(frozen=True, slots=True, eq=False)
class AccountView:
    """The account on the close on which a batch was decided. Values are in its currency.

    Parameters
    ----------
    bar, time
        Number and timestamp of the bar.
    equity, cash
        Equity at the last prices; cash less what orders at work will need.
    credit
        Cash that may be borrowed.
    leverage
        Declared `account.leverage`.
    regime
        Confirmed regime; empty in a run without regimes.
    standing
        What the breakers and the operator allow.
    standing_by
        Name of the breaker that has brought the standing about, or ``operator``; empty while it is active.
    gross
        Absolute value of all positions, with what orders at work will still bring; of options sold short that of what
        stands behind them.
    sectors
        Names of the sectors.
    sector_values
        The same of the positions of each sector, one entry a sector.
    adjusted
        Whether prices are adjusted for splits and dividends: price levels mean nothing then.
    symbols
        Symbols that can be traded.
    sent
        Orders sent before in this second, minute and day of the bars' clock.
    working
        Orders at work that do not rest, by symbol.
    furthest_move, moved
        Greatest move of a held instrument's price from the one before, as a part of it, and its symbol: a wrong price
        makes a wrong equity, of which all limits are parts.
    """

    bar: int
    time: np.datetime64
    equity: float
    cash: float
    credit: float
    leverage: float
    regime: str
    standing: Standing
    gross: float
    sectors: tuple[str, ...]
    sector_values: FloatArray
    adjusted: bool
    symbols: frozenset[str]
    sent: tuple[int, int, int]
    working: Mapping[str, Sequence[OrderIntent]]
    furthest_move: float = 0.0
    moved: str = ""
    standing_by: str = ""

    def __post_init__(self) -> None:
        seal(self, "sector_values")
        object.__setattr__(self, "working", MappingProxyType({key: tuple(one) for key, one in self.working.items()}))


@runtime_checkable
class Gate(Protocol):
    """A check of a batch of orders before it is sent.

    It is pure: the same batch and account give the same verdicts, and it remembers nothing. Gates are asked one after
    the other, each with what the one before has left. Orders that only make positions smaller should pass, so that a
    limit that is exceeded never holds a position.

    Optional are the attributes ``stage: int = 50``, its place in the pipeline (built-in gates stand at 0 to 40, smaller
    first), and ``structural: bool = False`` for one that also checks the orders of a `bt.Strategy`.

    Optional is also ``begin(symbols: frozenset[str]) -> None``: called once before the first bar with the symbols that
    can be traded. It raises a `tradewind.errors.ConfigError` where a parameter names another, which would have no
    effect.
    """

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return a verdict for each order that is not allowed as it is."""
        ...
