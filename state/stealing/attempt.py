"""A triggered entry tries to go: it gets free capital, takes it from victims, or is refused.

Which of these is decided by `ladder.walk`; here is who tries, in which order, and what follows.
"""

from collections.abc import Iterable

import msgspec

from state.books.account import Account, Entry
from state.dealing.attempts import Attempt, Weighed
from state.dealing.board import Board
from state.dealing.context import Context
from state.dealing.entries import block
from state.dealing.look import Look
from state.dealing.placing import submit
from state.market.triggers import is_triggered
from state.rules.ranks import distance
from state.rules.refusals import Refusal

from .ladder import refused_again, walk
from .starting import start_steal, state_fight


def try_woken(context: Context, account: Account) -> None:
    """Try every entry of an account that stands at its trigger."""
    if account.halted is None:
        waiting = [entry for entry in account.entries.values() if entry.state == "waiting"]
        try_all(context, account, waiting)


def try_all(context: Context, account: Account, entries: Iterable[Entry]) -> None:
    """Try those of some entries that stand at their trigger.

    Best forecast first, then the nearer, then the entry id: the order in which capital goes.
    """
    look = context.looks.at(account)
    able = worth_trying(context, look, entries)
    if len(able) > 1:
        able.sort(key=lambda entry: _precedence(context.board, look, entry))
    while able:
        for tried, entry in enumerate(able, 1):
            if _try(context, look, entry):
                # It took capital.  Of the others, those may be refused again that were worth a try.
                look = context.looks.at(account)
                able = worth_trying(context, look, able[tried:])
                break
        else:
            return


def worth_trying(context: Context, look: Look, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that stand at their trigger and may come to something new.

    This is where most of the desk's time goes, hence one loop that asks the cheap questions first
    and repeats, for prices well inside a band, what `is_triggered` would say.
    """
    able = []
    board, policy, now_us = context.board, look.policy, look.now_us
    waiters = board.waiters.get(look.account.id, {})
    unwatched = context.outbox.on_attempt is None
    for entry in entries:
        if entry.state != "waiting" or entry.retry_us > now_us:
            continue
        waiter = waiters[entry.id]
        price = waiter.price
        if price.quote_us < 0:
            able.append(entry)  # it is blocked for want of a price
            continue
        at = price.ask if waiter.buys else price.bid
        if not waiter.sure_low < at < waiter.sure_high:
            if not waiter.low <= at <= waiter.high:
                continue
            near, force = board.trigger_of(policy, entry)
            if not is_triggered(policy, entry.side, entry.limit, at, near, force):
                continue
        # What another entry does in the same moment takes capital and frees none, so it cannot
        # help one that would only be refused for the same reason again.
        if unwatched and entry.blocked is not None and refused_again(look, entry, waiter):
            continue
        able.append(entry)
    return able


def _precedence(board: Board, look: Look, entry: Entry) -> tuple[float, float, str]:
    """Return the key by which entries that can go at once are ordered."""
    price = board.prices.get(entry.symbol)
    away = 0.0
    if price.quote_us >= 0:
        away = distance(look.policy, entry.side, entry.limit, price.reference(entry.side))
    return (-board.pnl(entry.symbol, entry.pnl), away, entry.id)


def _try(context: Context, look: Look, entry: Entry) -> bool:
    """Let a triggered entry try.  True if it went, so that the look is no longer good."""
    outbox, account = context.outbox, look.account
    commands, facts = len(outbox.commands), len(outbox.facts)
    waiter = context.board.waiters[account.id][entry.id]
    weighed = walk(context.board, look, entry, waiter, brief=outbox.on_attempt is None)
    _act(context, look, entry, weighed)
    if outbox.on_attempt is not None and weighed.refusal is not Refusal.NO_PRICE:
        outputs = (*outbox.commands[commands:], *outbox.facts[facts:])
        outbox.on_attempt(
            Attempt(
                look.now_us,
                account.id,
                msgspec.structs.replace(entry),
                look.policy,
                waiter.price.reference(entry.side),
                weighed,
                tuple(output.id for output in outputs),
            )
        )
    return weighed.refusal is None


def _act(context: Context, look: Look, entry: Entry, weighed: Weighed) -> None:
    """Give the entry free capital, or take it from victims, or say why neither."""
    policy, account = look.policy, look.account
    needed, free, refusal, choice = weighed
    if refusal is Refusal.NO_PRICE:
        block(context, account, entry, refusal)  # before there is a price nothing is reckoned
    elif refusal is not None:
        detail = choice.detail if choice is not None else None
        new = block(context, account, entry, refusal, detail, needed, free)
        if new and choice is not None and refusal is Refusal.FIGHT_PNL_NOT_BETTER:
            lost = next(item for item in choice.weighed if item.fight_lost)
            state_fight(context, policy, account, entry, lost, won=False)
    elif choice is not None:
        start_steal(context, policy, account, entry, choice, needed, free)
    else:
        submit(context, policy, account, entry)
