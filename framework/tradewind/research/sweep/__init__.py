"""Sweeps: one configuration at many points of its parameters."""

from tradewind.research.sweep.api import sweep

__all__ = ["sweep"]
