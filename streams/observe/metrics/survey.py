"""Looks at every account for `/metrics`, a few at a time, so that no frame waits for it.

The figures of one answer are therefore not of one moment.  Looking changes nothing.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import NamedTuple

from state.books.account import Account
from state.books.capacity import used_micros
from state.desk import Desk

SLICE = 200
"""So many accounts are looked at without a pause: a millisecond or two."""

OTHERS = "(others)"
"""Label of the accounts without a figure of their own; no account can be called so."""


class Money(NamedTuple):
    """Equity and bound margin in micro-dollars."""

    equity_micros: int = 0
    used_micros: int = 0

    def plus(self, other: "Money") -> "Money":
        """Add another's."""
        return Money(self.equity_micros + other.equity_micros, self.used_micros + other.used_micros)


class DeskTotals:
    """How the accounts of one desk stand together."""

    def __init__(self) -> None:
        self.accounts = self.halted = self.awaiting = 0
        self.entries = self.blocked = self.orders = self.steals = 0
        self.money = Money()
        self.ratio_max = 0.0

    def add(self, account: Account, money: Money) -> None:
        """Add an account."""
        self.accounts += 1
        self.halted += account.halted is not None
        self.awaiting += account.unanswered
        self.entries += len(account.entries)
        self.blocked += sum(entry.blocked is not None for entry in account.entries.values())
        self.orders += len(account.orders)
        self.steals += len(account.steals)
        self.money = self.money.plus(money)
        if account.snapshot_us >= 0:  # before that its equity is not known
            self.ratio_max = max(self.ratio_max, _ratio(money))


class Survey(NamedTuple):
    """All desks by journal partition, and what single accounts have."""

    desks: dict[int, DeskTotals]
    named: dict[str, Money]


async def survey(desks: Mapping[int, Desk], named: int) -> Survey:
    """Look at all accounts; `named` of them, the first by name, are told apart."""
    names = sorted({name for desk in desks.values() for name in desk.accounts})
    apart = frozenset(names[:named])
    surveyed = Survey({}, {})
    seen = 0
    for number, desk in desks.items():
        totals = surveyed.desks[number] = DeskTotals()
        for account in list(desk.accounts.values()):
            money = _money(desk, account)
            totals.add(account, money)
            if named:
                label = account.id if account.id in apart else OTHERS
                surveyed.named[label] = surveyed.named.get(label, Money()).plus(money)
            seen += 1
            if seen % SLICE == 0:
                await asyncio.sleep(0)
    return surveyed


def _money(desk: Desk, account: Account) -> Money:
    policy = desk.policies.of(account)
    return Money(account.equity_micros, used_micros(account, policy, desk.clock.intraday(policy)))


def _ratio(money: Money) -> float:
    if money.equity_micros > 0:
        return money.used_micros / money.equity_micros
    return math.inf if money.used_micros > 0 else 0.0
