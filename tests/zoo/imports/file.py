"""Does more at import than it should."""

import contextlib
import os
from pathlib import Path

_FILE = Path(__file__).with_name(f"zoo-{os.getpid()}.tmp")
_FILE.write_text("", encoding="utf-8")
with contextlib.suppress(OSError):
    _FILE.unlink()


class Equal:
    """Divides equally."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        raise NotImplementedError
