"""Cooldowns: a symbol that was stolen from is spared for a while, longer when it is in a fight.

`Cooldowns` maps a symbol to the time it was last stolen from, in microseconds.
"""

from . import fights
from .fights import Fights
from .policy import Policy

Cooldowns = dict[str, int]


def ends_us(
    policy: Policy, cooldowns: Cooldowns, history: Fights, symbol: str, now_us: int
) -> int | None:
    """Return when the symbol's cooldown ends as things stand, None if it was never stolen from.

    Rule F5: the longer of the plain cooldown and the fight's, counted from the last steal.
    """
    last = cooldowns.get(symbol)
    if last is None:
        return None
    extended = fights.cooldown_us(policy, history, symbol, now_us)
    return last + max(policy.cooldown_us, extended)


def on_cooldown(
    policy: Policy, cooldowns: Cooldowns, history: Fights, symbol: str, now_us: int
) -> bool:
    """Tell whether the symbol is spared; it is free at exactly the end."""
    last = cooldowns.get(symbol)
    if last is None:
        return False
    age = now_us - last
    if age < policy.cooldown_us:
        return True
    # Only in between does it matter whether the symbol is in a fight, which is dear to find out.
    if age >= policy.fight_cooldown_us:
        return False
    return age < fights.cooldown_us(policy, history, symbol, now_us)
