"""A plugin whose author forgot a dependency."""

import acme_forgotten_dependency  # noqa: F401
