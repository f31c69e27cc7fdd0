"""Ready strategies: one file each."""
