"""What a user can do something about, when a study cannot be made as asked."""

from streams.ground.mistakes import Mistake


class CompareError(Mistake):
    """The runs cannot be compared as asked."""


class OptimizeError(Mistake):
    """A search cannot be made as asked."""


class ReportError(Mistake):
    """The report could not be made."""
