"""Publishes as independent producers would: market data, a strategy's wishes, policies."""

from .pace import Pace, WallClock
from .policy import publish_policy
from .run import Feed, FeedOptions
from .session import Published, run_feed

__all__ = [
    "Feed",
    "FeedOptions",
    "Pace",
    "Published",
    "WallClock",
    "publish_policy",
    "run_feed",
]
