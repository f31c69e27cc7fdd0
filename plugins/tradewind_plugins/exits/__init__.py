"""Built-in exits."""
