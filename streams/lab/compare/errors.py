"""The one failure of this package, worded for the person who asked for the comparison."""


class CompareError(Exception):
    """The runs cannot be compared as asked; the message is one sentence that says what to do."""
