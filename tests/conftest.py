"""Settings for the whole suite."""

from hypothesis import settings

# A loaded machine makes single examples slow; pytest's own timeout catches what hangs.
settings.register_profile("tradewind", deadline=None, derandomize=False)
settings.load_profile("tradewind")
