"""Research: many runs of one idea, and what they say together."""
