"""A triggered entry tries to go: the ladder of checks, then an order, a steal, or a refusal.

The checks stand in the order of `decision.Refusal`.  Free capital is used first; only an entry
that does not fit looks for victims (`victims.choose`).
"""

from collections.abc import Iterable

import msgspec

from .account import Account, Entry
from .decision import Choice, Entrant, Refusal
from .entries import block
from .look import Look
from .money import MICROS
from .placing import need_micros, submit
from .policy import Policy
from .prices import Price
from .ranks import distance
from .shared import Attempt, Shared, Weighed
from .stealing import start_steal, state_fight
from .triggers import SLACK, is_triggered
from .victims import choose_among, may_steal

_CHEAP = frozenset(
    str(refusal)
    for refusal in (
        Refusal.DISABLED,
        Refusal.TOO_FAR_FROM_LIMIT,
        Refusal.NO_STEAL_CANDIDATES,
    )
)


def try_woken(shared: Shared, account: Account) -> None:
    """Try every entry of an account that stands at its trigger."""
    if account.halted is None:
        waiting = [entry for entry in account.entries.values() if entry.state == "waiting"]
        try_all(shared, account, waiting)


def try_all(shared: Shared, account: Account, entries: Iterable[Entry]) -> None:
    """Try those of some entries that stand at their trigger.

    Best forecast first, then the nearer, then the entry id: the order in which capital goes.
    """
    look = Look(shared, shared.policy(account), account)
    able = worth_trying(shared, look, entries)
    if len(able) > 1:
        able.sort(key=lambda entry: _precedence(shared, look.policy, entry))
    for entry in able:
        if _try(shared, look, entry):
            look = Look(shared, look.policy, account)


def attempt(shared: Shared, account: Account, entry: Entry) -> None:
    """Let one waiting entry try, if it is triggered."""
    try_all(shared, account, (entry,))


def worth_trying(shared: Shared, look: Look, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that stand at their trigger and may come to something new.

    This is where most of the desk's time goes, so it is one loop and asks the cheap questions first.
    """
    found = []
    policy, account, now_us = look.policy, look.account, shared.now_us
    by_symbol = shared.prices.by_symbol
    unwatched = shared.watch is None and look.unready is None
    for entry in entries:
        if entry.state != "waiting" or entry.retry_us > now_us:
            continue
        price = by_symbol[entry.symbol]
        if price.quote_us < 0:
            found.append(entry)  # it is blocked for want of a price
            continue
        if entry.side == "buy":
            at, bands = price.ask, price.buyers.bands
        else:
            at, bands = price.bid, price.sellers.bands
        limit = entry.limit
        low, high = bands[account.id, entry.id]
        if not low <= at <= high:
            continue
        slack = 2 * SLACK * limit
        if not low + slack < at < high - slack:  # within a hair of the edge: the exact rule
            near, force = shared.trigger_of(policy, entry)
            if not is_triggered(policy, entry.side, limit, at, near, force):
                continue
        if (
            unwatched
            and entry.blocked in _CHEAP
            and now_us - price.quote_us <= policy.quote_max_age_us
            and _refused_again(shared, look, entry, at)
        ):
            continue
        found.append(entry)
    return found


def _refused_again(shared: Shared, look: Look, entry: Entry, at: float) -> bool:
    """Tell, for the commonest refusals, whether a try would only end in the same one again.

    What another entry does in the same moment cannot help it: that takes capital, and frees none.
    """
    policy, free = look.policy, look.free_micros
    if (
        free > 0
        and free * look.leverage_max >= entry.qty * entry.limit * MICROS
        and free >= need_micros(shared, policy, entry)
    ):
        return False
    if not policy.enabled:
        return entry.blocked == Refusal.DISABLED
    if distance(policy, entry.side, entry.limit, at) > policy.entry_tolerance:
        return entry.blocked == Refusal.TOO_FAR_FROM_LIMIT
    return entry.blocked == Refusal.NO_STEAL_CANDIDATES and not look.exposed


def _precedence(shared: Shared, policy: Policy, entry: Entry) -> tuple[float, float, str]:
    """Return the key by which entries that can go at once are ordered."""
    price = shared.prices.get(entry.symbol)
    known = price.quote_us >= 0
    away = distance(policy, entry.side, entry.limit, price.reference(entry.side)) if known else 0.0
    return (-shared.pnl(entry.symbol, entry.pnl), away, entry.id)


def _try(shared: Shared, look: Look, entry: Entry) -> bool:
    """Let a triggered entry try.  True if it went, so that the look is no longer good."""
    account = look.account
    price = shared.prices.get(entry.symbol)
    if price.quote_us < 0:
        block(shared, account, entry, Refusal.NO_PRICE)
        return False
    outbox = shared.outbox
    said = len(outbox.commands), len(outbox.facts)
    weighed = weigh_up(shared, look, entry, price, brief=shared.watch is None)
    _act(shared, look, entry, weighed)
    if shared.watch is not None:
        outputs = (*outbox.commands[said[0] :], *outbox.facts[said[1] :])
        ids = tuple(output.id for output in outputs)
        seen, at = msgspec.structs.replace(entry), price.reference(entry.side)
        shared.watch(Attempt(shared.now_us, account.id, seen, look.policy, at, weighed, ids))
    return weighed.refusal is None


def _act(shared: Shared, look: Look, entry: Entry, weighed: Weighed) -> None:
    """Give the entry free capital, or take it from victims, or say why neither."""
    policy, account = look.policy, look.account
    needed, free, refusal, choice = weighed
    if refusal is not None:
        detail = choice.detail if choice is not None else None
        new = block(shared, account, entry, refusal, detail, needed, free)
        if new and choice is not None and refusal is Refusal.FIGHT_PNL_NOT_BETTER:
            lost = next(item for item in choice.weighed if item.fight_lost)
            state_fight(shared, policy, account, entry, lost, won=False)
    elif choice is not None:
        start_steal(shared, policy, account, entry, choice, needed, free)
    else:
        submit(shared, policy, account, entry)


def weigh_up(
    shared: Shared, look: Look, entry: Entry, price: Price, *, brief: bool = False
) -> Weighed:
    """Find out what a try of a triggered entry would come to, and change nothing.

    `brief` leaves out the orders that were weighed where none can be taken; nobody will look.
    """
    policy = look.policy
    needed, free = need_micros(shared, policy, entry), look.free_micros
    if shared.now_us - price.quote_us > policy.quote_max_age_us:
        return Weighed(needed, free, Refusal.STALE_QUOTE, None)
    if look.unready is not None or free >= needed:
        return Weighed(needed, free, look.unready, None)
    at = price.reference(entry.side)
    pnl = shared.pnl(entry.symbol, entry.pnl)
    entrant = Entrant(entry.symbol, entry.side, entry.limit, at, pnl)
    orders = look.orders if may_steal(policy, entrant) else []
    if brief and orders and not look.exposed:
        near = distance(policy, entry.side, entry.limit, at)
        nobody = Choice(Refusal.NO_STEAL_CANDIDATES, "all_protected", (), (), near)
        return Weighed(needed, free, nobody.refusal, nobody)
    choice = choose_among(policy, shared.now_us, entrant, orders, look.history, needed - free)
    return Weighed(needed, free, choice.refusal, choice)
