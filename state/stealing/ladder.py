"""The refusal ladder: the one walk through the checks that a triggered entry has to pass.

The checks stand in the order of `Refusal`, the first that fails gives the reason.  `walk` goes all
the way.  `before_victims` is its first part, which looks at no single order; whoever only wants to
know whether a try would end there again asks that part alone.
"""

import enum

from state.books.account import Entry
from state.dealing.attempts import Weighed
from state.dealing.board import Board
from state.dealing.look import Look
from state.dealing.waiting import Waiter
from state.rules.decision import Choice, Entrant
from state.rules.refusals import Refusal
from state.rules.victims import choose


class Way(enum.Enum):
    """How a try goes on that nothing refused before the victims."""

    FITS = "free capital suffices"
    VICTIMS = "orders must be weighed"


NOBODY = Choice(Refusal.NO_STEAL_CANDIDATES, "all_protected", (), (), 0.0)
"""A choice among protected orders where nobody looks at what was weighed."""


def before_victims(look: Look, entry: Entry, waiter: Waiter) -> Refusal | Way:
    """Walk the checks that need no look at single orders; say what refuses, or how it goes on.

    Free capital is used first: an entry that fits is asked nothing about stealing.
    """
    policy, price = look.policy, waiter.price
    quote_us = price.quote_us
    if quote_us < 0:
        return Refusal.NO_PRICE
    if look.now_us - quote_us > policy.quote_max_age_us:
        return Refusal.STALE_QUOTE
    if look.unanswered:
        return Refusal.AWAITING_RECONCILIATION
    if look.snapshot_us < 0:
        return Refusal.NO_ACCOUNT_SNAPSHOT
    if look.now_us - look.snapshot_us > policy.snapshot_max_age_us:
        return Refusal.STALE_ACCOUNT
    # A refused entry passes here at every quote of its symbol, hence two calls are spared where
    # the waiter's own figures answer.
    same = waiter.intraday is look.intraday
    needed = waiter.needed_micros if same else waiter.needed_at(policy, look.intraday)
    if look.free_micros >= needed:
        return Way.FITS
    if not policy.enabled:
        return Refusal.DISABLED
    at = price.ask if waiter.buys else price.bid
    if not (waiter.near_low < at < waiter.near_high or waiter.near_enough(policy, entry, at)):
        return Refusal.TOO_FAR_FROM_LIMIT
    return Way.VICTIMS


def walk(board: Board, look: Look, entry: Entry, waiter: Waiter, *, brief: bool = False) -> Weighed:
    """Find out what a try of a triggered entry would come to, and change nothing.

    `brief` leaves out the orders that were weighed where none can be taken; nobody will look.
    """
    needed, free = waiter.needed_at(look.policy, look.intraday), look.free_micros
    found = before_victims(look, entry, waiter)
    if isinstance(found, Refusal):
        return Weighed(needed, free, found, None)
    if found is Way.FITS:
        return Weighed(needed, free, None, None)
    if brief and look.account.orders and not look.exposed_to(entry.symbol, entry.side):
        return Weighed(needed, free, NOBODY.refusal, NOBODY)
    at, pnl = waiter.price.reference(entry.side), board.pnl(entry.symbol, entry.pnl)
    entrant = Entrant(entry.symbol, entry.side, entry.limit, at, pnl)
    choice = choose(look.policy, look.now_us, entrant, look.orders, look.history, needed - free)
    return Weighed(needed, free, choice.refusal, choice)


def refused_again(look: Look, entry: Entry, waiter: Waiter) -> bool:
    """Tell, without weighing orders, that a try would only repeat the reason that was given last.

    False may also mean that it takes a whole walk to know.
    """
    found = before_victims(look, entry, waiter)
    if found is Way.VICTIMS and not look.exposed_to(entry.symbol, entry.side):
        return entry.blocked == Refusal.NO_STEAL_CANDIDATES
    return entry.blocked == found
