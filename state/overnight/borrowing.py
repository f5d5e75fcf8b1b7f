"""What borrowed stock capital costs: one fee for each trading day, on what is carried overnight.

    borrowed = min(stock positions, all positions - equity)      fee = borrowed * rate / trading days

Crypto is paid in full, so nothing is borrowed for it; nor is anything for stocks while all
positions together are worth no more than the equity.  Short positions count by what they are worth.
"""

from fractions import Fraction

from state.books.account import Account
from state.dealing.context import Context
from state.rules.policy import Policy
from topics.facts import InterestCharged


def borrowed_micros(stock_micros: int, all_micros: int, equity_micros: int) -> int:
    """Return the borrowed capital, given the worth of stock positions, and of all positions."""
    return min(stock_micros, max(0, all_micros - equity_micros))


def fee_micros(borrowed: int, yearly_rate: float, trading_days: int) -> int:
    """Return the fee of one trading day for borrowed micro-dollars.

    To the nearest micro-dollar, as every amount that changes hands; only what is set aside in
    advance is rounded up.  In exact arithmetic, so that nobody who checks it can differ.
    The rate is a fraction a year: 30,000 dollars at 0.065 cost 7.738095 a day.
    """
    return round(Fraction(yearly_rate) * borrowed / trading_days)


def borrowed_by(account: Account, policy: Policy) -> int:
    """Return what an account has borrowed, at the prices at which its positions were last marked."""
    stock = every = 0
    for symbol, held in account.positions.items():
        worth = abs(held.value_micros)
        every += worth
        if policy.asset_class(symbol) == "stock":
            stock += worth
    return borrowed_micros(stock, every, account.equity_micros)


def charge(context: Context, account: Account, close_us: int) -> None:
    """Book the fee of a trading day that ended at `close_us`, and say so.

    A snapshot of the close or later contains the venue's own charge already.
    """
    policy = context.policies.of(account)
    borrowed = borrowed_by(account, policy)
    fee = fee_micros(borrowed, policy.borrow_rate, policy.trading_days)
    if not fee:
        return
    if account.snapshot_us < close_us:
        account.cash_micros -= fee
    context.accounts.touch(account)
    context.outbox.fact(
        InterestCharged, account.id, close_us=close_us, borrowed_micros=borrowed, fee_micros=fee
    )
