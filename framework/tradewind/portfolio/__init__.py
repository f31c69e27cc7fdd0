"""Allocation by regime, targets to intents, sleeve books."""
