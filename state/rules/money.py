"""Whole micro-dollars: capital is counted in integers, so it never drifts.

Prices and quantities stay float64, as venues give them; a product becomes micro-dollars once, here.
"""

import math

MICROS = 1_000_000
"""Micro-dollars in a dollar, and microseconds in a second."""

DOLLARS_MAX = 1e9
"""One order, trade or holding beyond this is a corrupt record; sums of sane ones fit 64 bits."""

DOUBLINGS_MAX = 6
"""What is tried again waits longer each time, up to 64 times as long."""


def to_micros(dollars: float) -> int:
    """Round dollars to the nearest micro-dollar."""
    return round(dollars * MICROS)


def to_dollars(micros: int) -> float:
    """Return micro-dollars as dollars, for people and wire fields that carry dollars."""
    return micros / MICROS


def value_micros(qty: float, price: float) -> int:
    """Return the value of a holding in micro-dollars, negative when short."""
    return round(qty * price * MICROS)


def reservation_micros(qty: float, limit: float, fee_reserve: float) -> int:
    """Return what an order may cost at most, fees included, rounded up."""
    return math.ceil(qty * limit * (1.0 + fee_reserve) * MICROS)


def margin_micros(notional_micros: int, leverage: float) -> int:
    """Return the capital that a notional binds at this leverage, rounded up."""
    return notional_micros if leverage == 1.0 else math.ceil(notional_micros / leverage)


def absurd(dollars: float) -> bool:
    """Tell whether an amount is too large to be true, of either sign."""
    return abs(dollars) > DOLLARS_MAX


def seconds_to_us(seconds: float) -> int:
    """Return a duration in microseconds."""
    return round(seconds * MICROS)
