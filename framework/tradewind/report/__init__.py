"""Result to numbers, tables and pictures."""
