"""What a paper venue is told: its accounts, its fee, and how slow it is."""

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from streams.venues.simulated.interest import Interest
from topics.limits import ID_PATTERN, MONEY_MAX

from .errors import PaperError

_ID = re.compile(ID_PATTERN)


class PaperOptions(NamedTuple):
    """How the venue behaves; it may be another after a restart.  Times in microseconds.

    `fee_rate` is a fraction of each fill's notional, `funds_delay_us` how much later than its
    confirmation a cancel's money can be used.  With `partial_fills` a quote fills no more than it
    has on offer, if it says how much that is; every account trades as if it were alone.  What a
    fill opened is closed after `hold_us`, in the place of the account's bots; 0 leaves it open.
    `interest` is charged for borrowed stock capital, also for closes at which the venue was down.
    """

    fee_rate: float = 0.001
    ack_delay_us: int = 200_000
    funds_delay_us: int = 0
    snapshot_every_us: int = 1_000_000
    partial_fills: bool = False
    hold_us: int = 0
    interest: Interest | None = None


def read_accounts(words: Iterable[str]) -> dict[str, float]:
    """Read `NAME=CASH` words into dollars by account; raises `PaperError`."""
    accounts: dict[str, float] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not _ID.match(name):
            raise PaperError(f"--account {word}: write it as NAME=CASH, such as demo=10000.")
        try:
            cash = float(text)
        except ValueError:
            cash = math.nan
        if not 0 < cash <= MONEY_MAX:
            raise PaperError(f"--account {word}: the cash must be dollars, more than none.")
        if name in accounts:
            raise PaperError(f"--account {word}: {name} is named twice; name it once.")
        accounts[name] = cash
    return accounts
