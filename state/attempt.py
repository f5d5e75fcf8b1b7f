"""A triggered entry tries to go: the ladder of checks, then an order, a steal, or a refusal.

The checks stand in the order of `decision.Refusal`.  Free capital is used first; only an entry
that does not fit looks for victims (`victims.choose`).
"""

from collections.abc import Iterable

import msgspec

from .account import Account, Entry
from .decision import Entrant, Refusal
from .entries import block
from .look import Look
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
    policy = shared.policy(account)
    able = [entry for entry in entries if at_trigger(shared, policy, account, entry)]
    look = Look(shared, policy, account)
    if shared.watch is None:
        able = [entry for entry in able if not still_refused(shared, look, entry)]
    if len(able) > 1:
        able.sort(key=lambda entry: _precedence(shared, policy, entry))
    for entry in able:
        if _try(shared, look, entry):
            look = Look(shared, policy, account)


def attempt(shared: Shared, account: Account, entry: Entry) -> None:
    """Let one waiting entry try, if it is triggered."""
    try_all(shared, account, (entry,))


def at_trigger(shared: Shared, policy: Policy, account: Account, entry: Entry) -> bool:
    """Tell whether an entry goes at this price, or cannot be judged for want of one."""
    if entry.state != "waiting" or entry.retry_us > shared.now_us:
        return False
    price = shared.prices.get(entry.symbol)
    if price.quote_us < 0:
        return True
    at, slack = price.reference(entry.side), 2 * SLACK * entry.limit
    low, high = shared.band_of(account, entry, price)
    if low + slack < at < high - slack:
        return True
    if not low <= at <= high:
        return False
    near, force = shared.trigger_of(policy, entry)  # within a hair of the edge: the exact rule
    return is_triggered(policy, entry.side, entry.limit, at, near, force)


def still_refused(shared: Shared, look: Look, entry: Entry) -> bool:
    """Tell, for the commonest refusals, whether a try would only end in the same one again.

    Most tries do, so this is where their time goes; nobody who wants to watch them may use it.
    What another entry does in the same moment cannot help: it takes capital, it frees none.
    """
    blocked, policy = entry.blocked, look.policy
    if blocked not in _CHEAP or look.unready is not None:
        return False
    price = shared.prices.get(entry.symbol)
    if price.quote_us < 0 or shared.now_us - price.quote_us > policy.quote_max_age_us:
        return False
    free = look.free_micros
    if free > 0 and free >= need_micros(shared, policy, entry):
        return False
    if not policy.enabled:
        return blocked == Refusal.DISABLED
    near = distance(policy, entry.side, entry.limit, price.reference(entry.side))
    if near > policy.entry_tolerance:
        return blocked == Refusal.TOO_FAR_FROM_LIMIT
    return blocked == Refusal.NO_STEAL_CANDIDATES and not look.exposed


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
    weighed = weigh_up(shared, look, entry, price)
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


def weigh_up(shared: Shared, look: Look, entry: Entry, price: Price) -> Weighed:
    """Find out what a try of a triggered entry would come to, and change nothing."""
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
    choice = choose_among(policy, shared.now_us, entrant, orders, look.history, needed - free)
    return Weighed(needed, free, choice.refusal, choice)
