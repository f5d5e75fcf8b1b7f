"""What a user can do something about, when a running system cannot be looked at."""

from streams.ground.mistakes import Mistake


class DeadLetterError(Mistake):
    """A dead letter cannot be shown or put back."""


class TailError(Mistake):
    """A topic cannot be looked at as asked."""


class WebError(Mistake):
    """The HTTP server cannot listen as it was told."""
