"""Built-in plugins of tradewind: one folder a hook, each its own table of contents."""
