"""Who gives way: protection, the total order of candidates, and the choice of victims.

`choose` is the heart of the product, and what the desk calls for an entry that may steal.  Under `reference` it is the original's attempt (rules A4),
under `default` the corrected one (part B); the policy's fields tell them apart, not the code.
"""

from typing import NamedTuple

from . import cooldowns as cooling
from . import fights
from .cooldowns import Cooldowns
from .decision import Candidate, Choice, Entrant, OrderView
from .fights import Fights
from .money import seconds_to_us
from .policy import Policy
from .ranks import distance
from .refusals import Protection, Refusal


class History(NamedTuple):
    """What an account remembers of earlier steals."""

    cooldowns: Cooldowns
    fights: Fights


def choose(
    policy: Policy,
    now_us: int,
    entrant: Entrant,
    orders: list["Assessed"],
    history: History,
    shortfall_micros: int,
) -> Choice:
    """Choose the orders to cancel for an entrant that may steal, or say why none.

    `orders` are all of the account, in the order in which the venue accepted them.
    `shortfall_micros` is the capital that is missing.
    """
    near = distance(policy, entrant.side, entrant.limit, entrant.price)
    weighed = _in_order(policy, [_for(policy, now_us, entrant, it, history) for it in orders])
    able = [candidate for candidate in weighed if candidate.protection is None]
    if not able:
        detail = "all_protected" if orders else "no_open_orders"
        return Choice(Refusal.NO_STEAL_CANDIDATES, detail, (), weighed, near)
    refusal, why, victims = _take(policy, able, shortfall_micros)
    return Choice(refusal, why, tuple(victims), weighed, near)


def _take(
    policy: Policy, able: list[Candidate], shortfall_micros: int
) -> tuple[Refusal | None, str | None, list[Candidate]]:
    """Take candidates in order until they free enough; never half of what is needed."""
    victims: list[Candidate] = []
    freed = 0
    fights_lost = 0
    for candidate in able:
        if candidate.fight_lost:
            if policy.on_fight_lost == "end":
                return Refusal.FIGHT_PNL_NOT_BETTER, None, []
            fights_lost += 1
            continue
        victims.append(candidate)
        freed += candidate.view.frees_micros
        if len(victims) == policy.max_victims or freed >= shortfall_micros:
            break
    if not victims:
        return Refusal.FIGHT_PNL_NOT_BETTER, None, []
    if policy.must_free_enough and freed < shortfall_micros:
        detail = "after_lost_fights" if fights_lost else None
        return Refusal.INSUFFICIENT_CAPITAL, detail, []
    won = "fight_won_by_pnl" if any(victim.fight for victim in victims) else None
    return (Refusal.DRY_RUN, won, victims) if policy.dry_run else (None, won, victims)


def weigh(policy: Policy, orders: list["Assessed"]) -> tuple[Candidate, ...]:
    """Weigh orders for no thief in particular: the candidates first, in their order."""
    return _in_order(policy, [Candidate(*order, False, False) for order in orders])


def _in_order(policy: Policy, weighed: list[Candidate]) -> tuple[Candidate, ...]:
    """Put the candidates first, in the order in which they would be taken.

    Furthest from its limit first, then the lower forecast.  What is still equal: the older, then
    the order id; the original left those in the venue's order, and so does `side_blind`.
    """
    able = [candidate for candidate in weighed if candidate.protection is None]
    if not able:
        return tuple(weighed)
    spared = [candidate for candidate in weighed if candidate.protection is not None]
    if policy.distance == "side_blind":
        able.sort(key=lambda candidate: (-(candidate.distance or 0.0), candidate.view.pnl))
    else:
        able.sort(key=_total_order)
    return (*able, *spared)


def _total_order(candidate: Candidate) -> tuple[float, float, int, str]:
    view = candidate.view
    return (-(candidate.distance or 0.0), view.pnl, view.accepted_us, view.order)


class Assessed(NamedTuple):
    """An order with what can be said of it whoever asks: its distance, and what protects it."""

    view: OrderView
    distance: float | None
    protection: Protection | None


def assess(policy: Policy, now_us: int, view: OrderView, history: History) -> Assessed:
    """Find out how far an order is from its limit, and whether it is protected."""
    away = None if view.price is None else distance(policy, view.side, view.limit, view.price)
    if policy.victim_intents == "entry" and view.intent != "entry":
        return Assessed(view, away, Protection.NOT_AN_ENTRY)
    if view.in_flight:
        return Assessed(view, away, Protection.IN_FLIGHT)
    return Assessed(view, away, protected(policy, now_us, view, away, history))


def _for(
    policy: Policy, now_us: int, entrant: Entrant, order: Assessed, history: History
) -> Candidate:
    """Weigh an order for one entrant: its own side is spared, and a fight may be lost."""
    view, away, protection = order
    if (
        policy.spare_same_side
        and view.symbol == entrant.symbol
        and view.side == entrant.side
        and protection is not Protection.NOT_AN_ENTRY
    ):
        protection = Protection.SAME_SIDE
    if protection is not None:
        return Candidate(view, away, protection, False, False)
    fight = fights.would_fight(policy, history.fights, entrant.symbol, view.symbol, now_us)
    return Candidate(view, away, protection, fight, fight and not entrant.pnl > view.pnl)


def protected(
    policy: Policy, now_us: int, view: OrderView, away: float | None, history: History
) -> Protection | None:
    """Say why an order is protected, the first reason that applies (rule F8), or None."""
    if is_probe(policy, view.mode, view.qty, view.limit):
        return Protection.PROBE
    if away is None:
        return Protection.NO_PRICE
    return protected_now(policy, now_us, view.symbol, view.age_us, away, history)


def protected_now(
    policy: Policy, now_us: int, symbol: str, age_us: int, away: float, history: History
) -> Protection | None:
    """Say what protects an order that is no probe and has a price, by that and by the time."""
    if away <= policy.protection:
        return Protection.NEAR_FILL
    if cooling.on_cooldown(policy, history.cooldowns, history.fights, symbol, now_us):
        return Protection.COOLDOWN
    if policy.protect_age_s and age_us < seconds_to_us(policy.protect_age_s):
        return Protection.YOUNG
    return None


def is_probe(policy: Policy, mode: str, qty: float, limit: float) -> bool:
    """Tell whether an order only feels the market out: by its notional, or by its own word."""
    if policy.probe_by_mode and mode == "probe":
        return True
    return abs(qty * limit) < policy.probe_notional
