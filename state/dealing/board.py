"""The board: what each symbol is worth, and at which prices the waiting entries are to try."""

from state.books.account import Account, Entry
from state.market.prices import Price, Prices
from state.market.triggers import band
from state.rules.policy import Policy
from state.rules.ranks import desk_ranks, forced, tolerance

from .clock import Clock
from .waiting import Waiter


class Board:
    """Prices, forecasts and the ranks that follow from them; who waits for which price."""

    __slots__ = ("_clock", "_ranks", "prices", "waiters")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ranks: dict[tuple[str, ...], dict[str, int]] = {}
        """By the symbols that a policy ranks."""
        self.prices = Prices()
        self.waiters: dict[str, dict[str, Waiter]] = {}
        """By account and entry."""

    def fresh(self, policy: Policy, symbol: str) -> Price | None:
        """Return a symbol's price if it has a quote that is not too old."""
        price = self.prices.find(symbol)
        if price is None or price.quote_us < 0:
            return None
        return price if self._clock.now_us - price.quote_us <= policy.quote_max_age_us else None

    def pnl(self, symbol: str, own: float | None) -> float:
        """Return a forecast: the entry's or order's own, else the symbol's last, else 0."""
        if own is not None:
            return own
        price = self.prices.find(symbol)
        return price.pnl if price is not None and price.pnl is not None else 0.0

    def ranks(self, policy: Policy) -> dict[str, int]:
        """Return the desk's own ranks under a policy."""
        symbols = policy.ranked_symbols or policy.crypto_symbols
        ranks = self._ranks.get(symbols)
        if ranks is None:
            ranks = self._ranks[symbols] = desk_ranks(symbols, self.prices.forecasts())
        return ranks

    def rank_anew(self, symbol: str) -> dict[str, None]:
        """A symbol's forecast changed: rank again; returns those of which a rank is another now."""
        moved: dict[str, None] = {}
        concerned = [item for item in self._ranks.items() if symbol in item[0]]
        forecasts = self.prices.forecasts() if concerned else {}
        for symbols, before in concerned:
            ranks = self._ranks[symbols] = desk_ranks(symbols, forecasts)
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
        is_open = self._clock.session_open(policy)
        desk = policy.rank_source == "desk"
        rank = self.ranks(policy).get(entry.symbol) if desk else entry.rank
        force = forced(policy, entry.symbol, is_open, rank, entry.force)
        near = tolerance(policy, entry.symbol, is_open, entry.tolerance)
        if keeps:
            entry.kept_tolerance, entry.kept_force = near, force
        return near, force

    def set_trigger(self, policy: Policy, account: Account, entry: Entry) -> None:
        """Let a waiting entry be woken by quotes, at the prices its trigger now gives."""
        price = self.prices.get(entry.symbol)
        near, force = self.trigger_of(policy, entry)
        awake = band(policy, entry.side, entry.limit, near, force)
        waiters = self.waiters.setdefault(account.id, {})
        waiters[entry.id] = Waiter(policy, entry, price, awake, self._clock.intraday(policy))
        price.triggers(entry.side).put((account.id, entry.id), awake)
        price.refresh_quiet()
        self.prices.replaced[price] = None

    def drop_trigger(self, account: Account, entry: Entry) -> None:
        """Let quotes leave an entry alone."""
        price = self.prices.get(entry.symbol)
        price.triggers(entry.side).remove((account.id, entry.id))
        self.waiters[account.id].pop(entry.id, None)
        price.refresh_quiet()
        self.prices.replaced[price] = None
