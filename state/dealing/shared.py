"""What all accounts of a desk share: clock, prices, hours, ranks, timers, outbox, default policy."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from state.books.account import Account, Entry
from state.market.hours import Calendars
from state.market.prices import Price, Prices
from state.market.triggers import band
from state.rules.decision import Choice, Refusal
from state.rules.policy import DEFAULT, Policy
from state.rules.ranks import desk_ranks, forced, tolerance

from .outbox import Outbox
from .timers import Timers
from .waiting import Waiter

if TYPE_CHECKING:
    from state.stealing.look import Look


class Weighed(NamedTuple):
    """What a try came to.  No refusal and no choice: free capital sufficed."""

    needed_micros: int
    free_micros: int
    refusal: Refusal | None
    choice: Choice | None


class Attempt(NamedTuple):
    """One triggered entry's try, for whoever watches the desk decide (`worksteal explain`).

    `entry` is as it stands afterwards; `output_ids` are the commands and facts that followed.
    """

    ts_us: int
    account: str
    entry: Entry
    policy: Policy
    price: float
    weighed: Weighed
    output_ids: tuple[str, ...]


class Shared:
    """The desk's clock and everything that is not one account's own."""

    __slots__ = (
        "_own_policies",
        "accounts",
        "calendars",
        "changed",
        "default_policy",
        "look",
        "margin_due",
        "next_change_us",
        "now_us",
        "outbox",
        "prices",
        "rank_cache",
        "session_close_us",
        "timers",
        "unchecked",
        "waiters",
        "watch",
        "weekdays_open",
        "woken",
        "xnys_open",
    )  # fmt: skip

    def __init__(self, calendars: Calendars, policy: Policy = DEFAULT) -> None:
        self.calendars = calendars
        self.default_policy = policy
        self.accounts: dict[str, Account] = {}
        self.changed: dict[str, None] = {}
        self.unchecked = False
        """Whether the account at work was touched since its invariants were checked."""
        self.woken: dict[str, None] = {}
        self.prices = Prices()
        self.timers = Timers()
        self.outbox = Outbox()
        self.now_us = 0
        self.next_change_us = 0
        self.xnys_open = False
        self.session_close_us = 0
        self.margin_due: dict[str, int] = {}
        self.weekdays_open = False
        self.rank_cache: dict[tuple[str, ...], dict[str, int]] = {}
        self.waiters: dict[str, dict[str, Waiter]] = {}
        """By account and entry."""
        self.look: Look | None = None
        """The last `look.Look` while it is good; see `look.look_at`."""
        self.watch: Callable[[Attempt], None] | None = None
        self._own_policies: dict[str, Policy] = {}

    # -- policy ----------------------------------------------------------------------------------

    def policy(self, account: Account) -> Policy:
        """Return the policy in force for an account: its own, or the default."""
        if account.own_policy is None:
            return self.default_policy
        found = self._own_policies.get(account.id)
        if found is None:
            found = Policy.model_validate(msgspec.json.decode(account.own_policy))
            self._own_policies[account.id] = found
        return found

    def set_policy(self, account: Account | None, policy: Policy) -> None:
        """Put a policy in force, for one account or as the default."""
        if account is None:
            self.default_policy = policy
            return
        account.own_policy = policy.model_dump_json()
        self._own_policies[account.id] = policy

    # -- clock and hours -------------------------------------------------------------------------

    def advance(self, now_us: int) -> bool:
        """Move the clock; True if a market opened or closed.  It never goes back."""
        self.now_us = now_us
        self.look = None
        if now_us < self.next_change_us:
            return False
        before = (self.xnys_open, self.weekdays_open)
        xnys, weekdays = self.calendars
        self.session_close_us = xnys.session_close_us(now_us)
        self.xnys_open = self.session_close_us > 0
        self.weekdays_open = weekdays.is_open(now_us)
        self.next_change_us = min(xnys.next_change_us(now_us), weekdays.next_change_us(now_us))
        return (self.xnys_open, self.weekdays_open) != before

    def intraday(self, policy: Policy) -> bool:
        """Tell whether stocks have the session's leverage: it is on, and its close is not near.

        New York's own calendar decides, whichever one a policy goes by: the margin is not ours.
        """
        return self.now_us < self.session_close_us - policy.deleverage_before_close_us

    def session_open(self, policy: Policy) -> bool:
        """Tell whether New York is open by the calendar the policy goes by."""
        return self.xnys_open if policy.calendar == "XNYS" else self.weekdays_open

    # -- when an entry goes ----------------------------------------------------------------------

    def ranks(self, policy: Policy) -> dict[str, int]:
        """Return the desk's own ranks under a policy."""
        symbols = policy.ranked_symbols or policy.crypto_symbols
        found = self.rank_cache.get(symbols)
        if found is None:
            found = self.rank_cache[symbols] = desk_ranks(symbols, self.prices.forecasts())
        return found

    def rank_anew(self, symbol: str) -> dict[str, None]:
        """A symbol's forecast changed: rank again; returns those of which a rank is another now."""
        moved: dict[str, None] = {}
        concerned = [item for item in self.rank_cache.items() if symbol in item[0]]
        forecasts = self.prices.forecasts() if concerned else {}
        for symbols, before in concerned:
            ranks = self.rank_cache[symbols] = desk_ranks(symbols, forecasts)
            if ranks != before:
                moved |= {one: None for one in symbols if ranks.get(one) != before.get(one)}
        return moved

    def trigger_of(self, policy: Policy, entry: Entry) -> tuple[float, bool]:
        """Return an entry's tolerance and whether it is forced, as things stand.

        A policy may keep what was found at first (rule M4).
        """
        keeps = policy.trigger_decided == "on_request"
        if keeps and entry.kept_tolerance is not None:
            return entry.kept_tolerance, entry.kept_force
        is_open = self.session_open(policy)
        desk = policy.rank_source == "desk"
        rank = self.ranks(policy).get(entry.symbol) if desk else entry.rank
        force = forced(policy, entry.symbol, is_open, rank, entry.force)
        near = tolerance(policy, entry.symbol, is_open, entry.tolerance)
        if keeps:
            entry.kept_tolerance, entry.kept_force = near, force
        return near, force

    def place_in_ladder(self, account: Account, entry: Entry) -> None:
        """Let a waiting entry be woken by quotes, at the prices its trigger now gives."""
        policy = self.policy(account)
        price = self.prices.get(entry.symbol)
        near, force = self.trigger_of(policy, entry)
        awake = band(policy, entry.side, entry.limit, near, force)
        waiters = self.waiters.setdefault(account.id, {})
        waiters[entry.id] = Waiter(policy, entry, price, awake, self.intraday(policy))
        price.ladder(entry.side).put((account.id, entry.id), awake)
        price.refresh_quiet()
        self.prices.replaced[price] = None

    def take_from_ladder(self, account: Account, entry: Entry) -> None:
        """Let quotes leave an entry alone."""
        price = self.prices.get(entry.symbol)
        price.ladder(entry.side).remove((account.id, entry.id))
        self.waiters[account.id].pop(entry.id, None)
        price.refresh_quiet()
        self.prices.replaced[price] = None

    # -- what is known ---------------------------------------------------------------------------

    def fresh(self, policy: Policy, symbol: str) -> Price | None:
        """Return a symbol's price if it has a quote that is not too old."""
        price = self.prices.find(symbol)
        if price is None or price.quote_us < 0:
            return None
        return price if self.now_us - price.quote_us <= policy.quote_max_age_us else None

    def pnl(self, symbol: str, own: float | None) -> float:
        """Return a forecast: the entry's or order's own, else the symbol's last, else 0."""
        if own is not None:
            return own
        price = self.prices.find(symbol)
        return price.pnl if price is not None and price.pnl is not None else 0.0

    def account(self, name: str) -> Account:
        """Return an account, a new one if it was never heard of."""
        found = self.accounts.get(name)
        if found is None:
            found = self.accounts[name] = Account(name)
        return found

    def touch(self, account: Account) -> None:
        """Mark an account for the next checkpoint, and for the check of its books."""
        self.changed[account.id] = None
        self.unchecked = True

    def wake(self, account: Account) -> None:
        """Something changed that may let this account's blocked entries go."""
        self.look = None
        self.woken[account.id] = None
