"""One total order of events, and how machines stand on it."""
