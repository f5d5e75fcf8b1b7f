"""What a step of the desk is handed: the parts that all its accounts have in common.

Whoever changes something gets the whole context; whoever only reads gets the parts that it reads.
"""

from dataclasses import dataclass

from state.market.hours import Calendars
from state.rules.policy import Policy

from .accounts import Accounts
from .board import Board
from .clock import Clock
from .look import Looks
from .outbox import Outbox
from .policies import Policies
from .timers import Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts never change places; what they hold does."""

    clock: Clock
    board: Board
    policies: Policies
    accounts: Accounts
    looks: Looks
    timers: Timers
    outbox: Outbox


def new_context(calendars: Calendars, policy: Policy) -> Context:
    """Return the parts of a desk that has heard of nothing yet."""
    clock, policies, accounts = Clock(calendars), Policies(policy), Accounts()
    board = Board(clock)
    return Context(
        clock=clock,
        board=board,
        policies=policies,
        accounts=accounts,
        looks=Looks(clock, board, policies, accounts),
        timers=Timers(),
        outbox=Outbox(),
    )
