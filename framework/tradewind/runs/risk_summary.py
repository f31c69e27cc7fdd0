"""What gates and breakers have done in a run, in two lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["risk_warnings"]


def risk_warnings(rulings: pd.DataFrame, standings: pd.DataFrame) -> list[str]:
    """Say how often gates changed orders, and how often breakers changed what the account might do.

    Parameters
    ----------
    rulings, standings
        Tables of a `tradewind.model.Result`.
    """
    warnings = []
    if not rulings.empty:
        rejected = rulings.groupby("order_id")["allowed"].last().eq(0.0)
        counts = rulings.groupby("code")["order_id"].nunique().sort_values(ascending=False)
        told = ", ".join(f"{code} {count:,}" for code, count in counts.items())
        warnings.append(
            f"gates made {int((~rejected).sum()):,} orders smaller and rejected {int(rejected.sum()):,} ({told}); "
            f"`risk:` in the configuration sets the limits"
        )
    tripped = standings[standings["after"] != "active"] if not standings.empty else standings
    if not tripped.empty:
        words = tripped["by"].str.cat(tripped["after"], sep=" ").str.replace("_", " ")
        told = ", ".join(f"{word} {count:,}" for word, count in words.value_counts().items())
        warnings.append(f"breakers acted {len(tripped):,} times ({told}); see standings.csv")
    return warnings
