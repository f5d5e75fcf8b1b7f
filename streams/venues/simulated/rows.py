"""A simulated venue written down: everything that it needs to go on as if it had never stopped."""

import msgspec

from .account import HeldBack
from .book import VenueOrder
from .interest import NEVER_US
from .requests import Request


class VenueRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account's venue.  Money in micro-dollars, holdings in units, times in microseconds.

    The order ids that were ever taken are not in it, for they only grow (see `OrderIds`); nor are
    the times of snapshots, as one is due after every start anyway.  `settled_us` is the last close
    whose interest was charged.
    """

    account: str
    cash_micros: int
    fees_micros: int
    holdings: dict[str, float]
    held_back: list[HeldBack]
    open: list[VenueOrder]
    requests: list[Request]
    arrivals: int
    settled_us: int = NEVER_US
