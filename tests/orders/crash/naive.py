"""An order path as one would write it in an afternoon; the suite must find it out."""

from __future__ import annotations

import os
from typing import Any

from tradewind.orders.path import OrderPath
from tradewind.orders.talks import Talks


class NaiveTalks(Talks):
    """Sends first, writes afterwards, and never asks what an earlier process may have sent."""

    def request(self, operation: str, perform: Any, ids: Any = ()) -> Any:
        place = (self.bar, self._point)
        self._point += 1
        if place in self._recorded.answers:
            answer = self._recorded.answers[place]
            return [[name, *rest] for name, (_, *rest) in zip(ids, answer, strict=True)] if ids else answer
        self._turn()
        answer = perform(False)
        self._log.note(place[0], "answer", {"point": place[1], "operation": operation, "answer": answer})
        if ids:
            self._log.commit()
        return answer


class NaivePath(OrderPath):
    """Names orders anew in every process."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{**parts, "tag": f"{parts['tag']}-p{os.getpid()}"})
        self._reconciliation.compared = True
        self._talks = NaiveTalks(parts["log"], parts["recorded"], self._go_live)
