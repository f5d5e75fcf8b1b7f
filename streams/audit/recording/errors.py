"""What a user can do something about, when a recording or a journal cannot be replayed."""


class ReplayError(Exception):
    """A recording or a journal that cannot be used; the message is one sentence."""


class FullError(ReplayError):
    """A recording that cannot be written on; what it holds can be read."""
