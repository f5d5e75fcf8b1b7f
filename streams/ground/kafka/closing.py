"""Stops consumers also while the broker is away, as the subscribers' client does."""

from topics.client.closing import stop_consumer

__all__ = ["stop_consumer"]
