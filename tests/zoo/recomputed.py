"""The plainest way to write a factor: its step form computes the whole history again."""

import numpy as np


class Recomputed:
    needs = ("close",)
    read = None

    def values(self, fields):
        """Return the factor from whole fields, shape (T, N)."""
        raise NotImplementedError

    def compute(self, bars):
        return self.values({name: bars.fields[name] for name in self.read or self.needs})

    def start(self, symbols):
        return RecomputedStep(self)


class RecomputedStep:
    def __init__(self, factor):
        self.factor = factor
        self.rows = {name: [] for name in factor.read or factor.needs}

    def step(self, row):
        for name, rows in self.rows.items():
            rows.append(row[name].copy())
        return self.factor.values({name: np.array(rows) for name, rows in self.rows.items()})[-1]
