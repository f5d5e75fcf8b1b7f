"""Worlds in which a steal is about to happen, and their figures."""

from typing import Any

from topics.events import PolicySet

from .world import World, roomy

DOLLARS = 1_000_000
"""Micro-dollars in a dollar."""
NEED = 3500 * DOLLARS
"""What a thief of the usual size needs, and what a victim of that size frees."""


def crowded(*victims: str, **policy: Any) -> World:
    """All capital lies in orders of BTCUSD, LTCUSD, SOLUSD that are 5 % away; ETHUSD is at 50.

    The orders have the names given (`v` if none), 3,500 dollars and an accepted order each.
    """
    names = victims or ("v",)
    world = World(roomy(**policy))
    world.fund(3500.0 * len(names))
    world.quote("ETHUSD", 50.0)
    for name, symbol in zip(names, ("BTCUSD", "LTCUSD", "SOLUSD"), strict=False):
        world.quote(symbol, 105.0)
        world.working(name, symbol, 100.0)
        world.wait(1)
    return world


def stealing(*victims: str, **policy: Any) -> World:
    """The same, and the entry `t` (ETHUSD at 50) needs the capital of all of them."""
    world = crowded(*victims, **policy)
    world.want("t", "ETHUSD", 50.0, dollars=3500.0 * len(world.account().orders))
    return world


def placing(**policy: Any) -> World:
    """The same, one victim, its cancel confirmed: the thief's order `t.3` is under way."""
    world = stealing(**policy)
    world.cancelled("v")
    return world


def victim_of_our_own() -> World:
    """The entry `e` has a working order `e.1` (BTCUSD at 100) and `t` is stealing it."""
    world = World(roomy())
    world.fund(3500)
    world.quote("ETHUSD", 50.0)
    world.quote("BTCUSD", 100.0)
    world.want("e", "BTCUSD", 100.0)
    world.accepted("e.1")
    world.quote("BTCUSD", 105.0)
    world.want("t", "ETHUSD", 50.0)
    return world


def set_policy(world: World, account: str | None = None, **values: Any) -> Any:
    """Put a roomy policy in force, by an event."""
    policy = roomy(**values).model_dump()
    return world.apply(PolicySet(ts_us=world.now_us, account=account, policy=policy))
