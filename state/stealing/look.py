"""One account's capital and orders as they stand, found out once for all its entries that try.

Several entries of an account often try at the same moment.  What they ask is mostly the same: how
much is free, what is not known, which orders are protected.  A look answers each question once, and
is good until something of the account, a price or the clock changes.
"""

from typing import Literal

from state.books.account import Account, Entry, Order
from state.books.capacity import free_micros
from state.dealing.shared import Shared
from state.rules.decision import OrderView, Refusal
from state.rules.policy import Policy
from state.rules.ranks import distance
from state.rules.victims import Assessed, History, assess, is_probe, protected_now
from topics.limits import Side


def look_at(shared: Shared, account: Account) -> "Look":
    """Look at an account, or return the last look if nothing has happened that it rests on."""
    look = shared.look
    if look is None or look.account is not account:
        look = shared.look = Look(shared, shared.policy(account), account)
    return look


class Look:
    """A look at one account, good until a price, the clock, its orders or its capital change.

    `Shared.look` keeps the last one and must be set to None when that happens; only an entry that
    comes, waits or goes changes nothing that a look tells (see `Desk`).
    """

    __slots__ = (
        "_exposed", "_free", "_orders", "_shared", "_unready", "account", "history", "intraday", "policy",
    )  # fmt: skip

    def __init__(self, shared: Shared, policy: Policy, account: Account) -> None:
        self.policy = policy
        self.account = account
        self.history = History(account.cooldowns, account.fights)
        self.intraday = shared.intraday(policy)
        self._shared = shared
        self._exposed: set[tuple[str, Side]] | None = None
        self._free: int | None = None
        self._orders: list[Assessed] | None = None
        self._unready: Refusal | Literal[False] | None = False

    @property
    def free_micros(self) -> int:
        """The margin that a new order may take."""
        if self._free is None:
            self._free = free_micros(self.account, self.policy, self.intraday)
        return self._free

    @property
    def unready(self) -> Refusal | None:
        """What is not known of the account well enough to decide."""
        if self._unready is False:
            self._unready = self._find_unready()
        return self._unready

    def _find_unready(self) -> Refusal | None:
        if self.account.unanswered:
            return Refusal.AWAITING_RECONCILIATION
        if self.account.snapshot_us < 0:
            return Refusal.NO_ACCOUNT_SNAPSHOT
        if self._shared.now_us - self.account.snapshot_us > self.policy.snapshot_max_age_us:
            return Refusal.STALE_ACCOUNT
        return None

    @property
    def orders(self) -> list[Assessed]:
        """All live orders, the oldest first, each with what protects it whoever asks."""
        if self._orders is None:
            policy, now_us = self.policy, self._shared.now_us
            self._orders = [assess(policy, now_us, view, self.history) for view in self._views()]
        return self._orders

    def exposed_to(self, entry: Entry) -> bool:
        """Tell whether any order is protected from nobody, nor spared as of the entry's own side."""
        if self._exposed is None:
            self._exposed = {
                (order.symbol, order.side)
                for order in self.account.orders.values()
                if self._is_exposed(order)
            }
        count = len(self._exposed)
        if count == 1 and self.policy.spare_same_side:
            return (entry.symbol, entry.side) not in self._exposed
        return count > 0

    def _is_exposed(self, order: Order) -> bool:
        """Tell what `assess` would, at a third of the cost."""
        policy = self.policy
        if order.state != "working" or order.market:
            return False
        if order.intent != "entry" and policy.victim_intents == "entry":
            return False
        if is_probe(policy, order.mode, order.remaining, order.limit):
            return False
        price = self._shared.fresh(policy, order.symbol)
        if price is None:
            return False
        away = distance(policy, order.side, order.limit, price.reference(order.side))
        now_us = self._shared.now_us
        age_us = now_us - order.accepted_us
        return protected_now(policy, now_us, order.symbol, age_us, away, self.history) is None

    def _views(self) -> list[OrderView]:
        shared, policy, now_us = self._shared, self.policy, self._shared.now_us
        views = []
        for order in sorted(self.account.orders.values(), key=lambda order: order.seq):
            price = shared.fresh(policy, order.symbol)
            leverage = policy.leverage(policy.asset_class(order.symbol), self.intraday)
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
                    now_us - order.accepted_us,
                    int(order.reserved_micros // leverage),
                    order.state != "working" or order.market,
                )
            )
        return views
