"""Capacity: the margin formula, the same wherever the desk runs.

    free = equity - sum(notional / leverage(asset class, time of day))

over positions, live orders and steals in flight.  Exits reserve nothing: they give capital back.
"""

from state.rules.money import margin_micros
from state.rules.policy import Policy

from .account import Account


def used_micros(account: Account, policy: Policy, intraday: bool) -> int:
    """Return the margin bound by positions, live orders and what steals have set aside."""
    crypto, stock = account.committed_crypto, account.committed_stock
    for symbol, held in account.positions.items():
        if policy.asset_class(symbol) == "crypto":
            crypto += abs(held.value_micros)
        else:
            stock += abs(held.value_micros)
    used = margin_micros(crypto, policy.leverage("crypto", intraday))
    used += margin_micros(stock, policy.leverage("stock", intraday))
    for steal in account.steals.values():
        used += steal.held_micros
    return used


def free_micros(account: Account, policy: Policy, intraday: bool) -> int:
    """Return the margin that a new order may take; negative when the account is over-committed."""
    return account.equity_micros - used_micros(account, policy, intraday)
