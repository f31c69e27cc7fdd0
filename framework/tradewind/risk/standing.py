"""What the account may still do: breakers and operator together, with cool-downs and a latch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tradewind.contracts import Reading
from tradewind.model import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import Breaker, BreakerPath, BreakerView

__all__ = ["Change", "StandingBoard"]

_OPERATOR = "operator"


class Change(NamedTuple):
    """A new standing.

    Parameters
    ----------
    before, after
        Standings.
    by
        Name of the breaker, ``operator``, ``cool_down`` or ``rearm``.
    text
        Why.
    """

    before: Standing
    after: Standing
    by: str
    text: str

    @property
    def why(self) -> dict[str, str]:
        """Who and why, as the journal keeps it."""
        return {"by": self.by, "text": self.text}


@dataclass(slots=True)
class _Latch:
    bar: int
    by: str
    text: str


class StandingBoard:
    """Asks the breakers on every bar and holds what they have tripped.

    A halt lasts a cool-down. A kill is latched until it is re-armed and the breakers begin anew: by an operator, or in
    a backtest by itself after a number of bars. Smaller sizes and reduce-only last as long as a breaker asks for them.

    Parameters
    ----------
    breakers
        Name and breaker.
    cool_down_bars
        Bars that a halt lasts.
    rearm_after_bars
        Bars after which a kill by a breaker is over; 0: never.
    """

    def __init__(
        self, breakers: Sequence[tuple[str, Breaker]], *, cool_down_bars: int = 10, rearm_after_bars: int = 0
    ) -> None:
        self.standing = Standing.ACTIVE
        self.by = ""
        """Who has brought the standing about; empty while it is active."""
        self.text = ""
        self._breakers = tuple(breakers)
        self._cool_down_bars = cool_down_bars
        self._rearm_after_bars = rearm_after_bars
        self._halt: _Latch | None = None
        self._kill: _Latch | None = None
        self._operator: _Latch | None = None
        self._operator_standing = Standing.ACTIVE
        self._rearms = False
        self._ended = ""
        """What has ended a kill on this bar."""
        self._readings: dict[str, Reading] = {}

    @property
    def watches(self) -> bool:
        """Whether there is any breaker."""
        return bool(self._breakers)

    @property
    def forbidden(self) -> tuple[Standing, str]:
        """What the operator allows the account, and why, also where a breaker stands before it."""
        if self._kill is not None and self._kill.by == _OPERATOR:
            return Standing.KILLED, self._kill.text
        return self._operator_standing, "" if self._operator is None else self._operator.text

    def observe(self, view: BreakerView) -> Change | None:
        """Look at a bar and return the new standing, where it is another."""
        self._expire(view)
        readings = {name: breaker.observe(view) for name, breaker in self._breakers}
        tripped = {name: reading for name, reading in readings.items() if reading.standing is not Standing.ACTIVE}
        self._readings = tripped
        if not tripped and self.standing is Standing.ACTIVE:
            return None
        for name, reading in tripped.items():
            if reading.standing is Standing.KILLED and self._kill is None:
                self._kill = _Latch(view.bar, name, reading.text)
            elif reading.standing is Standing.HALTED and self._halt is None:
                self._halt = _Latch(view.bar, name, reading.text)
        return self._settle()

    def command(self, wanted: Standing, bar: int, text: str, by: str = _OPERATOR) -> Change | None:
        """Let an operator allow less, never more; what breakers have tripped stays."""
        if wanted is Standing.KILLED:
            self._kill = _Latch(bar, by, text)
        elif wanted >= self._operator_standing:
            self._operator = _Latch(bar, by, text)
            self._operator_standing = wanted
        return self._settle()

    def resume(self, *, rearm: bool, text: str = "resumed") -> Change | None:
        """Take back what the operator has forbidden.

        ``rearm`` also ends a kill and a halt, and lets the breakers begin anew with the next bar.
        """
        self._operator_standing, self._operator = Standing.ACTIVE, None
        if rearm:
            self._kill = self._halt = None
            self._rearms = True
            self._readings = {}
        change = self._settle()
        return change._replace(by=_OPERATOR, text=text) if change is not None and not self.by else change

    def quiet(self, path: BreakerPath) -> int:
        """Return how many bars of a path leave the account active, and change nothing."""
        if self.standing is not Standing.ACTIVE or self._rearms:
            return 0
        bars = len(path.equity)
        for _, breaker in self._breakers:
            search = getattr(breaker, "quiet", None)
            bars = min(bars, 0 if search is None else int(search(path)))
        return bars

    def pass_over(self, path: BreakerPath, bars: int) -> None:
        """Let the breakers remember so many bars of a path."""
        for _, breaker in self._breakers:
            breaker.pass_over(path, bars)  # type: ignore[attr-defined]  # those without it let no bar be passed over

    def _expire(self, view: BreakerView) -> None:
        """End a kill or a halt whose time is up, and tell the breakers."""
        kill, halt = self._kill, self._halt
        self._ended = ""
        rearms, self._rearms = self._rearms, False
        if kill is not None:
            if kill.by != _OPERATOR and 0 < self._rearm_after_bars <= view.bar - kill.bar:
                self._kill = self._halt = None
                rearms, self._ended = True, f"re-armed after {self._rearm_after_bars} bars"
        elif halt is not None and view.bar - halt.bar >= self._cool_down_bars:
            self._halt = None
            for _, breaker in self._breakers:
                cooled = getattr(breaker, "cooled", None)
                if cooled is not None and not rearms:
                    cooled(view)
        if rearms:
            for _, breaker in self._breakers:
                breaker.rearm(view)

    def _settle(self) -> Change | None:
        candidates: list[tuple[Standing, str, str]] = [
            (reading.standing, name, reading.text)
            for name, reading in self._readings.items()
            if reading.standing < Standing.HALTED
        ]
        for latch, standing in (
            (self._kill, Standing.KILLED),
            (self._halt, Standing.HALTED),
            (self._operator, self._operator_standing),
        ):
            if latch is not None:
                candidates.append((standing, latch.by, latch.text))
        standing, by, text = max(candidates, key=lambda one: one[0], default=(Standing.ACTIVE, "", ""))
        if standing is Standing.ACTIVE:
            by = text = ""
        before, who = self.standing, self.by
        self.standing, self.by, self.text = standing, by, text
        # What an operator and a breaker both want goes on in the other's name when one of them is content.
        if standing is before and (by == who or _OPERATOR not in (by, who)):
            return None
        return Change(before, standing, by or who, text or self._ended or "all is well again")
