"""Strategy makers for workers, which import this module to find them."""

import os
import sys

from streams.market import Market
from streams.strategies import Ladder, Strategy, StrategyError


def ladder(market: Market) -> Strategy:
    return Ladder(3_500.0)


def at_a_loss(market: Market) -> Strategy:
    """Fail like a user's file that cannot be used."""
    raise StrategyError("own.py: there is no class Mine; check the name after the colon.")


def lost_in_a_worker(market: Market) -> Strategy:
    """End the process from outside, but not the one that runs the tests."""
    if "pytest" not in sys.modules:
        os._exit(9)
    return ladder(market)
