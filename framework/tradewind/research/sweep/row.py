"""The outcome of one point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.report.summary import json_safe

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one point.

    Parameters
    ----------
    number, parameters
        The point.
    error
        Why there are no figures; empty where there are.
    metrics, decision_hash
        As in a run's `Result`.
    warnings
        What a reader of the figures must know.
    seconds
        Time it took.
    data
        SHA-256 of the bars it ran over.
    """

    number: int
    parameters: Mapping[str, Any]
    error: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    decision_hash: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    data: str = ""

    @property
    def status(self) -> str:
        """``complete`` or ``failed``."""
        return "failed" if self.error else "complete"

    def document(self) -> dict[str, Any]:
        """Return the row as data that JSON can hold; NaN becomes null."""
        document: dict[str, Any] = json_safe(
            {
                "point": self.number,
                "parameters": self.parameters,
                "status": self.status,
                "error": self.error or None,
                "metrics": self.metrics,
                "decision_hash": self.decision_hash,
                "warnings": self.warnings,
                "seconds": round(self.seconds, 4),
                "data_hash": self.data,
            }
        )
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Row:
        """Return the row that a document was made from.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            If it is no such document.
        """
        return cls(
            number=int(document["point"]),
            parameters=dict(document["parameters"]),
            error=document["error"] or "",
            metrics={name: float("nan") if v is None else float(v) for name, v in document["metrics"].items()},
            decision_hash=str(document["decision_hash"]),
            warnings=tuple(document["warnings"]),
            seconds=float(document["seconds"]),
            data=str(document["data_hash"]),
        )
