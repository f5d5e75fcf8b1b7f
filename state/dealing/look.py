"""One account's capital and orders as they stand, found out once for all its entries that try.

Several entries of an account often try at the same moment.  What they ask is mostly the same: how
much is free, what is not known, which orders are protected.  A look answers each question once.
"""

from state.books.account import Account, Order
from state.books.capacity import free_micros, freed_micros
from state.rules.decision import OrderView
from state.rules.policy import Policy
from state.rules.ranks import distance
from state.rules.victims import Assessed, History, assess, is_probe, protected_now
from topics.limits import Side

from .accounts import Accounts
from .board import Board
from .clock import Clock
from .policies import Policies


class Look:
    """A look at one account, as long as nothing changes that it rests on (see `Looks.at`).

    Capital is in micro-dollars, times in microseconds.  What every try asks is found at once; what
    only a try without free capital asks is found when it does.
    """

    __slots__ = (
        "_board", "_exposed", "_orders", "account", "free_micros", "history", "intraday", "now_us",
        "policy", "snapshot_us", "unanswered",
    )  # fmt: skip

    def __init__(self, clock: Clock, board: Board, policy: Policy, account: Account) -> None:
        self.policy = policy
        self.account = account
        self.history = History(account.cooldowns, account.fights)
        self.now_us = clock.now_us
        self.intraday = clock.intraday(policy)
        self.free_micros = free_micros(account, policy, self.intraday)
        self.unanswered = account.unanswered
        self.snapshot_us = account.snapshot_us
        self._board = board
        self._exposed: set[tuple[str, Side]] | None = None
        self._orders: list[Assessed] | None = None

    @property
    def orders(self) -> list[Assessed]:
        """All live orders, the oldest first, each with what protects it whoever asks."""
        if self._orders is None:
            policy, now_us = self.policy, self.now_us
            self._orders = [assess(policy, now_us, view, self.history) for view in self._views()]
        return self._orders

    def exposed_to(self, symbol: str, side: Side) -> bool:
        """Tell whether a thief of this symbol and side would find an order that nothing protects."""
        if self._exposed is None:
            self._exposed = {
                (order.symbol, order.side)
                for order in self.account.orders.values()
                if self._is_exposed(order)
            }
        count = len(self._exposed)
        if count == 1 and self.policy.spare_same_side:
            return (symbol, side) not in self._exposed
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
        price = self._board.fresh(policy, order.symbol)
        if price is None:
            return False
        away = distance(policy, order.side, order.limit, price.reference(order.side))
        age_us = self.now_us - order.accepted_us
        return protected_now(policy, self.now_us, order.symbol, age_us, away, self.history) is None

    def _views(self) -> list[OrderView]:
        board, policy, now_us = self._board, self.policy, self.now_us
        views = []
        for order in sorted(self.account.orders.values(), key=lambda order: order.seq):
            price = board.fresh(policy, order.symbol)
            views.append(
                OrderView(
                    order.id,
                    order.symbol,
                    order.side,
                    order.limit,
                    order.remaining,
                    None if price is None else price.reference(order.side),
                    board.pnl(order.symbol, order.pnl),
                    order.mode,
                    order.intent,
                    order.accepted_us,
                    now_us - order.accepted_us,
                    freed_micros(policy, order, self.intraday),
                    order.state != "working" or order.market,
                )
            )
        return views


class Looks:
    """Keeps the last look, for entries that try one after the other are mostly of one account."""

    __slots__ = ("_accounts", "_board", "_clock", "_last", "_policies", "_versions")

    def __init__(self, clock: Clock, board: Board, policies: Policies, accounts: Accounts) -> None:
        self._clock = clock
        self._board = board
        self._policies = policies
        self._accounts = accounts
        self._last: Look | None = None
        self._versions = (-1, -1)

    def at(self, account: Account) -> Look:
        """Look at an account.

        The last look is as good as a new one while account, policy, clock and the versions of
        prices and accounts are the same: nobody has to say that it is over.  The session follows
        from the clock.
        """
        policy = self._policies.of(account)
        versions = (self._board.prices.version, self._accounts.version)
        look = self._last
        if (
            look is None
            or look.account is not account
            or look.policy is not policy
            or look.now_us != self._clock.now_us
            or versions != self._versions
        ):
            look = self._last = Look(self._clock, self._board, policy, account)
            self._versions = versions
        return look
