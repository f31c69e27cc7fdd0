"""Gates, breakers and costs as a run asks them: what goes wrong in one is told as its fault, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.contracts import Cost, Costs, Reading, Verdict
from tradewind.engine.blame import blamed, raise_blamed
from tradewind.errors import PluginError
from tradewind.model import Standing
from tradewind.registry.raised import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradewind.contracts import AccountView, Breaker, BreakerPath, BreakerView, Gate, OrderBatch, Trades

__all__ = ["GuardedBreaker", "GuardedCost", "GuardedGate"]


class GuardedGate:
    """A gate whose errors and wrong answers stop the run with a message that names it.

    Parameters
    ----------
    name
        As the configuration names it.
    gate
        Asked.

    Raises
    ------
    PluginError
        If its ``stage`` is no whole number.
    """

    def __init__(self, name: str, gate: Gate) -> None:
        self._gate = gate
        self._begin = getattr(gate, "begin", None)
        self._title = _title("gate", name, gate)
        with blamed(f"{self._title}.stage", "before the first bar"):
            self.stage: int = getattr(gate, "stage", 50)
        if not isinstance(self.stage, int):
            raise PluginError(
                f"{self._title}.stage is {shown(self.stage)}; it is a whole number: lower stages are asked first"
            )
        self._called = f"{self._title}.check"

    def begin(self, symbols: frozenset[str]) -> None:
        """Tell the gate, where it wants to know, what can be traded."""
        if self._begin is not None:
            with blamed(f"{self._title}.begin", "before the first bar"):
                self._begin(symbols)

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return the gate's verdicts."""
        try:
            verdicts = self._gate.check(batch, account)
        except BaseException as error:  # a plugin may raise anything; without one nothing is spent
            raise_blamed(error, self._called, f"at bar {account.bar}")
            raise
        if not isinstance(verdicts, list | tuple):
            raise PluginError(
                f"{self._called} returned {shown(verdicts)} at bar {account.bar}; return a list of Verdicts, an empty "
                f"one where every order is allowed as it is"
            )
        for verdict in verdicts:
            if not _is_verdict(verdict):
                raise PluginError(
                    f"{self._called} returned a list with {shown(verdict)} at bar {account.bar}; return "
                    f"tradewind.contracts.Verdict(order, quantity, code, text), with two numbers and two texts"
                )
        return verdicts


class GuardedBreaker:
    """A breaker whose errors and wrong answers stop the run with a message that names it.

    Parameters
    ----------
    name
        As the configuration names it.
    breaker
        Asked. Without ``quiet`` it lets no bar be passed over.

    Raises
    ------
    PluginError
        If it has one of ``quiet`` and ``pass_over`` only.
    """

    def __init__(self, name: str, breaker: Breaker) -> None:
        self._breaker = breaker
        self._title = _title("breaker", name, breaker)
        self._observed = f"{self._title}.observe"
        self._quiet = getattr(breaker, "quiet", None)
        self._pass_over = getattr(breaker, "pass_over", None)
        self._cooled = getattr(breaker, "cooled", None)
        if (self._quiet is None) != (self._pass_over is None):
            given, missing = ("quiet", "pass_over") if self._pass_over is None else ("pass_over", "quiet")
            raise PluginError(f"{self._title} has {given} and no {missing}; give it both, or neither")

    def observe(self, view: BreakerView) -> Reading:
        """Return the breaker's reading."""
        try:
            reading = self._breaker.observe(view)
        except BaseException as error:  # a plugin may raise anything; without one nothing is spent
            raise_blamed(error, self._observed, f"at bar {view.bar}")
            raise
        if not isinstance(reading, Reading) or not (
            isinstance(reading.standing, Standing) and isinstance(reading.text, str)
        ):
            raise PluginError(
                f"{self._observed} returned {shown(reading)} at bar {view.bar}; return "
                f"tradewind.contracts.Reading(Standing.HALTED, text), and Reading() where all is well"
            )
        return reading

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars of a path leave the reading ACTIVE."""
        if self._quiet is None:
            return 0
        called, most = f"{self._title}.quiet", len(path.equity)
        with blamed(called, f"at bar {path.bar}"):
            bars = self._quiet(path)
        if not isinstance(bars, int | np.integer) or not 0 <= bars <= most:
            raise PluginError(
                f"{called} returned {shown(bars)} at bar {path.bar}; return how many of the {most} bars of the path, "
                f"from its first, leave the reading ACTIVE"
            )
        return int(bars)

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Let the breaker remember bars of a path."""
        if self._pass_over is not None:
            with blamed(f"{self._title}.pass_over", f"at bar {path.bar}"):
                self._pass_over(path, bars)

    def cooled(self, view: BreakerView) -> None:
        """Tell the breaker that a cool-down is over."""
        if self._cooled is not None:
            with blamed(f"{self._title}.cooled", f"at bar {view.bar}"):
                self._cooled(view)

    def rearm(self, view: BreakerView) -> None:
        """Let the breaker begin anew."""
        with blamed(f"{self._title}.rearm", f"at bar {view.bar}"):
            self._breaker.rearm(view)

    def state(self) -> dict[str, Any]:
        """Return what the breaker remembers."""
        with blamed(f"{self._title}.state", "when it was asked what it remembers"):
            return self._breaker.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let the breaker remember what `state` has returned."""
        with blamed(f"{self._title}.restore", "when it was told what to remember"):
            self._breaker.restore(state)


class GuardedCost:
    """A cost model whose errors and wrong answers stop the run with a message that names it.

    Parameters
    ----------
    name
        As the configuration names it.
    cost
        Asked.
    """

    def __init__(self, name: str, cost: Cost) -> None:
        self.title = f"cost model {name!r}"
        self._name = name
        self._cost = cost
        self._called = _title("cost model", name, cost)
        with blamed(f"{self._called}.uses_liquidity", "before the first bar"):
            self.uses_liquidity: bool = getattr(cost, "uses_liquidity", True)

    def costs(self, trades: Trades, bar: int | None = None) -> Costs:
        """Return what the model charges at a bar; None: at one that is not known."""
        try:
            costs = self._cost.costs(trades)
        except BaseException as error:  # a plugin may raise anything; without one nothing is spent
            raise_blamed(error, f"{self._called}.costs", _at(bar))
            raise
        if not isinstance(costs, Costs):
            raise PluginError(
                f"{self._called}.costs returned {shown(costs)} {_at(bar)}; return tradewind.contracts.Costs(commission"
                f"=..., spread=..., slippage=..., impact=...), each an array of shape ({len(trades.instruments)},)"
            )
        return costs

    def for_data(self, adjusted: bool, has_volume: bool) -> GuardedCost:
        """Return the model to use on such data."""
        asked = getattr(self._cost, "for_data", None)
        if asked is None:
            return self
        with blamed(f"{self._called}.for_data", "before the first bar"):
            cost = asked(adjusted, has_volume)
        if not isinstance(cost, Cost):
            raise PluginError(
                f"{self._called}.for_data returned {shown(cost)}; return a cost model, `self` where nothing changes"
            )
        return GuardedCost(self._name, cost)

    def stamps(self, adjusted: bool, has_volume: bool) -> tuple[str, ...]:
        """Return what of the model does not apply to such data."""
        asked = getattr(self._cost, "stamps", None)
        if asked is None:
            return ()
        with blamed(f"{self._called}.stamps", "when it was asked what to say of the data"):
            stamps = asked(adjusted, has_volume)
        if not isinstance(stamps, list | tuple) or not all(isinstance(one, str) for one in stamps):
            raise PluginError(f"{self._called}.stamps returned {shown(stamps)}; return a tuple of texts")
        return tuple(stamps)


def _at(bar: int | None) -> str:
    return "in Backtrader's run" if bar is None else f"at bar {bar}"


def _title(kind: str, name: str, plugin: object) -> str:
    return f"{kind} {name!r}: {type(plugin).__name__}"


def _is_verdict(verdict: object) -> bool:
    return (
        isinstance(verdict, Verdict)
        and isinstance(verdict.order, int | np.integer)
        and not isinstance(verdict.order, bool)
        and isinstance(verdict.quantity, int | float | np.integer | np.floating)
        and isinstance(verdict.code, str)
        and isinstance(verdict.text, str)
    )
