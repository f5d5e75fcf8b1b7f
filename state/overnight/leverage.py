"""What an account would bind at overnight leverage, and what to give up so that it fits.

Nothing here changes anything.  The account is seen as it will be when everything under way has come
true: orders that are being cancelled are gone, positions that are being reduced are smaller.  Steals
in flight bind nothing: a thief's order is only sent if it fits at the leverage of that moment.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from state.books.account import DUST, Account, Order
from state.books.capacity import bound_micros, freed_micros
from state.dealing.board import Board
from state.dealing.clock import Clock
from state.rules.money import MICROS
from state.rules.policy import Policy
from state.rules.ranks import distance
from topics.limits import Side
from topics.symbols import AssetClass

from .borrowing import borrowed_micros, fee_micros

CLASSES: tuple[AssetClass, ...] = ("crypto", "stock")

FINEST = 1_000_000
"""A position that is no whole number of shares is reduced by millionths of one."""


class Outlook(NamedTuple):
    """Margin at overnight leverage and equity, in micro-dollars, once all is answered."""

    used_micros: int
    equity_micros: int

    @property
    def over_micros(self) -> int:
        """What is too much; negative if the account fits."""
        return self.used_micros - self.equity_micros

    def excess_micros(self, policy: Policy) -> int:
        """Return what must go so that `overnight_buffer` of the equity is free."""
        kept = math.ceil(max(0, self.equity_micros) * policy.overnight_buffer)
        return self.over_micros + kept


class Reduction(NamedTuple):
    """A part of a position to be given up.  `price` is what one unit was last worth, in dollars."""

    symbol: str
    side: Side
    qty: float
    price: float


def has_stock(account: Account, policy: Policy) -> bool:
    """Tell whether stocks bind anything: positions, or orders that open one."""
    return account.committed_stock > 0 or any(
        policy.asset_class(symbol) == "stock" for symbol in account.positions
    )


def outlook(clock: Clock, account: Account, policy: Policy) -> Outlook:
    """Look at the account as it will be overnight, with the interest that the close will cost."""
    committed = {"crypto": account.committed_crypto, "stock": account.committed_stock}
    for order in account.orders.values():
        if order.leaving:
            committed[policy.asset_class(order.symbol)] -= order.reserved_micros
    equity = account.equity_micros
    held_by = {"crypto": 0, "stock": 0}
    for symbol, held in account.positions.items():
        worth, qty = abs(held.value_micros), abs(held.qty)
        gone = 0
        if qty:
            going = min(qty, _under_way(account, symbol, overdue=False))
            gone = math.floor(worth * (going / qty))
        held_by[policy.asset_class(symbol)] += worth - gone
        equity -= math.ceil(gone * policy.fee_reserve)
    if clock.xnys_open:
        stock = held_by["stock"]
        borrowed = borrowed_micros(stock, stock + held_by["crypto"], equity)
        equity -= fee_micros(borrowed, policy.borrow_rate, policy.trading_days)
    used = 0
    for kind in CLASSES:
        used += bound_micros(policy, kind, committed[kind] + held_by[kind], intraday=False)
    return Outlook(used, equity)


def _under_way(account: Account, symbol: str, *, overdue: bool) -> float:
    """Return the units of a position that orders at the market are about to close.

    One that the venue took and did not trade in time, as in a halt, may never come: it counts only
    with `overdue`.  One whose fate is not known yet counts, for what it does must not be done twice.
    """
    return sum(
        order.remaining
        for order in account.orders.values()
        if order.market
        and order.symbol == symbol
        and (overdue or not order.asked or order.unanswered_us >= 0)
    )


def to_cancel(
    clock: Clock, board: Board, policy: Policy, account: Account, excess_micros: int
) -> list[Order]:
    """Return the stock entries to cancel so that the excess goes, as far as they reach.

    Furthest from its limit first, then the lower forecast, the older, the order id; one without a
    fresh price counts as furthest.  Nothing is protected: this is about safety.
    """
    state = account.deleveraging
    asked = {} if state is None else state.asked
    able = [
        order
        for order in account.orders.values()
        if _cancellable(policy, order) and asked.get(order.id, 0) <= clock.now_us
    ]
    able.sort(key=lambda order: _furthest_first(board, policy, order))
    chosen = []
    for order in able:
        if excess_micros <= 0:
            break
        chosen.append(order)
        excess_micros -= freed_micros(policy, order, intraday=False)
    return chosen


def _cancellable(policy: Policy, order: Order) -> bool:
    """Tell whether an order is a stock entry, and no cancel of it is under way."""
    if order.intent != "entry" or policy.asset_class(order.symbol) != "stock":
        return False
    # What was to be cancelled, and is listed by a snapshot all the same, works on.
    return order.state != "cancelling" or not (order.leaving or order.unanswered_us >= 0)


def _furthest_first(board: Board, policy: Policy, order: Order) -> tuple[float, float, int, str]:
    price = board.fresh(policy, order.symbol)
    away = math.inf
    if price is not None:
        away = distance(policy, order.side, order.limit, price.reference(order.side))
    return (-away, board.pnl(order.symbol, order.pnl), order.accepted_us, order.id)


def reductions(
    board: Board, policy: Policy, account: Account, excess_micros: int, resting: list[str]
) -> Iterator[Reduction]:
    """Yield what to give up of the stock positions so that the excess goes, as far as they reach.

    Worst forecast first, then by symbol; just enough, fees counted, and never more than is held
    and not on its way out already.  Symbols in `resting` are left alone.
    """
    share = 1.0 / policy.leverage("stock", intraday=False) - policy.fee_reserve
    stocks = [symbol for symbol in account.positions if policy.asset_class(symbol) == "stock"]
    for symbol in sorted(stocks, key=lambda symbol: (board.pnl(symbol, None), symbol)):
        if excess_micros <= 0:
            return
        held = account.positions[symbol]
        most = abs(held.qty) - _under_way(account, symbol, overdue=True)
        if symbol in resting or most <= DUST * abs(held.qty) or not held.value_micros:
            continue
        unit = abs(held.value_micros / held.qty)
        qty = most
        if share > 0:
            qty = min(most, _rounded_up(excess_micros / (unit * share), held.qty))
            excess_micros -= math.floor(qty * unit * share)
        yield Reduction(symbol, "sell" if held.qty > 0 else "buy", qty, unit / MICROS)


def _rounded_up(qty: float, held: float) -> float:
    """Round up to whole shares, or to millionths if the position itself is no whole number."""
    return float(math.ceil(qty)) if held.is_integer() else math.ceil(qty * FINEST) / FINEST
