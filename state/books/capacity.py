"""Capacity: the formulas of capital, the same wherever the desk runs.  All in micro-dollars.

    free = equity - sum(notional / leverage(asset class, time of day))

over positions, live orders and steals in flight.  Exits reserve nothing: they give capital back.
What an order binds is rounded up, what its end would free is rounded down: neither over-commits.
"""

from state.rules.money import margin_micros, reservation_micros
from state.rules.policy import Policy
from topics.symbols import AssetClass

from .account import Account, Entry, Order


def cost_micros(policy: Policy, qty: float, limit: float) -> int:
    """Return what an order for an entry may cost at most, fees included."""
    return reservation_micros(qty, limit, policy.fee_reserve)


def bound_micros(policy: Policy, kind: AssetClass, notional_micros: int, intraday: bool) -> int:
    """Return the margin that a notional of an asset class binds at this time of day."""
    return margin_micros(notional_micros, policy.leverage(kind, intraday))


def needed_micros(policy: Policy, entry: Entry, intraday: bool) -> int:
    """Return the margin that an entry's order would bind."""
    cost = cost_micros(policy, entry.qty, entry.limit)
    return bound_micros(policy, policy.asset_class(entry.symbol), cost, intraday)


def freed_micros(policy: Policy, order: Order, intraday: bool) -> int:
    """Return the margin that the end of an order would free."""
    leverage = policy.leverage(policy.asset_class(order.symbol), intraday)
    return int(order.reserved_micros // leverage)


def used_micros(account: Account, policy: Policy, intraday: bool) -> int:
    """Return the margin bound by positions, live orders and what steals have set aside."""
    crypto, stock = account.committed_crypto, account.committed_stock
    for symbol, held in account.positions.items():
        if policy.asset_class(symbol) == "crypto":
            crypto += abs(held.value_micros)
        else:
            stock += abs(held.value_micros)
    used = bound_micros(policy, "crypto", crypto, intraday)
    used += bound_micros(policy, "stock", stock, intraday)
    for steal in account.steals.values():
        used += steal.held_micros
    return used


def free_micros(account: Account, policy: Policy, intraday: bool) -> int:
    """Return the margin that a new order may take; negative when the account is over-committed."""
    return account.equity_micros - used_micros(account, policy, intraday)
