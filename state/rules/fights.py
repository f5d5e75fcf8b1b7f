"""Fights: two symbols that take the same capital from each other again and again.

`Fights` maps an unordered pair, written `A|B` in sorted order, to the times of its steals in
microseconds.  Which of the two was the victim does not matter (rules F6, F7, F9).
"""

from .policy import Policy

Fights = dict[str, list[int]]


def pair_of(one: str, other: str) -> str:
    """Return the key of a pair; the order of the two makes no difference."""
    return f"{one}|{other}" if one <= other else f"{other}|{one}"


def steals_in_window(policy: Policy, history: Fights, pair: str, now_us: int) -> int:
    """Count the pair's steals that still matter; one exactly as old as the window does."""
    since = now_us - policy.fight_window_us
    return sum(1 for moment in history.get(pair, ()) if moment >= since)


def would_fight(policy: Policy, history: Fights, one: str, other: str, now_us: int) -> bool:
    """Tell whether one more steal between the two would make it a fight (rule F7)."""
    if _exempt(policy, one, other):
        return False
    count = steals_in_window(policy, history, pair_of(one, other), now_us)
    return count >= policy.fight_threshold - 1


def cooldown_us(policy: Policy, history: Fights, symbol: str, now_us: int) -> int:
    """Return the longer cooldown of a symbol that is in a fight with anyone, else 0 (rule F6)."""
    threshold = max(1, policy.fight_threshold - 1)
    for pair in history:
        one, _, other = pair.partition("|")
        if symbol not in (one, other) or _exempt(policy, one, other):
            continue
        if steals_in_window(policy, history, pair, now_us) >= threshold:
            return policy.fight_cooldown_us
    return 0


def record(policy: Policy, history: Fights, thief: str, victim: str, now_us: int) -> None:
    """Add a steal, then forget what is older than two windows, of every pair (rule F9)."""
    history.setdefault(pair_of(thief, victim), []).append(now_us)
    since = now_us - 2 * policy.fight_window_us
    for pair in list(history):
        kept = [moment for moment in history[pair] if moment >= since]
        if kept:
            history[pair] = kept
        else:
            del history[pair]


def _exempt(policy: Policy, one: str, other: str) -> bool:
    return policy.crypto_fights_exempt and (
        policy.asset_class(one) == policy.asset_class(other) == "crypto"
    )
