"""A triggered entry tries to go: the ladder of checks, then an order, a steal, or a refusal.

The checks stand in the order of `decision.Refusal`.  Free capital is used first; only an entry
that does not fit looks for victims (`victims.choose`).
"""

import msgspec

from .account import Account, Entry
from .capacity import free_micros
from .decision import Entrant, OrderView, Refusal
from .entries import block
from .placing import need_micros, submit
from .policy import Policy
from .prices import Price
from .ranks import distance
from .shared import Attempt, Shared, Weighed
from .stealing import start_steal, state_fight
from .triggers import is_triggered
from .victims import History, choose, may_steal


def try_woken(shared: Shared, account: Account) -> None:
    """Try every entry of an account that stands at its trigger.

    Best forecast first, then the nearer, then the entry id: the order in which capital goes.
    """
    if account.halted is not None:
        return
    policy = shared.policy(account)
    able = [entry for entry in account.entries.values() if entry.state == "waiting"]
    for entry in sorted(able, key=lambda entry: precedence(shared, policy, entry)):
        attempt(shared, account, entry)


def precedence(shared: Shared, policy: Policy, entry: Entry) -> tuple[float, float, str]:
    """Return the key by which entries that can go at once are ordered."""
    price = shared.prices.get(entry.symbol)
    known = price.quote_us >= 0
    away = distance(policy, entry.side, entry.limit, price.reference(entry.side)) if known else 0.0
    return (-shared.pnl(entry.symbol, entry.pnl), away, entry.id)


def attempt(shared: Shared, account: Account, entry: Entry) -> None:
    """Let one waiting entry try, if it is triggered."""
    if entry.state != "waiting" or entry.retry_us > shared.now_us:
        return
    policy = shared.policy(account)
    price = shared.prices.get(entry.symbol)
    if price.quote_us < 0:
        block(shared, account, entry, Refusal.NO_PRICE)
        return
    near, force = shared.trigger_of(policy, entry)
    at = price.reference(entry.side)
    if not is_triggered(policy, entry.side, entry.limit, at, near, force):
        return
    outbox = shared.outbox
    said = len(outbox.commands), len(outbox.facts)
    weighed = _decide(shared, policy, account, entry, price, at)
    if shared.watch is not None:
        outputs = (*outbox.commands[said[0] :], *outbox.facts[said[1] :])
        ids = tuple(output.id for output in outputs)
        seen = msgspec.structs.replace(entry)
        shared.watch(Attempt(shared.now_us, account.id, seen, policy, at, weighed, ids))


def _decide(
    shared: Shared, policy: Policy, account: Account, entry: Entry, price: Price, at: float
) -> Weighed:
    """Give the entry free capital, or take it from victims, or say why neither."""
    weighed = weigh_up(shared, policy, account, entry, price, at)
    needed, free, refusal, choice = weighed
    if refusal is None and choice is None:
        submit(shared, policy, account, entry)
    elif refusal is None and choice is not None:
        start_steal(shared, policy, account, entry, choice, needed, free)
    elif refusal is not None:
        detail = choice.detail if choice is not None else None
        new = block(shared, account, entry, refusal, detail, needed, free)
        if new and choice is not None and refusal is Refusal.FIGHT_PNL_NOT_BETTER:
            lost = next(item for item in choice.weighed if item.fight_lost)
            state_fight(shared, policy, account, entry, lost, won=False)
    return weighed


def weigh_up(
    shared: Shared,
    policy: Policy,
    account: Account,
    entry: Entry,
    price: Price,
    at: float,
    views: list[OrderView] | None = None,
) -> Weighed:
    """Find out what a try of a triggered entry would come to, and change nothing.

    `views` are the account's `order_views`, from whoever has them already.
    """
    needed = need_micros(shared, policy, entry)
    free = free_micros(account, policy, shared.intraday(policy))
    refusal = unready(shared, policy, account, price)
    if refusal is not None or free >= needed:
        return Weighed(needed, free, refusal, None)
    entrant = Entrant(
        entry.symbol, entry.side, entry.limit, at, shared.pnl(entry.symbol, entry.pnl)
    )
    if views is None:
        views = order_views(shared, policy, account) if may_steal(policy, entrant) else []
    history = History(account.cooldowns, account.fights)
    choice = choose(policy, shared.now_us, entrant, views, history, needed - free)
    return Weighed(needed, free, choice.refusal, choice)


def unready(shared: Shared, policy: Policy, account: Account, price: Price) -> Refusal | None:
    """Say what is not known well enough to decide, or None."""
    now = shared.now_us
    if now - price.quote_us > policy.quote_max_age_us:
        return Refusal.STALE_QUOTE
    if account.unanswered:
        return Refusal.AWAITING_RECONCILIATION
    if account.snapshot_us < 0:
        return Refusal.NO_ACCOUNT_SNAPSHOT
    if now - account.snapshot_us > policy.snapshot_max_age_us:
        return Refusal.STALE_ACCOUNT
    return None


def order_views(shared: Shared, policy: Policy, account: Account) -> list[OrderView]:
    """Return all live orders as the choice of victims sees them, oldest first."""
    views = []
    for order in sorted(account.orders.values(), key=lambda order: order.seq):
        price = shared.fresh(policy, order.symbol)
        leverage = policy.leverage(policy.asset_class(order.symbol), shared.intraday(policy))
        views.append(
            OrderView(
                order.id,
                order.symbol,
                order.side,
                order.limit,
                order.remaining,
                None if price is None else price.reference(order.side),
                shared.pnl(order.symbol, order.pnl),
                order.mode,
                order.intent,
                order.accepted_us,
                shared.now_us - order.accepted_us,
                int(order.reserved_micros // leverage),
                order.state != "working" or order.market,
            )
        )
    return views
