"""What a try of an entry came to, for whoever watches the desk decide (`worksteal explain`)."""

from typing import NamedTuple

from state.books.account import Entry
from state.rules.decision import Choice
from state.rules.policy import Policy
from state.rules.refusals import Refusal


class Weighed(NamedTuple):
    """What a try came to.  No refusal and no choice: free capital sufficed."""

    needed_micros: int
    free_micros: int
    refusal: Refusal | None
    choice: Choice | None


class Attempt(NamedTuple):
    """One triggered entry's try.

    `entry` is as it stands afterwards; `output_ids` are the commands and facts that followed.
    """

    ts_us: int
    account: str
    entry: Entry
    policy: Policy
    price: float
    weighed: Weighed
    output_ids: tuple[str, ...]
