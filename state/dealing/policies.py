"""Which policy is in force for whom."""

import msgspec

from state.books.account import Account
from state.rules.policy import Policy


class Policies:
    """The default policy, and those that accounts have of their own.

    An account's own policy stands in its row as text; here it is kept as read, so that the same
    policy in force is always the same object.
    """

    __slots__ = ("_own", "default")

    def __init__(self, default: Policy) -> None:
        self.default = default
        self._own: dict[str, Policy] = {}

    def of(self, account: Account) -> Policy:
        """Return the policy in force for an account: its own, or the default."""
        if account.own_policy is None:
            return self.default
        own = self._own.get(account.id)
        if own is None:
            own = Policy.model_validate(msgspec.json.decode(account.own_policy))
            self._own[account.id] = own
        return own

    def put(self, account: Account | None, policy: Policy) -> None:
        """Put a policy in force, for one account or (None) as the default."""
        if account is None:
            self.default = policy
            return
        account.own_policy = policy.model_dump_json()
        self._own[account.id] = policy
