"""A triggered entry tries to go: the ladder of checks, then an order, a steal, or a refusal.

The checks stand in the order of `decision.Refusal`.  Free capital is used first; only an entry
that does not fit looks for victims (`victims.choose`).
"""

from collections.abc import Iterable

import msgspec

from state.books.account import Account, Entry
from state.dealing.entries import block
from state.dealing.placing import submit
from state.dealing.shared import Attempt, Shared, Weighed
from state.dealing.waiting import Waiter
from state.market.prices import Price
from state.market.triggers import is_triggered
from state.rules.decision import Choice, Entrant, Refusal
from state.rules.policy import Policy
from state.rules.ranks import distance
from state.rules.victims import choose_among, near_enough

from .look import Look, look_at
from .starting import start_steal, state_fight

_DISABLED, _TOO_FAR, _NO_CANDIDATES = map(
    str, (Refusal.DISABLED, Refusal.TOO_FAR_FROM_LIMIT, Refusal.NO_STEAL_CANDIDATES)
)
_CHEAP = frozenset((_DISABLED, _TOO_FAR, _NO_CANDIDATES))
"""Refusals that `_plain_refusal` finds out without weighing anything."""

_NOBODY = Choice(Refusal.NO_STEAL_CANDIDATES, "all_protected", (), (), 0.0)
"""Stands for a choice among protected orders where nobody looks at what was weighed."""


def try_woken(shared: Shared, account: Account) -> None:
    """Try every entry of an account that stands at its trigger."""
    if account.halted is None:
        waiting = [entry for entry in account.entries.values() if entry.state == "waiting"]
        try_all(shared, account, waiting)


def try_all(shared: Shared, account: Account, entries: Iterable[Entry]) -> None:
    """Try those of some entries that stand at their trigger.

    Best forecast first, then the nearer, then the entry id: the order in which capital goes.
    """
    look = look_at(shared, account)
    able = worth_trying(shared, look, entries)
    if len(able) > 1:
        able.sort(key=lambda entry: _precedence(shared, look.policy, entry))
    while able:
        for place, entry in enumerate(able, 1):
            if _try(shared, look, entry):
                shared.look = None
                look = look_at(shared, account)
                able = worth_trying(shared, look, able[place:])
                break
        else:
            return


def attempt(shared: Shared, account: Account, entry: Entry) -> None:
    """Let one waiting entry try, if it is triggered."""
    try_all(shared, account, (entry,))


def worth_trying(shared: Shared, look: Look, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that stand at their trigger and may come to something new.

    This is where most of the desk's time goes, so it is one loop and asks the cheap questions first.
    """
    found = []
    policy, now_us, intraday, free = look.policy, shared.now_us, look.intraday, look.free_micros
    waiters = shared.waiters.get(look.account.id, {})
    oldest_us = now_us - policy.quote_max_age_us
    unwatched = shared.watch is None and look.unready is None
    for entry in entries:
        if entry.state != "waiting" or entry.retry_us > now_us:
            continue
        waiter = waiters[entry.id]
        price = waiter.price
        if price.quote_us < 0:
            found.append(entry)  # it is blocked for want of a price
            continue
        at = price.ask if waiter.buys else price.bid
        if not waiter.sure_low < at < waiter.sure_high:
            if not waiter.low <= at <= waiter.high:
                continue
            near, force = shared.trigger_of(policy, entry)
            if not is_triggered(policy, entry.side, entry.limit, at, near, force):
                continue
        if unwatched and entry.blocked in _CHEAP and price.quote_us >= oldest_us:
            # What another entry does in the same moment takes capital and frees none, so it
            # cannot help one that would only be refused for the same reason again.
            bound = waiter.intraday is intraday
            needed = waiter.needed_micros if bound else waiter.needed_at(policy, intraday)
            if free < needed and _plain_refusal(look, entry, waiter, at) == entry.blocked:
                continue
        found.append(entry)
    return found


def _plain_refusal(look: Look, entry: Entry, waiter: Waiter, at: float) -> str | None:
    """Return what an entry that does not fit is refused for; None if victims must be weighed."""
    policy = look.policy
    if not policy.enabled:
        return _DISABLED
    if not waiter.near_low < at < waiter.near_high and (
        at < waiter.far_low
        or at > waiter.far_high
        or not near_enough(policy, entry.side, entry.limit, at)
    ):
        return _TOO_FAR
    return None if look.exposed_to(entry) else _NO_CANDIDATES


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
    policy, account = look.policy, look.account
    needed = shared.waiters[account.id][entry.id].needed_at(policy, look.intraday)
    free = look.free_micros
    if shared.now_us - price.quote_us > policy.quote_max_age_us:
        return Weighed(needed, free, Refusal.STALE_QUOTE, None)
    if look.unready is not None or free >= needed:
        return Weighed(needed, free, look.unready, None)
    at = price.reference(entry.side)
    enough = policy.enabled and near_enough(policy, entry.side, entry.limit, at)
    if brief:
        if not enough:
            plain = Refusal.TOO_FAR_FROM_LIMIT if policy.enabled else Refusal.DISABLED
            return Weighed(needed, free, plain, None)
        if account.orders and not look.exposed_to(entry):
            return Weighed(needed, free, _NOBODY.refusal, _NOBODY)
    pnl = shared.pnl(entry.symbol, entry.pnl)
    entrant = Entrant(entry.symbol, entry.side, entry.limit, at, pnl)
    orders = look.orders if enough else []
    choice = choose_among(policy, shared.now_us, entrant, orders, look.history, needed - free)
    return Weighed(needed, free, choice.refusal, choice)
