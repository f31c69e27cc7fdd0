"""What a run's tables need of its bars: portfolio risk, breaches of its limits, and what gates withheld."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from tradewind.report.breaches import breach_warnings, find_breaches
from tradewind.report.counterfactual import value_rulings
from tradewind.report.portfolio_risk import EVERY_BARS, exposure_table, risk_of_run, risk_table

if TYPE_CHECKING:
    from tradewind.config.risk import RiskLimits
    from tradewind.model import Bars, Result

__all__ = ["with_breaches", "with_portfolio_risk"]


def with_breaches(result: Result, bars: Bars, limits: RiskLimits) -> Result:
    """Add the excursions beyond the limits, a warning a measure, and the risk that they were found in."""
    result = _with_risk(result, bars)
    exposure = exposure_table(result.equity, result.weights, _sectors(bars))
    breaches, unseen = find_breaches(limits, exposure, result.risk, EVERY_BARS)
    warnings = breach_warnings(breaches)
    if unseen:
        warnings.append(
            f"limits that could not be looked at: {', '.join(unseen)}; the run is too short, held nothing, or its data "
            f"have no sectors or no benchmark"
        )
    return dataclasses.replace(result, breaches=breaches, warnings=(*result.warnings, *warnings))


def with_portfolio_risk(result: Result, bars: Bars) -> Result:
    """Add the risk over time, and what gates and breakers withheld; what is there already stays."""
    multipliers = {instrument.symbol: instrument.multiplier for instrument in bars.instruments}
    valued = value_rulings(
        result.rulings,
        _closes(bars),
        multipliers,
        result.equity["equity"].to_numpy(dtype=float),
        adjusted=bars.adjusted,
    )
    return dataclasses.replace(_with_risk(result, bars), counterfactual=valued)


def _with_risk(result: Result, bars: Bars) -> Result:
    if len(result.risk):
        return result
    history = risk_of_run(result.equity, result.weights, _closes(bars), _sectors(bars))
    return result if history is None else dataclasses.replace(result, risk=risk_table(history))


def _closes(bars: Bars) -> pd.DataFrame:
    return pd.DataFrame(bars.fields["close"], columns=list(bars.symbols))


def _sectors(bars: Bars) -> dict[str, str]:
    return {instrument.symbol: instrument.sector for instrument in bars.instruments}
