"""Every reason for which the desk does not do something, with what it means and what to do about it.

A new reason is one member here: pages, metrics and the reference take it from there.  The order of
the members is the documented precedence.
"""

import enum
from typing import Self


class Reason(enum.StrEnum):
    """A name for the wire; `meaning` and `advice` are for people, the advice in Markdown."""

    meaning: str
    advice: str

    def __new__(cls, name: str, meaning: str = "", advice: str = "nothing") -> Self:
        """Make a member that is the string `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.meaning = meaning
        member.advice = advice
        return member


class Refusal(Reason):
    """Why a triggered entry is blocked, in the order in which it is checked."""

    NO_PRICE = ("no_price", "the symbol has no quote", "publish quotes of that symbol")
    STALE_QUOTE = (
        "stale_quote",
        "the symbol's last quote is too old",
        "look whether quotes still come; slow sources need a longer `quote_max_age_s`",
    )
    AWAITING_RECONCILIATION = (
        "awaiting_reconciliation",
        "an order's fate is unknown until a snapshot lists the orders",
        "have the venue send snapshots that list the open orders",
    )
    NO_ACCOUNT_SNAPSHOT = (
        "no_account_snapshot",
        "no equity is known for the account",
        "have the venue send a snapshot of the account",
    )
    STALE_ACCOUNT = (
        "stale_account",
        "the last account snapshot is too old",
        "look whether snapshots still come, or raise `snapshot_max_age_s`",
    )
    DISABLED = (
        "disabled",
        "no free capital, and the policy does not steal",
        "nothing, or set `enabled`",
    )
    TOO_FAR_FROM_LIMIT = (
        "too_far_from_limit",
        "no free capital, and the entry is too far from its limit to steal",
        "nothing, or raise `entry_tolerance`",
    )
    ORDERS_UNAVAILABLE = ("orders_unavailable", "the open orders are not known")
    NO_STEAL_CANDIDATES = (
        "no_steal_candidates",
        "no order may be stolen",
        "nothing; `worksteal explain` shows what spared each order",
    )
    FIGHT_PNL_NOT_BETTER = (
        "fight_pnl_not_better",
        "the pair fights, and the thief's forecast is not better",
        "nothing: the fight is doing its work",
    )
    INSUFFICIENT_CAPITAL = (
        "insufficient_capital",
        "all that may be stolen would not free enough",
        "smaller entries, a larger `max_victims`, or more capital",
    )
    DRY_RUN = (
        "dry_run",
        "the policy only reports; these orders would have been cancelled",
        "unset `dry_run` when you have seen enough",
    )
    CANCEL_FAILED = ("cancel_failed", "the venue would not cancel the victim")


class EventFault(Reason):
    """Why a well-formed event is refused by the desk; it changes nothing."""

    ACCOUNT_HALTED = (
        "account_halted",
        "an invariant of the account broke; nothing is decided for it",
        "a bug: see [recover](../how-to/recover.md#a-halted-account)",
    )
    CROSSED_QUOTE = (
        "crossed_quote",
        "the bid is above the ask",
        "nothing once in a while; often: look at the source of the quotes",
    )
    ENTRY_EXISTS = (
        "entry_exists",
        "an entry of this name waits, works or is still being cancelled",
        "nothing for a repeat; give a new wish a new name",
    )
    ENTRY_EXPIRED = (
        "entry_expired",
        "the entry's time was up before the desk heard of it",
        "ask again with a later `expires_us`; often: look for a slow producer",
    )
    UNKNOWN_ENTRY = (
        "unknown_entry",
        "no entry of this name is on the books",
        "nothing if it ended meanwhile; otherwise correct the name",
    )
    ORDER_EXISTS = (
        "order_exists",
        "the venue accepted this order before",
        "nothing: the venue repeated itself",
    )
    ORDER_ENDED = (
        "order_ended",
        "the order is over; a late acceptance does not revive it",
        "nothing: the venue repeated itself",
    )
    UNKNOWN_ORDER = (
        "unknown_order",
        "no order of this name is on the books",
        (
            "let the adapter answer under the command's own `order`; nothing for orders that the"
            " desk never sent"
        ),
    )
    WRONG_STATE = (
        "wrong_state",
        "the answer fits nothing that was asked of this order",
        "nothing for a repeat; otherwise look at what the adapter answers",
    )
    DUPLICATE_FILL = (
        "duplicate_fill",
        "a fill of this execution id was booked before",
        "nothing: the venue repeated itself",
    )
    OUTDATED_SNAPSHOT = (
        "outdated_snapshot",
        "the snapshot is older than a snapshot or fill already booked",
        "nothing once in a while; always: date fills and snapshots by one clock",
    )
    BAD_POLICY = (
        "bad_policy",
        "the policy has an unknown field or a value out of bounds",
        "publish with `worksteal policy set`, which checks before it sends",
    )
    ABSURD_AMOUNT = (
        "absurd_amount",
        "one order, trade or holding is worth more than a billion dollars",
        "correct the producer; split what is really that large",
    )
    FROM_THE_FUTURE = (
        "from_the_future",
        "a quote or snapshot dated over a minute ahead of the desk's clock",
        "set the clock of that producer; `worksteal doctor` measures yours",
    )


class Protection(Reason):
    """Why an order cannot be a victim; the first that applies is given."""

    NOT_AN_ENTRY = ("not_an_entry", "it is an exit: cancelling it frees nothing and adds risk")
    SAME_SIDE = ("same_side", "it is of the thief's own symbol and side")
    IN_FLIGHT = (
        "in_flight",
        "the venue has not answered for it, or it is being cancelled already",
    )
    PROBE = ("probe", "it only feels the market out: by its mode, or by its small notional")
    NO_PRICE = ("no_price", "its symbol has no fresh quote, so its distance is not known")
    NEAR_FILL = ("near_fill", "it is within `protection` of its limit, about to fill")
    COOLDOWN = ("cooldown", "its symbol was stolen from a short while ago")
    YOUNG = ("young", "it has not been at the venue for `protect_age_s` yet")
