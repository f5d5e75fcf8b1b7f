"""A naive allocator for one entry under the `default` policy, written from the rules alone.

It shares no code with `state`: plain dollars, plain loops, no ledger, no index.  Hypothesis compares
it with the desk.
"""

from dataclasses import dataclass, field

PROTECTION, NEAR, OOH_NEAR, PROBE, MAX_VICTIMS = 0.001, 0.0066, 0.02, 500.0, 3
COOLDOWN, FIGHT_STEALS, FIGHT_WINDOW, FIGHT_COOLDOWN = 120, 5, 1800, 600


@dataclass
class Wish:
    """An order that works, or the entry that wants to."""

    name: str
    symbol: str
    side: str
    limit: float
    qty: float
    pnl: float
    mode: str = "normal"
    intent: str = "entry"
    age: float = 0.0


@dataclass
class Book:
    """What is known: dollars, seconds, last prices, seconds since each symbol was stolen from."""

    equity: float
    prices: dict[str, float]
    orders: list[Wish]
    stolen_ago: dict[str, float] = field(default_factory=dict)
    steals_ago: dict[frozenset[str], list[float]] = field(default_factory=dict)


def away(wish: Wish, price: float) -> float:
    """How far the price has to go."""
    gap = price - wish.limit if wish.side == "buy" else wish.limit - price
    return max(0.0, gap / wish.limit)


def count(book: Book, one: str, other: str) -> int:
    """Steals between two symbols that still count."""
    return sum(ago <= FIGHT_WINDOW for ago in book.steals_ago.get(frozenset((one, other)), []))


def cooling(book: Book, symbol: str) -> bool:
    """Whether a symbol is spared."""
    if symbol not in book.stolen_ago:
        return False
    fighting = any(
        symbol in pair and sum(ago <= FIGHT_WINDOW for ago in times) >= FIGHT_STEALS - 1
        for pair, times in book.steals_ago.items()
    )
    return book.stolen_ago[symbol] < (max(COOLDOWN, FIGHT_COOLDOWN) if fighting else COOLDOWN)


def may_be_taken(book: Book, entry: Wish, order: Wish) -> bool:
    """Whether an order may be a victim at all."""
    if order.intent != "entry" or (order.symbol, order.side) == (entry.symbol, entry.side):
        return False
    if order.mode == "probe" or order.qty * order.limit < PROBE:
        return False
    if order.symbol not in book.prices or cooling(book, order.symbol):
        return False
    return away(order, book.prices[order.symbol]) > PROTECTION


def allocate(book: Book, entry: Wish) -> tuple[str, list[str]]:
    """Return `submit`, `wait`, `steal` with the victims in order, or the name of a refusal."""
    if entry.symbol not in book.prices:
        return "no_price", []
    gap = away(entry, book.prices[entry.symbol])
    if gap > NEAR:  # the session is open
        return "wait", []
    used = sum(order.qty * order.limit for order in book.orders if order.intent == "entry")
    missing = entry.qty * entry.limit - (book.equity - used)
    if missing <= 0:
        return "submit", []
    able = [order for order in book.orders if may_be_taken(book, entry, order)]
    if not able:
        return "no_steal_candidates", []
    able.sort(key=lambda o: (-away(o, book.prices[o.symbol]), o.pnl, -o.age, o.name))
    taken: list[str] = []
    for order in able:
        fight = count(book, entry.symbol, order.symbol) >= FIGHT_STEALS - 1
        if missing <= 0 or len(taken) == MAX_VICTIMS or (fight and entry.pnl <= order.pnl):
            continue
        taken.append(order.name)
        missing -= order.qty * order.limit
    if not taken:
        return "fight_pnl_not_better", []
    return ("steal", taken) if missing <= 0 else ("insufficient_capital", [])
