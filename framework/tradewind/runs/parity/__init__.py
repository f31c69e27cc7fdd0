"""A paper session against the backtest of the same plan: where they part, and what each cause did to the profit."""

from tradewind.runs.parity.outcome import PARTS, Parity, RecordDifference
from tradewind.runs.parity.parity import compare_session
from tradewind.runs.parity.recorded import RecordedSession, read_session
from tradewind.runs.parity.runs import Backtest, Named, find_session, session_info

__all__ = [
    "PARTS",
    "Backtest",
    "Named",
    "Parity",
    "RecordDifference",
    "RecordedSession",
    "compare_session",
    "find_session",
    "read_session",
    "session_info",
]
