"""The one failure of this package that is worded for the person who asked for the search."""


class OptimizeError(Exception):
    """A search that cannot be made as asked; the message is one sentence that says what to do."""
