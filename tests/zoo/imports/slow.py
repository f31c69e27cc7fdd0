"""Does more at import than it should."""

TOTAL = sum(number * number for number in range(12_000_000))


class Equal:
    """Divides equally."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        raise NotImplementedError
