"""All accounts of a desk, and what has happened to which of them since somebody last asked."""

from state.books.account import Account


class Accounts(dict[str, Account]):
    """Accounts by id.

    `changed` are those to be written at the next checkpoint, `woken` those whose blocked entries
    try again when the event at work is done; both keep the order in which they came.
    `unchecked` tells whether the account at work was touched since its invariants were checked.
    `version` counts what may change the capital, the orders or the history of any account.
    """

    __slots__ = ("changed", "unchecked", "version", "woken")

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, None] = {}
        self.woken: dict[str, None] = {}
        self.unchecked = False
        self.version = 0

    def open(self, name: str) -> Account:
        """Put a new account on the books."""
        account = self[name] = Account(name)
        return account

    def note(self, account: Account) -> None:
        """An entry of this account came, waits or went: no more than its row is another."""
        self.changed[account.id] = None
        self.unchecked = True

    def touch(self, account: Account) -> None:
        """Capital, orders or history of this account changed, or are about to."""
        self.version += 1
        self.note(account)

    def wake(self, account: Account) -> None:
        """Something changed that may let this account's blocked entries go."""
        self.version += 1
        self.woken[account.id] = None
