"""What an existing Backtrader strategy does that cannot be honoured, or will surprise."""

from tradewind.engine.doctor.diagnose import diagnose
from tradewind.engine.doctor.finding import RULES, Finding, Report, Rule

__all__ = ["RULES", "Finding", "Report", "Rule", "diagnose"]
