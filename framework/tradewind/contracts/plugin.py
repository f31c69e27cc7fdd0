"""The records that plugins yield from their hooks, and the values the host injects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NewType

from tradewind.contracts.breaker import Breaker
from tradewind.contracts.broker import Broker
from tradewind.contracts.cost import Cost
from tradewind.contracts.exit import Exit, RestingExit
from tradewind.contracts.factor import Factor
from tradewind.contracts.feed import Feed, StreamingFeed
from tradewind.contracts.gate import Gate
from tradewind.contracts.regime import Regime
from tradewind.contracts.report import Report
from tradewind.contracts.sizer import Sizer
from tradewind.contracts.strategy import Strategy

__all__ = [
    "API_VERSION",
    "KINDS",
    "BreakerPlugin",
    "BrokerPlugin",
    "CostPlugin",
    "Directory",
    "ExitPlugin",
    "FactorPlugin",
    "FeedPlugin",
    "GatePlugin",
    "Plugin",
    "RegimePlugin",
    "ReportPlugin",
    "Seed",
    "SizerPlugin",
    "StrategyPlugin",
]

API_VERSION = 1
"""Version of the contracts and hooks. A plugin module may state the one it is written for as ``TRADEWIND_API = 1``."""

Seed = NewType("Seed", int)
"""Annotate a parameter of ``create`` with this to be given the run's seed; it is not part of the YAML schema."""

Directory = NewType("Directory", Path)
"""Annotate a parameter with this to be given the configuration's directory, where relative paths start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One plugin. The annotated signature of ``create`` is its parameter schema.

    Parameters
    ----------
    name
        Name in YAML, unique within its kind.
    create
        Class or function that makes it. Every parameter is annotated; ``typing.Annotated`` with ``pydantic.Field``
        states range and description. A parameter annotated with a contract (``Feed``, ``Factor``) is a nested plugin.
    summary
        One sentence.
    needs
        Bar fields it reads (``high``, ``volume``) and references as ``reference:<role>``.
    """

    kind: ClassVar[str] = ""

    name: str
    create: Callable[..., Any]
    summary: str
    needs: tuple[str, ...] = ("close",)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlugin(Plugin):
    """A `tradewind.contracts.Strategy`."""

    kind: ClassVar[str] = "strategy"
    create: Callable[..., Strategy]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimePlugin(Plugin):
    """A `tradewind.contracts.Regime` detector."""

    kind: ClassVar[str] = "regime"
    create: Callable[..., Regime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizerPlugin(Plugin):
    """A `tradewind.contracts.Sizer`."""

    kind: ClassVar[str] = "sizer"
    create: Callable[..., Sizer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlugin(Plugin):
    """A `tradewind.contracts.Exit` or `RestingExit`."""

    kind: ClassVar[str] = "exit"
    create: Callable[..., Exit | RestingExit]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPlugin(Plugin):
    """A `tradewind.contracts.Factor`."""

    kind: ClassVar[str] = "factor"
    create: Callable[..., Factor]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlugin(Plugin):
    """A `tradewind.contracts.Feed`, a `StreamingFeed`, or both."""

    kind: ClassVar[str] = "feed"
    create: Callable[..., Feed | StreamingFeed]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPlugin(Plugin):
    """A `tradewind.contracts.Cost` model."""

    kind: ClassVar[str] = "cost"
    create: Callable[..., Cost]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlugin(Plugin):
    """A `tradewind.contracts.Broker`."""

    kind: ClassVar[str] = "broker"
    create: Callable[..., Broker]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlugin(Plugin):
    """A `tradewind.contracts.Gate`."""

    kind: ClassVar[str] = "gate"
    create: Callable[..., Gate]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPlugin(Plugin):
    """A `tradewind.contracts.Breaker`."""

    kind: ClassVar[str] = "breaker"
    create: Callable[..., Breaker]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlugin(Plugin):
    """A `tradewind.contracts.Report`."""

    kind: ClassVar[str] = "report"
    create: Callable[..., Report]
    needs: tuple[str, ...] = ()


KINDS: Mapping[str, tuple[type[Plugin], tuple[type, ...]]] = {
    "strategy": (StrategyPlugin, (Strategy,)),
    "regime": (RegimePlugin, (Regime,)),
    "sizer": (SizerPlugin, (Sizer,)),
    "exit": (ExitPlugin, (Exit, RestingExit)),
    "factor": (FactorPlugin, (Factor,)),
    "feed": (FeedPlugin, (Feed, StreamingFeed)),
    "cost": (CostPlugin, (Cost,)),
    "broker": (BrokerPlugin, (Broker,)),
    "gate": (GatePlugin, (Gate,)),
    "breaker": (BreakerPlugin, (Breaker,)),
    "report": (ReportPlugin, (Report,)),
}
"""Kind to its record type and the contracts one of which what it creates must meet."""
