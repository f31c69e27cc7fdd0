"""Does more at import than it should."""

import contextlib
import subprocess

with contextlib.suppress(OSError):
    subprocess.run(["true"], check=False)


class Equal:
    """Divides equally."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        raise NotImplementedError
