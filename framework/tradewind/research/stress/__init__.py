"""Stress: what a portfolio would have lost in past and imagined crashes, and how likely a run survives."""
