"""The words of a decision: why an entry may not go, and everything that was weighed.

The order of `Refusal` is the documented precedence: the first check that fails gives the reason.
"""

import enum
from typing import NamedTuple

from topics.limits import Intent, Mode, Side


class Refusal(enum.StrEnum):
    """Why a triggered entry is blocked, in the order in which it is checked."""

    NO_PRICE = "no_price"
    STALE_QUOTE = "stale_quote"
    AWAITING_RECONCILIATION = "awaiting_reconciliation"
    NO_ACCOUNT_SNAPSHOT = "no_account_snapshot"
    STALE_ACCOUNT = "stale_account"
    DISABLED = "disabled"
    TOO_FAR_FROM_LIMIT = "too_far_from_limit"
    ORDERS_UNAVAILABLE = "orders_unavailable"
    NO_STEAL_CANDIDATES = "no_steal_candidates"
    FIGHT_PNL_NOT_BETTER = "fight_pnl_not_better"
    INSUFFICIENT_CAPITAL = "insufficient_capital"
    DRY_RUN = "dry_run"
    CANCEL_FAILED = "cancel_failed"


MEANING: dict[Refusal, str] = {
    Refusal.NO_PRICE: "the symbol has no quote",
    Refusal.STALE_QUOTE: "the symbol's last quote is too old",
    Refusal.AWAITING_RECONCILIATION: "an order's fate is unknown until a snapshot lists the orders",
    Refusal.NO_ACCOUNT_SNAPSHOT: "no equity is known for the account",
    Refusal.STALE_ACCOUNT: "the last account snapshot is too old",
    Refusal.DISABLED: "no free capital, and the policy does not steal",
    Refusal.TOO_FAR_FROM_LIMIT: "no free capital, and the entry is too far from its limit to steal",
    Refusal.ORDERS_UNAVAILABLE: "the open orders are not known",
    Refusal.NO_STEAL_CANDIDATES: "no order may be stolen",
    Refusal.FIGHT_PNL_NOT_BETTER: "the pair fights, and the thief's forecast is not better",
    Refusal.INSUFFICIENT_CAPITAL: "all that may be stolen would not free enough",
    Refusal.DRY_RUN: "the policy only reports; these orders would have been cancelled",
    Refusal.CANCEL_FAILED: "the venue would not cancel the victim",
}


class EventFault(enum.StrEnum):
    """Why a well-formed event is refused by the desk; it changes nothing."""

    ACCOUNT_HALTED = "account_halted"
    CROSSED_QUOTE = "crossed_quote"
    ENTRY_EXISTS = "entry_exists"
    ENTRY_EXPIRED = "entry_expired"
    UNKNOWN_ENTRY = "unknown_entry"
    ORDER_EXISTS = "order_exists"
    ORDER_ENDED = "order_ended"
    UNKNOWN_ORDER = "unknown_order"
    WRONG_STATE = "wrong_state"
    DUPLICATE_FILL = "duplicate_fill"
    OUTDATED_SNAPSHOT = "outdated_snapshot"
    BAD_POLICY = "bad_policy"
    ABSURD_AMOUNT = "absurd_amount"
    FROM_THE_FUTURE = "from_the_future"


class Protection(enum.StrEnum):
    """Why an order cannot be a victim; the first that applies is given."""

    NOT_AN_ENTRY = "not_an_entry"
    SAME_SIDE = "same_side"
    IN_FLIGHT = "in_flight"
    PROBE = "probe"
    NO_PRICE = "no_price"
    NEAR_FILL = "near_fill"
    COOLDOWN = "cooldown"
    YOUNG = "young"


class OrderView(NamedTuple):
    """What the choice of a victim looks at in one working order.

    `price` is the quote it is measured against, None when there is no fresh one.  `frees_micros`
    is the capital that cancelling it releases.  `age_us` counts from the venue's acceptance.
    """

    order: str
    symbol: str
    side: Side
    limit: float
    qty: float
    price: float | None
    pnl: float
    mode: Mode = "normal"
    intent: Intent = "entry"
    accepted_us: int = 0
    age_us: int = 0
    frees_micros: int = 0
    in_flight: bool = False


class Entrant(NamedTuple):
    """What the choice looks at in the entry that wants the capital."""

    symbol: str
    side: Side
    limit: float
    price: float
    pnl: float


class Candidate(NamedTuple):
    """One order as it was weighed.  `protection` None means that it could be stolen."""

    view: OrderView
    distance: float | None
    protection: Protection | None
    fight: bool
    """Whether taking it would be a fight of the two symbols; not asked of a protected one."""
    fight_lost: bool


class Choice(NamedTuple):
    """The outcome of looking for victims: a refusal, or the victims in order."""

    refusal: Refusal | None
    detail: str | None
    victims: tuple[Candidate, ...]
    weighed: tuple[Candidate, ...]
    """All orders, the candidates first in their order, then the protected ones."""
    entrant_distance: float
