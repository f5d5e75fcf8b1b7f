"""What a user can do something about, when the HTTP server cannot be had."""


class WebError(Exception):
    """The HTTP server cannot listen as it was told; the message says what to do."""
