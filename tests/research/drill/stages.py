"""Prices made by hand, a stage of them, and a configuration that trades them."""

import textwrap

import numpy as np
import pandas as pd

from tradewind.config.loader import load_plan
from tradewind.registry import Registry
from tradewind.research.drill import Settings, find_drills, rehearse
from tradewind.research.drill.stage import Stage
from tradewind.research.drill.trial import Trial
from tradewind.testing import make_bars

FEED = '''
import exchange_calendars
import numpy as np

from tradewind.model import Bars, Instrument


class Flat:
    """Prices of 100 that never move, up to the drill."""

    def __init__(self, symbols: int = 8, bars: int = 756, lows: bool = False, vix: bool = False) -> None:
        self.shape = (bars, symbols)
        self.lows = lows
        self.vix = vix

    def history(self, request):
        sessions = exchange_calendars.get_calendar("XNYS").sessions_in_range("2019-01-02", "2023-12-29")
        times = sessions[: self.shape[0]].to_numpy(dtype="datetime64[ns]")
        instruments = tuple(Instrument(symbol=f"S{column}", lot_size=0.0) for column in range(self.shape[1]))
        names = ("open", "high", "low", "close") if self.lows else ("close",)
        references = {"benchmark": 4000.0} | ({"vix": 15.0} if self.vix else {})
        return Bars(
            timestamps=times,
            instruments=instruments,
            fields={name: np.full(self.shape, 100.0) for name in names},
            references={
                role: Bars(
                    timestamps=times,
                    instruments=(Instrument(symbol=role.upper(), asset_class="index"),),
                    fields={"close": np.full((len(times), 1), level)},
                )
                for role, level in references.items()
            },
        )
'''
CONFIG = """
name: flat
account: {cash: 100_000, cash_buffer: 0.0}
data:
  feed: {python: "./flat.py:Flat"}
strategy: buy_and_hold
sizer: equal_weight
"""


def write_configuration(folder):
    """Write the feed and the configuration, and return the path of the latter."""
    (folder / "flat.py").write_text(textwrap.dedent(FEED))
    path = folder / "flat.yaml"
    path.write_text(CONFIG)
    return path


def drilled(path, *overrides, drills=(), bars=756, seed=0):
    """Return the report of a configuration's drills, and its results by name."""
    loaded = load_plan([path], overrides=overrides)
    report = rehearse(loaded, Registry.load(), find_drills(drills), Settings(bars=bars, seed=seed))
    return report, {one.name: one for one in report.results}


def stage_of(columns, *, shock, decision, betas=None, weights=None, references=None, volatility=0.01, **fields):
    """Return a stage on closes of shape (T, N); without weights, the first instrument is the largest position."""
    bars = make_bars(columns, references=references, **fields)
    count = len(bars.instruments)
    held = np.linspace(0.3, 0.1, count) if weights is None else np.array(weights)
    return Stage(
        bars=bars,
        shock=shock,
        decision=decision,
        betas=np.ones(count) if betas is None else np.array(betas),
        weights=held,
        largest=int(held.argmax()),
        volatility=volatility,
        ordinary=Trial(equity=np.ones(len(bars)), weights=np.tile(held, (len(bars), 1)), tables={}),
        notes=(),
    )


def trial_of(equity, *, rulings=(), standings=(), fills=(), orders=()):
    """Return a run of given equity; rows are (bar, gate, code), (bar, before, after, by), (bar, reason) and bars."""
    return Trial(
        equity=np.array(equity, dtype=float),
        weights=np.zeros((len(equity), 1)),
        tables={
            "rulings": pd.DataFrame(
                [(*row, f"{row[1]} did it") for row in rulings], columns=["bar", "gate", "code", "text"]
            ),
            "standings": pd.DataFrame(
                [(*row, f"{row[3]} did it") for row in standings], columns=["bar", "before", "after", "by", "text"]
            ),
            "fills": pd.DataFrame(list(fills), columns=["bar", "reason"]),
            "orders": pd.DataFrame({"bar": list(orders)}, dtype=np.int64),
        },
    )
