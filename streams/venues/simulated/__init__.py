"""A venue for one account that answers like a real one, in event time."""
