"""From a plan to objects that run: the one place where everything is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tradewind.config.plan import PluginRef
from tradewind.contracts import Breaker, Cost, Exit, Gate, OnReference, Regime, RestingExit, Sizer, Strategy
from tradewind.engine.account import SessionRecorder
from tradewind.engine.desk import RiskDesk
from tradewind.engine.guarded import GuardedBreaker, GuardedCost, GuardedGate
from tradewind.engine.ledger import Ledger
from tradewind.engine.panel import FactorCache, Factors, HistoryPanel, StreamPanel
from tradewind.engine.quotes import PanelCost, PanelQuotes
from tradewind.engine.session import Limits, Session
from tradewind.engine.sleeve import Sleeve
from tradewind.errors import ConfigError, choices
from tradewind.exchange import Exchange, ExchangeRules, QuoteSource
from tradewind.journal import Journal
from tradewind.portfolio.books import SleeveBooks
from tradewind.portfolio.regime_state import RegimeState
from tradewind.risk.pipeline import GatePipeline
from tradewind.risk.standing import StandingBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tradewind.config.plan import Plan, SleeveConfig
    from tradewind.engine.panel import Panel
    from tradewind.exchange import ExecutionPort
    from tradewind.model import Bars, Instrument, Row
    from tradewind.registry import Registry

__all__ = ["Builder", "check_needs", "declared_factors", "exchange_rules", "run_session"]


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes fresh plugins for a run of a plan.

    Parameters
    ----------
    plan, registry
        What to build, and from which plugins.
    directory
        Where relative paths of the configuration start.
    """

    plan: Plan
    registry: Registry
    directory: Path | None = None

    def detector(self) -> Regime | None:
        """Build the regime detector; None without one. Checks that every share names its labels."""
        regime = self.plan.regime
        if regime is None:
            return None
        detector = cast("Regime", self.create("regime", regime.detector, "regime.detector"))
        for number, sleeve in enumerate(self.plan.sleeves):
            _check_labels(f"sleeves.{number}.share", sleeve, detector.labels)
        for label in regime.immediate:
            if label not in detector.labels:
                raise ConfigError(
                    f"regime.immediate: {regime.detector.label} has no label {label!r}; "
                    f"{choices(label, detector.labels)}"
                )
        return detector

    def sleeves(self, instruments: Sequence[Instrument]) -> list[Sleeve]:
        """Build the sleeves, in plan order."""
        return [
            self._sleeve(f"sleeves.{number}", config, instruments) for number, config in enumerate(self.plan.sleeves)
        ]

    def cost(self) -> GuardedCost | None:
        """Build the cost model; None where trading is free."""
        ref = self.plan.costs
        return GuardedCost(ref.label, cast("Cost", self.create("cost", ref, "costs"))) if ref else None

    def desk(self, panel: Panel, *, adjusted: bool) -> RiskDesk:
        """Build the gates and breakers, and the desk that asks them."""
        risk = self.plan.risk
        gates = self.gates()
        symbols = frozenset(instrument.symbol for instrument in panel.instruments)
        for where, name, gate in gates:
            try:
                gate.begin(symbols)
            except ConfigError as error:
                raise ConfigError(f"{where}: {name}: {error}") from error
        rearms = 0 if self.plan.mode.has_operator else risk.rearm_after_bars
        return RiskDesk(
            pipeline=GatePipeline([(name, gate) for _, name, gate in gates], reduced_size=risk.reduced_size),
            board=StandingBoard(self.breakers(), cool_down_bars=risk.cool_down_bars, rearm_after_bars=rearms),
            panel=panel,
            account=self.plan.account,
            adjusted=adjusted,
            flattens=risk.on_kill == "flatten",
        )

    def rehearse(self) -> None:
        """Build everything that needs no data, and drop it: what cannot be made is told before a run."""
        self.detector()
        self.cost()
        if not any(sleeve.strategy.backtrader for sleeve in self.plan.sleeves):
            self.sleeves(())
        self.gates()
        self.breakers()

    def gates(self) -> list[tuple[str, str, GuardedGate]]:
        """Build the gates: place in the configuration, name and gate of each."""
        found = []
        for where, ref in _numbered("risk.gates", self.plan.risk.gate_refs(), self.plan.risk.gates):
            gate = cast("Gate", self.create("gate", ref, where))
            found.append((where, ref.label, GuardedGate(ref.label, gate)))
        return found

    def breakers(self) -> list[tuple[str, GuardedBreaker]]:
        """Build the breakers: name and breaker of each."""
        found = []
        for where, ref in _numbered("risk.breakers", self.plan.risk.breaker_refs(), self.plan.risk.breakers):
            breaker = cast("Breaker", self.create("breaker", ref, where))
            found.append((ref.label, GuardedBreaker(ref.label, breaker)))
        return found

    def create(self, kind: str, ref: PluginRef, where: str) -> object:
        """Build one plugin."""
        return self.registry.create(kind, ref, directory=self.directory, seed=self.plan.seed, where=where)

    def _sleeve(self, where: str, config: SleeveConfig, instruments: Sequence[Instrument]) -> Sleeve:
        strategy = cast("Strategy", self.create("strategy", config.strategy, f"{where}.strategy"))
        sizer = cast("Sizer", self.create("sizer", config.sizer, f"{where}.sizer")) if config.sizer else None
        exits: dict[str, Exit | RestingExit] = {}
        for number, ref in enumerate(config.exits):
            name = ref.label if ref.label not in exits else f"{ref.label}_{number}"
            exits[name] = cast("Exit | RestingExit", self.create("exit", ref, f"{where}.exits.{number}"))
        resting = [name for name, rule in exits.items() if isinstance(rule, RestingExit)]
        if len(resting) > 1:
            raise ConfigError(
                f"{where}.exits: {', '.join(resting)} rest at the exchange; a sleeve can have one such exit, because "
                f"two orders could both fill. Let the others decide on the close"
            )
        return Sleeve(config.name, strategy, sizer, tuple(exits.items()), config.share, instruments)


def _numbered(where: str, refs: Sequence[PluginRef], listed: Sequence[PluginRef]) -> Iterator[tuple[str, PluginRef]]:
    """Yield each reference with its place; the default ones stand before those that are listed."""
    first = len(refs) - len(listed)
    for number, ref in enumerate(refs):
        yield where if number < first else f"{where}.{number - first}", ref


def declared_factors(sleeves: Sequence[Sleeve], detector: Regime | None) -> Factors:
    """Return the factors each plugin declares, by owner: ``regime``, a sleeve, its sizer, its exits."""
    factors: Factors = {"regime": dict(getattr(detector, "factors", {}))}
    for sleeve in sleeves:
        factors[sleeve.name] = dict(getattr(sleeve.strategy, "factors", {}))
        factors[f"{sleeve.name}.sizer"] = dict(getattr(sleeve.sizer, "factors", {}))
        for name, rule in sleeve.exits:
            factors[f"{sleeve.name}.exit.{name}"] = dict(getattr(rule, "factors", {}))
    return factors


def _check_factors(factors: Factors, bars: Bars) -> None:
    for owner, named in factors.items():
        for name, factor in named.items():
            role = factor.role if isinstance(factor, OnReference) else ""
            if role and role not in bars.references:
                continue
            fields = bars.references[role].fields if role else bars.fields
            for need in (factor.factor if isinstance(factor, OnReference) else factor).needs:
                if need not in fields:
                    raise ConfigError(
                        f"{owner}: factor {name!r} needs the field {need!r}, which the feed does not deliver; "
                        f"{choices(need, fields)} Choose another feed or other parameters"
                    )


def check_needs(builder: Builder, bars: Bars) -> None:
    """Refuse a run whose feed lacks a field or reference that a plugin needs.

    Raises
    ------
    ConfigError
        Naming plugin, field and what the feed has.
    """
    plan = builder.plan
    places: list[tuple[str, str, PluginRef]] = []
    if plan.regime:
        places.append(("regime.detector", "regime", plan.regime.detector))
    for number, sleeve in enumerate(plan.sleeves):
        where = f"sleeves.{number}"
        if sleeve.strategy.backtrader is None:
            places.append((f"{where}.strategy", "strategy", sleeve.strategy))
        if sleeve.sizer:
            places.append((f"{where}.sizer", "sizer", sleeve.sizer))
        places.extend((f"{where}.exits.{n}", "exit", ref) for n, ref in enumerate(sleeve.exits))
    for where, kind, ref in places:
        for need in builder.registry.needs(kind, ref, directory=builder.directory):
            role = need.removeprefix("reference:")
            known = bars.references if role != need else bars.fields
            if role not in known:
                what = "reference" if role != need else "field"
                advice = "add it under `data: references:`" if role != need else "choose another feed or plugin"
                raise ConfigError(
                    f"{where}: {ref.label} needs the {what} {role!r}, which feed {plan.data.feed.label!r} does not "
                    f"deliver; {choices(role, known)} To run, {advice}"
                )


def run_session(
    builder: Builder,
    bars: Bars,
    *,
    rows: Iterator[Row] | None = None,
    held_regime: str | None = None,
    on_bar: Callable[[int], bool] | None = None,
    jumps: bool = True,
    cache: FactorCache | None = None,
    quote_sources: Callable[[Panel], Sequence[QuoteSource]] = lambda _: (),
    journal: Journal | None = None,
    execution: Callable[[Exchange], ExecutionPort] | None = None,
    prepared: Callable[[Session], None] = lambda _: None,
) -> Session:
    """Build everything afresh, run it to the end of its data and return the finished session.

    Parameters
    ----------
    builder
        The plan and its plugins.
    bars
        The history, or the template of a stream.
    rows
        The stream; None runs over the history.
    held_regime
        Label held for the whole run, which then keeps no journal; None asks the detector.
    on_bar
        Called after every bar that is visited; False stops in order.
    jumps
        Whether bars of the history on which nothing can happen are passed over; the result is the same.
    cache
        Factors computed before over the same ``bars``; see `HistoryPanel`.
    quote_sources
        Makes the sources of prices of instruments without a column; given the panel, whose ``bar`` they follow.
    journal
        Where decisions are written; a fresh one by default.
    execution
        Makes what executes orders, given the exchange that does it by default.
    prepared
        Told of the session before its first bar.
    """
    plan = builder.plan
    detector = builder.detector()
    sleeves = builder.sleeves(bars.instruments)
    if held_regime is not None:
        sleeves = [sleeve for sleeve in sleeves if sleeve.share_in(held_regime) > 0.0]
    factors = declared_factors(sleeves, detector if held_regime is None else None)
    _check_factors(factors, bars)
    panel: Panel = HistoryPanel(bars, factors, cache) if rows is None else StreamPanel(bars, rows, factors)
    quotes = PanelQuotes(panel, quote_sources(panel))
    cost = builder.cost()
    charged = PanelCost(cost.for_data(bars.adjusted, "volume" in bars.fields), panel, quotes) if cost else None
    labels = detector.labels if detector is not None and held_regime is None else ()
    exchange = Exchange(
        cash=plan.account.cash, rules=exchange_rules(plan), cost=charged, acknowledges=execution is not None
    )
    books = SleeveBooks([sleeve.name for sleeve in sleeves], bars.instruments)
    desk = builder.desk(panel, adjusted=bars.adjusted)
    ledger = Ledger(
        panel=panel,
        quotes=quotes,
        exchange=exchange if execution is None else execution(exchange),
        books=books,
        cost=charged,
        recorder=SessionRecorder(panel, books, quotes, labels),
        desk=desk,
        data_end_haircut=plan.exchange.data_end_haircut,
        borrow_rate_per_year=plan.exchange.borrow_rate_per_year,
        journal=Journal(keeps=held_regime is None) if journal is None else journal,
    )
    session = Session(
        panel=panel,
        ledger=ledger,
        sleeves=sleeves,
        detector=detector,
        regime_state=_regime_state(plan, detector),
        held_regime=held_regime,
        limits=Limits(plan.account, plan.rebalance, plan.exchange),
    )
    prepared(session)
    # Backtrader takes long to import, and what only builds a plan has no need of it.
    from tradewind.engine.bridges import drive

    drive(session, streaming=rows is not None, jumps=jumps, on_bar=on_bar)
    return session


def exchange_rules(plan: Plan) -> ExchangeRules:
    """Return the exchange's rules of a plan."""
    exchange = plan.exchange
    return ExchangeRules(
        volume_limit=exchange.volume_limit,
        allow_short=exchange.allow_short,
        short_margin=exchange.short_margin,
        borrow_rate_per_year=exchange.borrow_rate_per_year,
    )


def _regime_state(plan: Plan, detector: Regime | None) -> RegimeState | None:
    if plan.regime is None or detector is None:
        return None
    return RegimeState(
        detector.labels,
        confirmation_days=plan.regime.confirmation_days,
        minimum_stay_days=plan.regime.minimum_stay_days,
        confidence=plan.regime.confidence,
        hysteresis=plan.regime.hysteresis,
        immediate=plan.regime.immediate,
    )


def _check_labels(where: str, sleeve: SleeveConfig, labels: tuple[str, ...]) -> None:
    if not isinstance(sleeve.share, dict):
        return
    shares: Mapping[str, float] = sleeve.share
    for label in shares:
        if label not in labels:
            raise ConfigError(f"{where}: the detector has no regime {label!r}; {choices(label, labels)}")
    missing = [label for label in labels if label not in shares]
    if missing:
        raise ConfigError(
            f"{where}: no share for regime {', '.join(missing)}; received {dict(shares)}. Give every regime a share, 0 "
            f"for none"
        )
