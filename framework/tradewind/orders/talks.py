"""What is said to a broker and heard from it, numbered bar by bar, so that a restart goes through it again, mute.

Each request to a broker and each look at its reports is a *point* of a bar. The journal holds

``call``
    ``{"point", "operation", "ids"}``: durable before anything is sent; without an ``answer`` it may have been sent.
``answer``
    ``{"point", "operation", "answer"}``: what came of a request, or what a look found; a look without it found nothing.
``bar_end``
    ``{"points"}``: the bar was complete after so many points.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tradewind.errors import JournalError
from tradewind.journal import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tradewind.journal import Record

__all__ = ["TALK_KINDS", "Recorded", "TalkLog", "Talks"]

TALK_KINDS = ("call", "answer", "bar_end")
"""Kinds of journal entries that this module writes and reads."""
_REMEDY = "code, configuration or data have changed since. Restore them, or start anew with --fresh"


class TalkLog(Protocol):
    """Where talks are written."""

    def note(self, bar: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Append an entry."""
        ...

    def commit(self) -> None:
        """Return when all entries are durable."""
        ...


@dataclass(slots=True)
class Recorded:
    """The talks of earlier processes of a session.

    Parameters
    ----------
    called
        Points at which something may have been sent.
    answers
        What came of them, by bar and point.
    said
        What was said or looked for there, and of which orders.
    complete
        Number of points of each bar that was complete.
    last
        Last point known.
    """

    called: set[tuple[int, int]] = field(default_factory=set)
    answers: dict[tuple[int, int], Any] = field(default_factory=dict)
    said: dict[tuple[int, int], tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    complete: dict[int, int] = field(default_factory=dict)
    last: tuple[int, int] = (-1, -1)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Recorded:
        """Read the entries of the kinds in `TALK_KINDS`."""
        recorded = cls()
        for record in records:
            payload = json.loads(record.payload)
            if record.kind == "bar_end":
                recorded.complete[record.bar] = payload["points"]
                place = (record.bar, payload["points"] - 1)
            else:
                place = (record.bar, payload["point"])
                recorded.said.setdefault(place, (payload["operation"], tuple(payload.get("ids", ()))))
                if record.kind == "call":
                    recorded.called.add(place)
                else:
                    recorded.answers[place] = payload["answer"]
            recorded.last = max(recorded.last, place)
        return recorded


class Talks:
    """Talks to a broker: from the record as long as it lasts, then in earnest.

    Parameters
    ----------
    log
        The journal.
    recorded
        What earlier processes of the session said and heard.
    go_live
        Called once, before the first word that the broker hears.
    rehearses
        Whether the broker lives in this process and has lost its state with the one before: everything is then said
        again, and must be answered as it was.
    """

    def __init__(
        self, log: TalkLog, recorded: Recorded, go_live: Callable[[], None], *, rehearses: bool = False
    ) -> None:
        self.live = False
        """Whether the broker is talked to."""
        self.repeating = False
        """Whether what is said now was said before, by an earlier process."""
        self.bar = -1
        self._point = 0
        self._log = log
        self._recorded = recorded
        self._go_live = go_live
        self._rehearses = rehearses

    def begin(self, bar: int) -> None:
        """Begin a bar."""
        self.bar, self._point = bar, 0

    def request(self, operation: str, perform: Callable[[bool], Any], ids: Sequence[str] = ()) -> Any:
        """Return what came of a request; ``perform`` makes it, told whether it may have been made before.

        A request that names orders is durable before it is made.

        Raises
        ------
        JournalError
            If the record has later talks but not this one.
        """
        place = self._next(operation, ids)
        if place in self._recorded.answers:
            return self._repeated(place, lambda: perform(False))
        again = place in self._recorded.called
        if self._rehearses:
            self._turn()
        if not self.live:
            if place < self._recorded.last:
                raise JournalError(
                    f"recovery: at bar {place[0]} this session wants to {operation} {', '.join(ids)}, which its "
                    f"journal does not have; {_REMEDY}"
                )
            self._turn()
        if ids and not again:
            self._log.note(place[0], "call", {"point": place[1], "operation": operation, "ids": list(ids)})
            self._log.commit()
        answer = perform(again and not self._rehearses)
        self._log.note(place[0], "answer", {"point": place[1], "operation": operation, "answer": answer})
        return answer

    def look(self, operation: str, perform: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Return what a look finds; nothing is recorded of one that finds nothing."""
        place = self._next(operation)
        if place in self._recorded.answers:
            found: Sequence[Any] = self._repeated(place, perform)
            return found
        if not self.live:
            if place <= self._recorded.last and not self._rehearses:
                return ()
            self._turn()
        seen = perform()
        if seen and place <= self._recorded.last:
            raise _otherwise(place[0], seen, "nothing")
        if seen:
            self._log.note(place[0], "answer", {"point": place[1], "operation": operation, "answer": seen})
        return seen

    def news(self, operation: str, perform: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Return what has come from elsewhere than the broker; a restart repeats it, and no rehearsal has to."""
        place = self._next(operation)
        if place in self._recorded.answers:
            recorded: Sequence[Any] = self._recorded.answers[place]
            return recorded
        if place <= self._recorded.last:
            return ()
        seen = perform()
        if seen:
            self._log.note(place[0], "answer", {"point": place[1], "operation": operation, "answer": seen})
        return seen

    @property
    def beyond(self) -> bool:
        """Whether the next point lies behind the record."""
        return (self.bar, self._point) > self._recorded.last

    def recorded_next(self) -> str:
        """Return what was said or looked for at the next point, empty where the record has nothing there."""
        return self._recorded.said.get((self.bar, self._point), ("",))[0]

    def wake(self) -> None:
        """Go live though nothing is to be said yet."""
        self._turn()

    def commit(self) -> None:
        """Make durable what has been said and heard."""
        self._log.commit()

    def end_bar(self) -> None:
        """Make a complete bar durable."""
        if self.bar not in self._recorded.complete:
            self._log.note(self.bar, "bar_end", {"points": self._point})
            self._log.commit()

    def _next(self, operation: str, ids: Sequence[str] = ()) -> tuple[int, int]:
        place = (self.bar, self._point)
        self._point += 1
        said = self._recorded.said.get(place)
        if said is not None and said != (operation, tuple(ids)):
            raise JournalError(
                f"recovery: at bar {place[0]} this session wants to {operation} {', '.join(ids)}, and its journal "
                f"has: {said[0]} {', '.join(said[1])}; {_REMEDY}"
            )
        return place

    def _repeated(self, place: tuple[int, int], perform: Callable[[], Any]) -> Any:
        """Return a recorded answer; a broker that rehearses must give it again."""
        answer = self._recorded.answers[place]
        if self._rehearses:
            self._turn()
            self.repeating = True
            try:
                given = json.loads(encode(perform()))
            finally:
                self.repeating = False
            if given != answer:
                raise _otherwise(place[0], given, answer)
        return answer

    def _turn(self) -> None:
        if not self.live:
            self.live = True
            self._go_live()


def _otherwise(bar: int, given: object, recorded: object) -> JournalError:
    return JournalError(
        f"recovery: at bar {bar} the exchange answers {given}, and its journal has {recorded}; {_REMEDY}"
    )
