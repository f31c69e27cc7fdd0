"""Does more at import than it should."""

import contextlib
import socket

with contextlib.suppress(OSError):
    socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()


class Equal:
    """Divides equally."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        raise NotImplementedError
