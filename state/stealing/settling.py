"""The second half of a steal: victims' answers come in, the thief's order goes out and settles.

Only a confirmed cancel frees capital.  Freed margin is held for the thief until every victim has
answered; then the thief's order is sent if the capital suffices, else the steal is `lost`.
"""

from state.books.account import NEVER, Account, Entry, Order, StealInFlight
from state.books.capacity import free_micros, needed_micros
from state.dealing.context import Context
from state.dealing.entries import back_to_waiting, block, end_entry, hold_off
from state.dealing.placing import new_order, send_steal
from state.rules.money import seconds_to_us
from state.rules.policy import Policy
from state.rules.refusals import Refusal
from topics.facts import StealExpired, StealLost, StealSettled


def victim_answered(
    context: Context, account: Account, order: Order, freed_micros: int, spoiled: str | None = None
) -> None:
    """A victim's cancel was confirmed, or (`spoiled`) its capital will not come.

    What it freed is held for the thief at once, so that nobody else can take it.
    """
    steal = account.steals.get(order.steal) if order.steal else None
    if steal is None or order.id not in steal.pending:
        return
    steal.pending.remove(order.id)
    steal.held_micros = min(steal.needed_micros, steal.held_micros + freed_micros)
    steal.spoiled = steal.spoiled or spoiled
    if not steal.pending:
        conclude(context, account, steal)


def conclude(context: Context, account: Account, steal: StealInFlight) -> None:
    """All victims answered: send the thief if the capital is there."""
    policy = context.policies.of(account)
    entry = account.entries.get(steal.entry)
    steal.held_micros = 0
    if entry is None:
        lose(context, account, steal, steal.spoiled or "withdrawn")
    elif _affords(context, policy, account, entry):
        send(context, account, steal, entry)
    else:
        lose(context, account, steal, steal.spoiled or str(Refusal.INSUFFICIENT_CAPITAL))


def _affords(context: Context, policy: Policy, account: Account, entry: Entry) -> bool:
    """Tell whether the account's free capital suffices for an entry."""
    intraday = context.clock.intraday(policy)
    return free_micros(account, policy, intraday) >= needed_micros(policy, entry, intraday)


def send(context: Context, account: Account, steal: StealInFlight, entry: Entry) -> None:
    """Send the thief's order; its reservation takes the place of what was held."""
    steal.held_micros = 0
    steal.move("placing")
    steal.attempt += 1
    steal.deadline_us, steal.retry_us = NEVER, NEVER
    order = new_order(context, context.policies.of(account), account, entry)
    steal.order = order.id
    send_steal(context, account, steal, order)


def _of_thief(account: Account, order: Order) -> StealInFlight | None:
    """Return the steal whose thief this order is."""
    entry = account.entries.get(order.entry) if order.entry else None
    steal = account.steals.get(entry.steal) if entry is not None and entry.steal else None
    return steal if steal is not None and steal.order == order.id else None


def thief_accepted(context: Context, account: Account, order: Order) -> None:
    """An entry's order works, so its rejections are past; if it is a thief's, the steal settles."""
    placed = account.entries.get(order.entry) if order.entry else None
    if placed is not None:
        placed.rejections = 0
    steal = _of_thief(account, order)
    if steal is None:
        return
    entry = account.entries[steal.entry]
    entry.move("placed")
    entry.steal = None
    del account.steals[steal.id]
    context.outbox.fact(StealSettled, account.id, steal=steal.id, entry=entry.id, order=order.id)


def thief_rejected(context: Context, account: Account, order: Order, *, for_funds: bool) -> bool:
    """The venue refused the thief.  True if the order was one.

    A confirmed cancel whose money is not free yet is no reason to give up at once: the margin
    stays held and the order is sent again, a few times, in desk time.
    """
    steal = _of_thief(account, order)
    if steal is None:
        return False
    policy = context.policies.of(account)
    if for_funds and steal.attempt <= policy.funds_retries:
        entry = account.entries[steal.entry]
        steal.move("retrying")
        steal.order = entry.order = None
        intraday = context.clock.intraday(policy)
        free = free_micros(account, policy, intraday)
        steal.held_micros = max(0, min(free, needed_micros(policy, entry, intraday)))
        steal.retry_us = context.clock.now_us + seconds_to_us(policy.funds_retry_delay_s)
        context.timers.set(steal.retry_us, account.id, "steal_retry", steal.id)
        return True
    entry = account.entries[steal.entry]
    lose(context, account, steal, "insufficient_funds" if for_funds else "rejected")
    rejected(context, account, entry, for_funds=for_funds)
    return True


def rejected(context: Context, account: Account, entry: Entry, *, for_funds: bool) -> None:
    """Count a rejection of a waiting entry's order: try later, or give the entry up."""
    entry.rejections += 1
    if entry.rejections >= context.policies.of(account).rejections_max and not for_funds:
        end_entry(context, account, entry, "rejected")
    else:
        hold_off(context, account, entry)


def thief_gone(context: Context, account: Account, order: Order) -> bool:
    """The thief's order ended before it was accepted.  True if the order was one."""
    steal = _of_thief(account, order)
    if steal is None:
        return False
    lose(context, account, steal, "order_gone")
    return True


def retry(context: Context, account: Account, steal: StealInFlight) -> None:
    """Send the thief's order again."""
    entry = account.entries[steal.entry]
    policy = context.policies.of(account)
    steal.held_micros = 0
    if _affords(context, policy, account, entry):
        send(context, account, steal, entry)
    else:
        lose(context, account, steal, str(Refusal.INSUFFICIENT_CAPITAL))


def lose(context: Context, account: Account, steal: StealInFlight, reason: str) -> None:
    """Give up: what was held is free again, the entry waits, blocked, for a later try."""
    del account.steals[steal.id]
    context.outbox.fact(StealLost, account.id, steal=steal.id, entry=steal.entry, reason=reason)
    entry = account.entries.get(steal.entry)
    if entry is not None:
        policy = context.policies.of(account)
        back_to_waiting(context, account, entry, entry.qty)
        hold_off(context, account, entry)
        free = free_micros(account, policy, context.clock.intraday(policy))
        block(
            context,
            account,
            entry,
            Refusal.INSUFFICIENT_CAPITAL,
            f"steal_lost:{reason}",
            steal.needed_micros,
            free,
        )
    context.accounts.wake(account)


def expire(context: Context, account: Account, steal: StealInFlight) -> None:
    """The venue did not answer the cancels in time.

    Nothing is known, so nothing is freed: the orders keep what they reserve until a late answer
    or a snapshot that lists the open orders says what became of them.
    """
    unanswered = list(steal.pending)
    for name in unanswered:
        order = account.orders[name]
        order.unanswered_us, order.steal = context.clock.now_us, None
    _end_expired(context, account, steal, unanswered)
    entry = account.entries.get(steal.entry)
    if entry is not None:
        back_to_waiting(context, account, entry, entry.qty)
    context.accounts.wake(account)


def expire_thief(context: Context, account: Account, order: Order) -> None:
    """The venue did not answer the thief's order; the order itself stays on the books."""
    steal = _of_thief(account, order)
    if steal is not None:
        _end_expired(context, account, steal, [order.id])
        entry = account.entries[steal.entry]
        entry.move("placed")
        entry.steal = None


def _end_expired(
    context: Context, account: Account, steal: StealInFlight, unanswered: list[str]
) -> None:
    del account.steals[steal.id]
    context.outbox.fact(
        StealExpired, account.id, steal=steal.id, entry=steal.entry, unanswered=unanswered
    )
