"""Stress: what a portfolio would have lost in past and imagined crashes, and how likely a run survives."""

from tradewind.research.stress.api import Settings, StressReport, stress
from tradewind.research.stress.loader import load_scenarios, read_scenario
from tradewind.research.stress.scenario import Scenario

__all__ = ["Scenario", "Settings", "StressReport", "load_scenarios", "read_scenario", "stress"]
