"""Measures of portfolio risk: pure functions on arrays, and the frozen records they return.

Conventions, stated once and kept by every function here:

- *Losses are positive* fractions of equity: a value at risk of 0.02 is a loss of 2 %, and a negative one is a gain.
  Returns themselves keep their sign.
- A return is simple, over one bar. No figure is scaled to a year or to several bars.
- A weight is a signed fraction of equity; a short is negative.
- ``level`` is a confidence, 0.95 or 0.99: the tail holds the worst 1 - level of bars.
- What is not defined is NaN (the concentration of an empty book), never 0 and never infinite: a limit that compares
  with it must say what it does then. What is wrong (NaN among the inputs, a sample too short) raises.
- Nothing looks ahead: a figure of bar t is made of bars up to t, a forecast of bar t of bars before it.
"""

from tradewind.risk.measures.backtest import (
    LikelihoodRatio,
    Transitions,
    VarBacktest,
    backtest_value_at_risk,
    christoffersen_independence,
    conditional_coverage,
    count_transitions,
    evaluate_forecasts,
    exceedances,
    kupiec,
    rolling_value_at_risk,
)
from tradewind.risk.measures.diversification import (
    Diversification,
    average_correlation,
    diversification_ratio,
    effective_number_of_bets,
    measure_diversification,
    weighted_correlation,
)
from tradewind.risk.measures.exposure import (
    Concentration,
    Exposure,
    SectorExposure,
    measure_concentration,
    measure_exposure,
    position_weights,
)
from tradewind.risk.measures.factors import FactorExposure, factor_exposure, market_beta
from tradewind.risk.measures.history import RiskHistory, TailHistory, risk_history
from tradewind.risk.measures.value_at_risk import (
    METHODS,
    TailRisk,
    cornish_fisher_domain,
    monte_carlo_risk,
    portfolio_risk,
    tail_risk,
)

__all__ = [
    "METHODS",
    "Concentration",
    "Diversification",
    "Exposure",
    "FactorExposure",
    "LikelihoodRatio",
    "RiskHistory",
    "SectorExposure",
    "TailHistory",
    "TailRisk",
    "Transitions",
    "VarBacktest",
    "average_correlation",
    "backtest_value_at_risk",
    "christoffersen_independence",
    "conditional_coverage",
    "cornish_fisher_domain",
    "count_transitions",
    "diversification_ratio",
    "effective_number_of_bets",
    "evaluate_forecasts",
    "exceedances",
    "factor_exposure",
    "kupiec",
    "market_beta",
    "measure_concentration",
    "measure_diversification",
    "measure_exposure",
    "monte_carlo_risk",
    "portfolio_risk",
    "position_weights",
    "risk_history",
    "rolling_value_at_risk",
    "tail_risk",
    "weighted_correlation",
]
