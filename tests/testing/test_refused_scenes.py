"""What a plugin refuses on purpose is asked of it nowhere, and all else still is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.testing.examining import examine, test_names
from tradewind.errors import DataError
from tradewind.model import RegimeEstimate, Signals
from tradewind.testing import ExitKit, RegimeKit, SizerKit, StrategyKit
from tradewind.testing.kits.failure import KitFailureError

if TYPE_CHECKING:
    from collections.abc import Mapping

REFUSES: Mapping[str, str] = dict.fromkeys(("halts", "late_start", "early_end", "dark_bars"), "trades on every bar")


def whole(close: Any) -> Any:
    """Return closes without a gap; refuse others."""
    if np.isnan(close).any():
        raise DataError("it wants what trades on every bar")
    return close


class Rising:
    """Hold what rose; only where every symbol trades on every bar."""

    warmup = 5

    def on_bar(self, market: Any, portfolio: Any) -> Signals:
        return Signals(scores=whole(market.history("close"))[-1] / market.current("close", -4) - 1.0)


class Ahead(Rising):
    """Hold what rises next; only where every symbol trades on every bar."""

    def on_bar(self, market: Any, portfolio: Any) -> Signals:
        super().on_bar(market, portfolio)
        close = market.fields["close"]
        return Signals(scores=np.nan_to_num(close[min(market.bar + 1, len(close) - 1)] / close[market.bar]))


class Sizes:
    """Weigh all that is wanted alike; only where every symbol trades on every bar."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals: Any, market: Any, portfolio: Any) -> Any:
        whole(market.history("close"))
        signs = np.sign(np.nan_to_num(signals.scores))
        return signs / max(np.abs(signs).sum(), 1.0)


class Moods:
    """Tell a rise from a fall; only where every symbol trades on every bar."""

    labels = ("up", "down")
    warmup = 5

    def estimate(self, market: Any) -> RegimeEstimate:
        down = float(whole(market.window("close", 5))[-1].mean() < market.current("close", -4).mean())
        label = "down" if down else "up"
        return RegimeEstimate(label, {"up": 1.0 - down, "down": down}, 0.9, market.bar)


class Closes:
    """Close what has lost; only where every symbol trades on every bar."""

    def closes(self, market: Any, portfolio: Any) -> Any:
        whole(market.history("close"))
        return (portfolio.quantities != 0) & (market.marks < 0.95 * portfolio.entry_prices)


KITS = {StrategyKit: Rising, SizerKit: Sizes, RegimeKit: Moods, ExitKit: Closes}


@pytest.mark.parametrize(("kit", "name"), [(kit, name) for kit in KITS for name in test_names(kit)])
def test_honest_plugins_that_refuse_scenes_pass(kit: type[Any], name: str) -> None:
    examine(kit, KITS[kit], name, refuses=REFUSES)


def test_one_that_refuses_scenes_and_reads_ahead_is_caught() -> None:
    with pytest.raises(KitFailureError, match=r"scene ordinary, another future after bar .* it looks ahead"):
        examine(StrategyKit, Ahead, "test_the_future_changes_nothing", refuses=REFUSES)
