"""What the journal calls a source: a topic of the catalogue, and one of its partitions."""

from topics.catalogue import FORECASTS, QUOTES

Source = tuple[str, int]
"""Topic of the catalogue and partition."""

BROADCAST = frozenset({QUOTES.name, FORECASTS.name})
"""Topics that go to every partition of the journal.  For membership only."""
