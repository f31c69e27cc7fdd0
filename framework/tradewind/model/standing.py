"""How much an account may still do."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Standing"]


class Standing(IntEnum):
    """The ladder of a breaker, from free to dead; a higher one outweighs a lower one."""

    ACTIVE = 0
    REDUCED = 1
    """Orders that open or increase a position are made smaller."""
    REDUCE_ONLY = 2
    """Positions may only become smaller."""
    HALTED = 3
    """No order is sent but stops that protect what is held; after a cool-down it is over."""
    KILLED = 4
    """Everything at work is cancelled and nothing is sent until an operator re-arms it."""

    @property
    def word(self) -> str:
        """The name in journals and reports."""
        return self.name.lower()
