"""A market made from a seed, and orders that rest in it: the same work for us and for the peers.

Quotes of up to 20 symbols, half of them crypto and half stocks: prices walk at random by whole
ticks, the spread is one or two of them, times are irregular, five quotes a second for each symbol.
64 accounts keep 12 buy orders each, 0.1 to 1.5 % under the bid when placed, and put new ones in
their place about every two hours, at the turn of a minute; a few per cent fill.  Needs numpy and nothing else, for it also
runs where only a peer is installed.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

START_US = 1_768_401_000_000_000
"""2026-01-14 14:30 UTC: New York opens, so the stocks are in session for all of the quotes."""

RATE = 5.0
"""Quotes a second for each symbol."""

SLOTS = 12
"""Orders that an account keeps at once."""

DELAY_US = 200_000
"""How long a request takes to the venue, in every engine that runs this."""

RENEW_US = 7_200_000_000
MINUTE_US = 60_000_000
"""Bots act when a bar has ended: orders come and go at the turn of a minute."""
FIRST = 5
"""The first orders come within so many minutes."""
NEVER = 0.05
"""The share of orders that nobody withdraws."""
VOLATILITY = {"crypto": 2.6e-5, "stock": 2.0e-5}
"""Standard deviation of a price's step from one quote to the next, as a fraction."""


class Symbol(NamedTuple):
    """A made-up market: first price in dollars, ticks to the dollar, decimals of a quantity."""

    name: str
    price: float
    per_dollar: int
    size_decimals: int

    @property
    def tick(self) -> float:
        """Smallest step of the price, in dollars."""
        return 1 / self.per_dollar

    @property
    def kind(self) -> str:
        """`crypto` or `stock`; stocks trade in whole shares."""
        return "crypto" if self.size_decimals else "stock"


SYMBOLS = (
    Symbol("BTCUSD", 64_000.0, 2, 4),
    Symbol("AAPL", 214.0, 100, 0),
    Symbol("ETHUSD", 3_400.0, 20, 3),
    Symbol("MSFT", 442.0, 100, 0),
    Symbol("SOLUSD", 152.0, 100, 2),
    Symbol("NVDA", 126.0, 100, 0),
    Symbol("XRPUSD", 0.52, 10_000, 1),
    Symbol("AMZN", 187.0, 100, 0),
    Symbol("ADAUSD", 0.44, 10_000, 1),
    Symbol("GOOG", 179.0, 100, 0),
    Symbol("DOGEUSD", 0.161, 100_000, 1),
    Symbol("META", 503.0, 100, 0),
    Symbol("LTCUSD", 83.0, 100, 2),
    Symbol("TSLA", 251.0, 100, 0),
    Symbol("LINKUSD", 14.2, 1_000, 1),
    Symbol("JPM", 204.0, 100, 0),
    Symbol("AVAXUSD", 35.5, 100, 2),
    Symbol("XOM", 113.0, 100, 0),
    Symbol("DOTUSD", 7.1, 1_000, 1),
    Symbol("KO", 63.0, 100, 0),
)


class WorkloadOrder(NamedTuple):
    """A limit order: asked for at `ts_us`, and withdrawn at `until_us` unless that is None.

    Times in microseconds since 1970 UTC, `limit` in dollars, `qty` in units.  Whether it fills
    before it is withdrawn is for the engine to say.  `order` is unique in the workload.
    """

    ts_us: int
    account: str
    order: str
    symbol: str
    code: int
    side: str
    limit: float
    qty: float
    until_us: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """Quotes as columns of one length, in time order, and orders in the order of their times.

    `ts_us` in microseconds since 1970 UTC; `codes` are places in `symbols`; prices in dollars,
    sizes in units.
    """

    symbols: tuple[Symbol, ...]
    ts_us: Ints
    codes: Ints
    bids: Floats
    asks: Floats
    bid_sizes: Floats
    ask_sizes: Floats
    orders: list[WorkloadOrder]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each symbol, by code."""
        return tuple(symbol.name for symbol in self.symbols)

    def digest(self) -> str:
        """Return a short hash of every quote and order: equal figures compare equal work."""
        said = hashlib.sha256()
        for column in self._columns():
            said.update(np.ascontiguousarray(column).tobytes())
        said.update(repr((self.symbols, self.orders)).encode())
        return said.hexdigest()[:16]

    def actions(self) -> list[tuple[int, bool, int]]:
        """Return what to ask of the venue and when: time, whether to withdraw, place in `orders`.

        In time order; at one instant new orders come first.
        """
        asks = [(order.ts_us, False, place) for place, order in enumerate(self.orders)]
        asks += [
            (order.until_us, True, place)
            for place, order in enumerate(self.orders)
            if order.until_us is not None
        ]
        return sorted(asks)

    def reached(self, *, through: bool = False, delay_us: int = DELAY_US) -> int:
        """Count the orders that the market reaches while they rest, `delay_us` after each request.

        Reached is a limit that the ask comes down to, or with `through` falls below.  This is what
        an engine without queues and sizes must fill.
        """
        count = 0
        markets = [(self.ts_us[at], self.asks[at]) for at in self._places()]
        for order in self.orders:
            ts_us, asks = markets[order.code]
            until_us = ts_us[-1] if order.until_us is None else order.until_us
            span = np.searchsorted(ts_us, [order.ts_us + delay_us, until_us + delay_us], "right")
            low = asks[span[0] : span[1]].min(initial=np.inf)
            count += bool(low < order.limit if through else low <= order.limit)
        return count

    def _places(self) -> list[Ints]:
        return [np.flatnonzero(self.codes == code) for code in range(len(self.symbols))]

    def _columns(self) -> tuple[Ints | Floats, ...]:
        return self.ts_us, self.codes, self.bids, self.asks, self.bid_sizes, self.ask_sizes


def make_workload(
    quotes: int = 1_000_000, symbols: int = 20, accounts: int = 64, seed: int = 7
) -> Workload:
    """Return so many quotes and the orders that rest among them; equal arguments, equal bytes.

    Raises `ValueError` if there are fewer quotes than symbols, or no such number of symbols.
    """
    if not 1 <= symbols <= len(SYMBOLS):
        raise ValueError(f"symbols must be from 1 to {len(SYMBOLS)}, not {symbols}")
    if quotes < symbols:
        raise ValueError(f"{symbols} symbols need at least as many quotes, not {quotes}")
    used = SYMBOLS[:symbols]
    rng = np.random.default_rng(seed)
    markets = []
    for code, symbol in enumerate(used):
        count = quotes // symbols + (code < quotes % symbols)
        markets.append((*_walk(rng, symbol, count), np.full(count, code, np.int64)))
    ts_us, bids, asks, bid_sizes, ask_sizes, codes = (
        np.concatenate(parts) for parts in zip(*markets, strict=True)
    )
    order = np.lexsort((codes, ts_us))
    orders = _orders(rng, used, markets, accounts, int(ts_us[order[-1]]))
    return Workload(
        used, ts_us[order], codes[order], bids[order], asks[order],
        bid_sizes[order], ask_sizes[order], orders,
    )  # fmt: skip


def _walk(
    rng: np.random.Generator, symbol: Symbol, count: int
) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Return times, bids, asks and their sizes of one symbol."""
    gaps = np.maximum(1, rng.exponential(1e6 / RATE, count).astype(np.int64))
    gaps[0] = min(gaps[0], 999_999)  # there is a price before the first order
    steps = rng.normal(0.0, VOLATILITY[symbol.kind], count)
    middle = symbol.price * np.exp(np.cumsum(steps))
    bid_ticks = np.floor(middle * symbol.per_dollar)
    ask_ticks = bid_ticks + 1 + (rng.random(count) < 0.25)
    # A lot is what a few hundred to some ten thousand dollars buy.
    worth = rng.lognormal(9.0, 1.0, (2, count)) / symbol.price
    unit = 10.0**-symbol.size_decimals
    sizes = np.maximum(unit, np.round(worth, symbol.size_decimals))
    # A whole number divided is the float nearest to the price as people write it.
    return (
        START_US + np.cumsum(gaps),
        bid_ticks / symbol.per_dollar,
        ask_ticks / symbol.per_dollar,
        sizes[0],
        sizes[1],
    )


def _orders(
    rng: np.random.Generator,
    symbols: tuple[Symbol, ...],
    markets: list[tuple[Ints, Floats, Floats, Floats, Floats, Ints]],
    accounts: int,
    end_us: int,
) -> list[WorkloadOrder]:
    """Return the orders of all accounts; each of an account's slots is renewed at its own times."""
    found = []
    for account in range(accounts):
        for slot in range(SLOTS):
            at_us = START_US + MINUTE_US * int(rng.integers(1, FIRST + 1))
            turn = 0
            while at_us < end_us:
                next_us = at_us + MINUTE_US * round(RENEW_US / MINUTE_US * rng.uniform(0.5, 1.5))
                kept = rng.random() < NEVER or next_us >= end_us
                code = int(rng.integers(len(symbols)))
                limit, qty = _terms(rng, symbols[code], markets[code], at_us)
                found.append(
                    WorkloadOrder(
                        at_us, f"acct-{account:02d}", f"{account:02d}-{slot:02d}-{turn}",
                        symbols[code].name, code, "buy", limit, qty, None if kept else next_us,
                    )
                )  # fmt: skip
                at_us, turn = next_us, turn + 1
    return sorted(found)


def _terms(
    rng: np.random.Generator,
    symbol: Symbol,
    market: tuple[Ints, Floats, Floats, Floats, Floats, Ints],
    at_us: int,
) -> tuple[float, float]:
    """Return limit and quantity of an order that sees the last quote before it."""
    bid = market[1][np.searchsorted(market[0], at_us, "right") - 1]
    ticks = np.floor(bid * (1 - rng.uniform(0.001, 0.015)) * symbol.per_dollar)
    worth = rng.uniform(500.0, 4_000.0)
    qty = max(10.0**-symbol.size_decimals, round(worth / bid, symbol.size_decimals))
    return float(ticks / symbol.per_dollar), float(qty)
