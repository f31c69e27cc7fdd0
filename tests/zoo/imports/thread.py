"""Does more at import than it should."""

import threading

threading.Thread(target=print, args=("",), kwargs={"end": ""}).start()


class Equal:
    """Divides equally."""

    max_weight = 1.0
    budget = 1.0

    def weights(self, signals, market, portfolio):
        raise NotImplementedError
