"""Backtest a configuration over prices in memory: no files, no capsule, tables only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradewind.config.loader import check_plan, load_nodes
from tradewind.config.node import Node, Origin
from tradewind.config.overlay import set_at
from tradewind.config.yaml_source import read_file
from tradewind.contracts import FeedPlugin
from tradewind.engine.assemble import Builder
from tradewind.errors import UserError
from tradewind.hookspecs import hookimpl
from tradewind.registry import Registry
from tradewind.report.metrics import compute_metrics
from tradewind.runs.arguments import as_overrides, shown
from tradewind.runs.execute import run_over
from tradewind.runs.frames import Prices, bars_from
from tradewind.runs.mapping import plain_config
from tradewind.runs.risk_summary import risk_warnings
from tradewind.validation import require_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradewind.contracts import DataRequest
    from tradewind.engine.session import Session
    from tradewind.model import Bars, Instrument

__all__ = ["Backtest", "backtest", "builder_over"]

_FEED = "memory"


class Backtest:
    """A finished backtest over prices in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def final_equity(self) -> float:
        """Value of the account at the last close."""
        return float(self._session.ledger.recorder.equity_curve()[-1])

    @property
    def decision_hash(self) -> str:
        """Hexadecimal SHA-256 over all decisions."""
        return self._session.ledger.journal.decision_hash

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the figures must not overlook."""
        tables = self._tables
        return (*risk_warnings(tables["rulings"], tables["standings"]), *self._session.ledger.warnings)

    @property
    def equity(self) -> pd.Series:
        """Equity at each close."""
        session = self._session
        curve = session.ledger.recorder.equity_curve()
        index = pd.DatetimeIndex(session.panel.timestamps[: len(curve)], name="timestamp")
        return pd.Series(curve, index=index, name="equity")

    @property
    def account(self) -> pd.DataFrame:
        """Equity, cash, gross and net exposure (fractions of equity) at each close."""
        return self._tables["equity"]

    @property
    def weights(self) -> pd.DataFrame:
        """Weight of each symbol in equity at each close."""
        return self._tables["weights"]

    @property
    def orders(self) -> pd.DataFrame:
        """One row an order."""
        return self._tables["orders"]

    @property
    def fills(self) -> pd.DataFrame:
        """One row an execution."""
        return self._tables["fills"]

    @property
    def rulings(self) -> pd.DataFrame:
        """One row for each order that a gate made smaller or rejected."""
        return self._tables["rulings"]

    @property
    def standings(self) -> pd.DataFrame:
        """One row for each change of what the account might do."""
        return self._tables["standings"]

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """The figures of a run's report."""
        return compute_metrics(self.account, self.fills, orders=self.orders)

    @cached_property
    def _tables(self) -> Mapping[str, pd.DataFrame]:
        return self._session.ledger.recorder.tables(self._session.panel.timestamps, None)

    def __repr__(self) -> str:
        return f"Backtest(final_equity={self.final_equity:.2f}, decision_hash={self.decision_hash[:12]!r})"


class _MemoryFeed:
    """Makes the name of the feed known, so that a plan over given prices is checked like any other."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    @hookimpl
    def tradewind_feeds(self) -> Iterable[FeedPlugin]:
        """Yield a feed of the given bars."""
        bars = self._bars

        class Memory:
            def history(self, request: DataRequest) -> Bars:  # noqa: ARG002 - the whole history is what was given
                return bars

        yield FeedPlugin(name=_FEED, create=Memory, summary="Prices given in memory.")


def backtest(
    config: str | Path | Mapping[str, Any],
    prices: Prices,
    *,
    overrides: Sequence[str] = (),
    instruments: Sequence[Instrument] = (),
    references: Mapping[str, pd.Series] | None = None,
) -> Backtest:
    """Backtest a configuration over prices in memory.

    Parameters
    ----------
    config
        Path of the idea file, or the same as a mapping, in which a plugin may also be a class: ``{"strategy": Mine}``.
        Its ``data`` section is replaced by the prices.
    prices, instruments, references
        See `tradewind.runs.frames.bars_from`.
    overrides
        ``path=value``, as with ``--set``.

    Returns
    -------
    The backtest; decisions, fills and figures are those of `run` on the same bars.

    Raises
    ------
    TradewindError
        One of its kinds for everything that a user can mend: configuration, plugin, data.

    Examples
    --------
    >>> import pandas as pd
    >>> import tradewind
    >>> closes = pd.DataFrame({"AA": [10.0, 10.1, 10.2]}, index=pd.date_range("2024-01-02", periods=3))
    >>> idea = {"sleeves": [{"strategy": "buy_and_hold", "sizer": "equal_weight"}]}
    >>> tradewind.backtest(idea, closes).orders["quantity"].round(2).tolist()
    [9900.0]
    """
    bars = bars_from(prices, instruments=instruments, references=references)
    return Backtest(run_over(builder_over(config, bars, overrides=overrides), bars))


def builder_over(config: str | Path | Mapping[str, Any], bars: Bars, *, overrides: Sequence[str] = ()) -> Builder:
    """Return what makes the plugins of a configuration whose data are these bars.

    Parameters
    ----------
    config, overrides
        As of `backtest`.
    bars
        Its data; they are checked.

    Raises
    ------
    TradewindError
        One of its kinds for everything that a user can mend: configuration, plugin, data.
    """
    root, directory = _read(config)
    require_valid(bars, calendar=False)
    registry = Registry.load()
    registry.register(_MemoryFeed(bars), "prices in memory")
    root = set_at(root, ("data",), Node.of({"feed": _FEED}, Origin("prices")), "prices")
    loaded = load_nodes(root, directory, overrides=as_overrides(overrides))
    check_plan(loaded, registry)
    return Builder(loaded.plan, registry, loaded.directory)


def _read(config: str | Path | Mapping[str, Any]) -> tuple[Node, Path]:
    if isinstance(config, Mapping):
        return Node.of(plain_config(config), Origin("config")), Path().resolve()
    if not isinstance(config, str | Path):
        raise UserError(
            f"config: received {shown(config)}; give a mapping, as {{'strategy': 'buy_and_hold'}}, or the path of a "
            f"YAML file"
        )
    path = Path(config)
    return read_file(path), path.parent
