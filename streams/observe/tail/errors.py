"""What a user can do something about, when a topic cannot be looked at."""


class TailError(Exception):
    """A user's mistake; the message is one sentence that says what to do."""
