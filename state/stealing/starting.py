"""The start of a steal: victims are cancelled, cooldowns start, fights are counted."""

from state.books.account import NEVER, Account, Entry, StealInFlight
from state.dealing.context import Context
from state.rules import cooldowns, fights
from state.rules.decision import Candidate, Choice
from state.rules.money import seconds_to_us
from state.rules.policy import Policy
from topics.commands import Cancel
from topics.facts import CooldownStarted, FightDetected, StealStarted, Victim


def start_steal(
    context: Context,
    policy: Policy,
    account: Account,
    entry: Entry,
    choice: Choice,
    needed: int,
    free: int,
) -> None:
    """Cancel the victims.  Capital moves only when the venue confirms; what is free is held."""
    names = [victim.view.order for victim in choice.victims]
    steal = StealInFlight(
        f"s{account.next_sequence()}",
        entry.id,
        entry.symbol,
        needed,
        max(0, min(free, needed)),
        names,
        list(names),
        context.clock.now_us + seconds_to_us(policy.steal_timeout_s),
    )
    account.steals[steal.id] = steal
    entry.move("stealing")
    entry.steal, entry.blocked = steal.id, None
    context.board.drop_trigger(account, entry)
    context.timers.set(steal.deadline_us, account.id, "steal", steal.id)
    state_started(context, account, steal, choice, free)
    for victim in choice.victims:
        order = account.orders[victim.view.order]
        order.move("cancelling")
        order.steal = steal.id
        order.deadline_us = NEVER
        context.outbox.command(
            Cancel, account.id, order=order.id, symbol=order.symbol, steal=steal.id
        )
    for victim in choice.victims:
        remember_steal(context, policy, account, entry, victim)
    context.accounts.touch(account)


def state_started(
    context: Context, account: Account, steal: StealInFlight, choice: Choice, free: int
) -> None:
    """Tell subscribers who takes from whom."""
    context.outbox.fact(
        StealStarted,
        account.id,
        steal=steal.id,
        entry=steal.entry,
        symbol=steal.symbol,
        needed_micros=steal.needed_micros,
        free_micros=free,
        victims=[
            Victim(
                order=item.view.order,
                symbol=item.view.symbol,
                distance=item.distance or 0.0,
                pnl=item.view.pnl,
                freed_micros=item.view.frees_micros,
            )
            for item in choice.victims
        ],
    )


def remember_steal(
    context: Context, policy: Policy, account: Account, entry: Entry, victim: Candidate
) -> None:
    """Start the victim's cooldown and count the steal between the pair (rules A9, F9)."""
    now, symbol = context.clock.now_us, victim.view.symbol
    if victim.fight:
        state_fight(context, policy, account, entry, victim, won=True)
    account.cooldowns[symbol] = now
    fights.record(policy, account.fights, entry.symbol, symbol, now)
    until = cooldowns.ends_us(policy, account.cooldowns, account.fights, symbol, now)
    assert until is not None
    account.cooldown_checks[symbol] = until
    context.timers.set(until, account.id, "cooldown", symbol)
    context.outbox.fact(CooldownStarted, account.id, symbol=symbol, until_us=until)


def state_fight(
    context: Context,
    policy: Policy,
    account: Account,
    entry: Entry,
    victim: Candidate,
    *,
    won: bool,
) -> None:
    """Tell subscribers that a pair fights."""
    one, other = sorted((entry.symbol, victim.view.symbol))
    count = fights.steals_in_window(
        policy, account.fights, fights.pair_of(one, other), context.clock.now_us
    )
    context.outbox.fact(
        FightDetected, account.id, entry=entry.id, pair=(one, other), steals=count, won=won
    )
