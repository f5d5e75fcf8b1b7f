"""What a user can do something about, when a dead letter cannot be shown or put back."""


class DeadLetterError(Exception):
    """A user's mistake; the message is one sentence that says what to do."""
