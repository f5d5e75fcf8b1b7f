"""A market file as a live feed, with a strategy that asks for entries."""
