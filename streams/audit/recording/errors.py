"""What a user can do something about, when a recording or a journal cannot be replayed."""

from streams.ground.mistakes import Mistake


class ReplayError(Mistake):
    """A recording or a journal that cannot be used; the message is one sentence."""


class FullError(ReplayError):
    """A recording that cannot be written on; what it holds can be read."""
