"""Built-in sizers."""

from collections.abc import Iterable

from tradewind import SizerPlugin, hookimpl
from tradewind_plugins.sizers.equal_weight import EqualWeight
from tradewind_plugins.sizers.fixed_risk import FixedRisk
from tradewind_plugins.sizers.inverse_volatility import InverseVolatility
from tradewind_plugins.sizers.kelly import Kelly
from tradewind_plugins.sizers.volatility_target import VolatilityTarget

__all__ = ["EqualWeight", "FixedRisk", "InverseVolatility", "Kelly", "VolatilityTarget", "tradewind_sizers"]


@hookimpl
def tradewind_sizers() -> Iterable[SizerPlugin]:
    """List the sizers."""
    yield SizerPlugin(name="equal_weight", create=EqualWeight, summary="The same weight for every signal.")
    yield SizerPlugin(name="fixed_risk", create=FixedRisk, summary="The same loss at the stop for every position.")
    yield SizerPlugin(name="inverse_volatility", create=InverseVolatility, summary="Weights inverse to volatility.")
    yield SizerPlugin(name="kelly", create=Kelly, summary="A fraction of the Kelly weight.")
    yield SizerPlugin(name="volatility_target", create=VolatilityTarget, summary="Scaled to a volatility a year.")
