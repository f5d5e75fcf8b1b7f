"""All accounts of a worker in short: what binds their capital, and who is halted."""

from collections.abc import Mapping
from heapq import nsmallest
from typing import Any

from state.books.account import Account
from state.books.capacity import free_micros, used_micros
from state.desk import Desk

LISTED_MAX = 100
"""So many accounts in one answer: the desks wait while it is made."""

KEPT_S = 0.5
"""An answer is good for so long: many browsers that look at once cost no more than one."""


def account_list(desks: Mapping[int, Desk], words: str = "", most: int = LISTED_MAX) -> dict[str, Any]:  # fmt: skip
    """Return the first accounts by name whose names have `words` in them, and how many there are."""
    words = words.lower()
    found = [
        (name, number)
        for number, desk in sorted(desks.items())
        for name in desk.accounts
        if words in name.lower()
    ]
    shown = nsmallest(most, found)
    return {
        "accounts": [
            _short(desks[number], desks[number].accounts[name], number) for name, number in shown
        ],
        "found": len(found),
    }


def _short(desk: Desk, account: Account, number: int) -> dict[str, Any]:
    policy = desk.policies.of(account)
    intraday = desk.clock.intraday(policy)
    states = [entry.state for entry in account.entries.values()]
    return {
        "account": account.id,
        "journal_partition": number,
        "equity_micros": account.equity_micros,
        "reserved_micros": used_micros(account, policy, intraday),
        "free_micros": free_micros(account, policy, intraday),
        "orders": len(account.orders),
        "waiting": states.count("waiting"),
        "steals": len(account.steals),
        "halted": account.halted,
        "awaiting_reconciliation": account.unanswered,
    }


class KeptList:
    """The last lists, so that asking often costs little.  Times are of a monotonic clock."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, desks: Mapping[int, Desk], words: str, now_s: float) -> dict[str, Any]:
        """Return the list for some words, made anew if it is too old."""
        kept = self._kept.get(words)
        if kept is not None and now_s - kept[0] < KEPT_S:
            return kept[1]
        made = account_list(desks, words)
        self._kept = {asked: one for asked, one in self._kept.items() if now_s - one[0] < KEPT_S}
        self._kept[words] = (now_s, made)
        return made
