"""The mode table: a mode swaps feed, broker and clock, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.errors import UserError, choices

__all__ = ["MODES", "Mode", "require_mode"]


@dataclass(frozen=True, slots=True)
class Mode:
    """One row of the table.

    Parameters
    ----------
    feed
        ``history`` (all bars at once) or ``stream`` (row by row).
    broker
        ``exchange`` (simulated) or ``venue`` (a real broker).
    clock
        ``bars`` (time is that of the bars) or ``wall``.
    missing
        What this installation lacks to run it; empty when it can run.
    """

    feed: str
    broker: str
    clock: str
    missing: tuple[str, ...] = ()


MODES: dict[str, Mode] = {
    "backtest": Mode(feed="history", broker="exchange", clock="bars"),
    "paper": Mode(feed="stream", broker="exchange", clock="bars"),
    "live": Mode(
        feed="stream",
        broker="venue",
        clock="wall",
        missing=("a plugin of a real broker", "a streaming market-data feed"),
    ),
}


def require_mode(name: str) -> Mode:
    """Return the row of a mode that can run.

    Raises
    ------
    UserError
        For an unknown mode, and for one that lacks something, saying what.
    """
    if name not in MODES:
        raise UserError(f"--mode {name}: unknown mode; {choices(name, MODES)}")
    mode = MODES[name]
    if mode.missing:
        raise UserError(
            f"--mode {name}: refused before anything was sent, because this version lacks "
            f"{' and '.join(mode.missing)}. Use --mode paper, which runs the same decisions on the simulated exchange"
        )
    return mode
