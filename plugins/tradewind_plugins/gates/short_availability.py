"""What may be sold short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from tradewind_plugins.gates.limits import refuse_openings, require_known, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.contracts import AccountView, OrderBatch, Verdict

__all__ = ["ShortAvailability"]


class ShortAvailability:
    """Refuses short sales that are not allowed or of what cannot be borrowed; what a sell closes passes.

    Parameters
    ----------
    allowed
        Whether anything may be sold short.
    unavailable
        Symbols that cannot be borrowed. One that the run does not have is an error.
    """

    stage: ClassVar[int] = 16

    def __init__(
        self,
        allowed: Annotated[bool, Field(description="Whether anything may be sold short.")] = True,
        unavailable: Annotated[tuple[str, ...], Field(description="Symbols that cannot be borrowed.")] = (),
    ) -> None:
        self._allowed = allowed
        self._unavailable = frozenset(unavailable)

    def begin(self, symbols: frozenset[str]) -> None:
        """Refuse to name what is not there."""
        require_known("unavailable", self._unavailable, symbols)

    def check(self, batch: OrderBatch, account: AccountView) -> Sequence[Verdict]:
        """Return what is left of sells that would go short."""
        if self._allowed and not self._unavailable:
            return ()
        shorts = [
            order
            for order, opening in enumerate(batch.openings.tolist())
            if opening < 0.0 and not (self._allowed and symbol_of(batch, order) not in self._unavailable)
        ]
        return refuse_openings(batch, shorts, "short_availability", lambda order: self._text(batch, order))

    def _text(self, batch: OrderBatch, order: int) -> str:
        why = "cannot be borrowed" if self._allowed else "may not be sold short: short sales are not allowed"
        return f"{symbol_of(batch, order)} {why}; {-batch.openings[order]:.10g} would be short"
