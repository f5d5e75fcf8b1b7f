"""One account's capital and orders as they stand, found out once for all its entries that try.

Several entries of an account often try at the same moment.  What they ask is mostly the same: how
much is free, what is not known, which orders are protected.  A look answers each question once, and
is good until something of the account, a price or the clock changes.
"""

from typing import Literal

from .account import Account
from .capacity import free_micros
from .decision import OrderView, Refusal
from .policy import Policy
from .shared import Shared
from .victims import Assessed, History, assess


class Look:
    """A look at one account; make a new one after anything happened."""

    __slots__ = (
        "_exposed", "_free", "_orders", "_shared", "_unready", "account", "history", "intraday", "policy",
    )  # fmt: skip

    def __init__(self, shared: Shared, policy: Policy, account: Account) -> None:
        self.policy = policy
        self.account = account
        self.history = History(account.cooldowns, account.fights)
        self.intraday = shared.intraday(policy)
        self._shared = shared
        self._exposed: bool | None = None
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

    @property
    def exposed(self) -> bool:
        """Whether any order is protected from nobody."""
        if self._exposed is None:
            self._exposed = any(order.protection is None for order in self.orders)
        return self._exposed

    @property
    def leverage_max(self) -> float:
        """The most notional that a dollar may bind, of any asset class, and a hair more."""
        policy = self.policy
        stock = policy.leverage("stock", self.intraday)
        return max(policy.crypto_leverage, stock) * (1 + 1e-9)

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
