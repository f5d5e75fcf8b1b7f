"""What a user can do something about, when market data cannot be used."""

from streams.ground.mistakes import Mistake


class MarketError(Mistake):
    """Market data that cannot be used; the message is one sentence for the person who gave it."""
