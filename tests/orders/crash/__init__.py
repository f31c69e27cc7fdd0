"""Kill a paper session wherever it can be killed; the venue counts what happened."""
