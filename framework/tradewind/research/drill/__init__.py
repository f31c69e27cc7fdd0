"""The fire drill: a plan over altered prices, with its gates and breakers and without them."""

from tradewind.research.drill.api import LEAST_BARS, DrillReport, Settings, rehearse
from tradewind.research.drill.drills import DRILLS, find_drills

__all__ = ["DRILLS", "LEAST_BARS", "DrillReport", "Settings", "find_drills", "rehearse"]
