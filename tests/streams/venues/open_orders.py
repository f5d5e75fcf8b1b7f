"""What rests at a simulated venue, for tests to look at."""

from streams.venues.simulated.book import OpenOrder
from streams.venues.simulated.venue import SimulatedVenue


def open_orders(venue: SimulatedVenue) -> tuple[OpenOrder, ...]:
    """Return all resting orders, by id."""
    return tuple(order.view() for _, order in sorted(venue._open.items()))
